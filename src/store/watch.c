/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/watch.h"

#include <assert.h>
#include <glib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>

#include "base/usec.h"

#define LOOK_AGAIN_USEC (1 * USEC_PER_SEC)
#define LOOK_AGAIN_ACCURACY_USEC (100 * USEC_PER_MSEC)

struct Watch {
        sd_event *event;
        char *directory;
        char *name;
        watch_changed_t changed;
        void *userdata;
        sd_event_source *inotify_source; /* NULL while the directory is gone */
        sd_event_source *timer_source;   /* on while the directory is gone */
};

static int watch_directory(Watch *watch);

static int on_look_again(sd_event_source *source, uint64_t usec, void *userdata) {
        g_autofree char *path = NULL;
        Watch *watch = userdata;

        if (watch_directory(watch) < 0)
                return sd_event_source_set_time_relative(source, LOOK_AGAIN_USEC) < 0
                                       ? 0
                                       : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);

        watch->timer_source = sd_event_source_unref(watch->timer_source);
        path = g_build_filename(watch->directory, watch->name, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
                watch->changed(watch->userdata, /* by_rename= */ true);
        return 0;
}

static int look_for_directory(Watch *watch) {
        watch->inotify_source = sd_event_source_disable_unref(watch->inotify_source);
        if (watch->timer_source)
                return 0;

        /* at once: mostly the directory was replaced and a new one stands there already */
        return sd_event_add_time_relative(
                        watch->event,
                        &watch->timer_source,
                        CLOCK_BOOTTIME,
                        0,
                        LOOK_AGAIN_ACCURACY_USEC,
                        on_look_again,
                        watch);
}

static int on_inotify(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        Watch *watch = userdata;

        if (event->mask & IN_Q_OVERFLOW) {
                watch->changed(watch->userdata, /* by_rename= */ false);
                return 0;
        }
        if (event->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT))
                return look_for_directory(watch);

        if (event->len > 0 && strcmp(event->name, watch->name) == 0)
                watch->changed(watch->userdata, (event->mask & IN_MOVED_TO) != 0);
        return 0;
}

static int watch_directory(Watch *watch) {
        return sd_event_add_inotify(
                        watch->event,
                        &watch->inotify_source,
                        watch->directory,
                        IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
                        on_inotify,
                        watch);
}

int watch_new(sd_event *event, const char *path, watch_changed_t changed, void *userdata, Watch **ret) {
        _cleanup_(watch_freep) Watch *watch = NULL;
        int r;

        assert(event);
        assert(path);
        assert(changed);
        assert(ret);

        watch = g_new0(Watch, 1);
        watch->event = sd_event_ref(event);
        watch->directory = g_path_get_dirname(path);
        watch->name = g_path_get_basename(path);
        watch->changed = changed;
        watch->userdata = userdata;

        r = watch_directory(watch);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(watch);
        return 0;
}

Watch *watch_free(Watch *watch) {
        if (!watch)
                return NULL;

        sd_event_source_disable_unref(watch->inotify_source);
        sd_event_source_disable_unref(watch->timer_source);
        sd_event_unref(watch->event);
        g_free(watch->directory);
        g_free(watch->name);
        g_free(watch);
        return NULL;
}
