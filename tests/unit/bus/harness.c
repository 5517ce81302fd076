/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/names.h"

usec_t world_patience_usec;

void world_up(World *w, BusKind kind) {
        g_autofree char *text = NULL;
        BusOptions options = { .control_fd = -1,
                               .kind = kind,
                               .retry_usec = 20 * USEC_PER_MSEC,
                               .patience_usec = world_patience_usec };
        sigset_t mask;

        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGCHLD);
        (void) sigprocmask(SIG_BLOCK, &mask, NULL);

        *w = (World){ .folder = NULL };
        g_assert_cmpint(sd_event_new(&w->event), >=, 0);
        w->manager = fake_manager_new(w->event);
        w->folder = g_dir_make_tmp("quptime-bus-XXXXXX", NULL);
        g_assert_nonnull(w->folder);
        w->socket = g_build_filename(w->folder, "run", "quptime.sock", NULL);
        w->address = g_strdup_printf("unix:path=%s", w->socket);
        options.socket_path = w->socket;
        g_assert_cmpint(bus_new(w->event, w->manager, &options, &w->bus, &text), ==, 0);
}

void world_down(World *w) {
        g_autofree char *run = g_build_filename(w->folder, "run", NULL);

        w->bus = bus_free(w->bus);
        w->manager = fake_manager_free(w->manager);
        (void) g_remove(w->socket);
        (void) g_rmdir(run);
        (void) g_rmdir(w->folder);
        g_free(w->folder);
        g_free(w->socket);
        g_free(w->address);
        (void) sd_event_unref(w->event);
}

sd_bus *world_client(World *w, const char *address) {
        sd_bus *client;

        g_assert_cmpint(sd_bus_new(&client), >=, 0);
        g_assert_cmpint(sd_bus_set_address(client, address), >=, 0);
        g_assert_cmpint(sd_bus_set_bus_client(client, true), >=, 0);
        g_assert_cmpint(sd_bus_start(client), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(client, w->event, SD_EVENT_PRIORITY_NORMAL), >=, 0);
        return client;
}

void world_turn(World *w, usec_t usec) {
        g_assert_cmpint(sd_event_run(w->event, usec), >=, 0);
}

void world_turns(World *w, unsigned n) {
        while (n-- > 0 && sd_event_run(w->event, 0) > 0)
                ;
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        *(sd_bus_message **) userdata = sd_bus_message_ref(m);
        return 0;
}

sd_bus_message *world_call_message(World *w, sd_bus *client, sd_bus_message *call) {
        sd_bus_message *reply = NULL;

        g_assert_cmpint(sd_bus_call_async(client, NULL, call, on_reply, &reply, 0), >=, 0);
        WORLD_UNTIL(w, reply);
        return reply;
}

static sd_bus_message *
call_va(World *w,
        sd_bus *client,
        const char *path,
        const char *interface,
        const char *member,
        const char *types,
        va_list arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;

        g_assert_cmpint(sd_bus_message_new_method_call(client, &call, BUS_NAME, path, interface, member),
                        >=,
                        0);
        if (types)
                g_assert_cmpint(sd_bus_message_appendv(call, types, arguments), >=, 0);
        return world_call_message(w, client, call);
}

sd_bus_message *
world_call(World *w,
           sd_bus *client,
           const char *path,
           const char *interface,
           const char *member,
           const char *types,
           ...) {
        sd_bus_message *reply;
        va_list arguments;

        va_start(arguments, types);
        reply = call_va(w, client, path, interface, member, types, arguments);
        va_end(arguments);
        return reply;
}

sd_bus_message *manager_call(World *w, sd_bus *client, const char *member, const char *types, ...) {
        sd_bus_message *reply;
        va_list arguments;

        va_start(arguments, types);
        reply = call_va(w, client, BUS_PATH, BUS_INTERFACE_MANAGER, member, types, arguments);
        va_end(arguments);
        return reply;
}

static int on_ignored(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return 0;
}

void manager_begin(sd_bus *client, const char *member, const char *types, ...) {
        va_list arguments;

        va_start(arguments, types);
        g_assert_cmpint(sd_bus_call_method_asyncv(
                                        client,
                                        NULL,
                                        BUS_NAME,
                                        BUS_PATH,
                                        BUS_INTERFACE_MANAGER,
                                        member,
                                        on_ignored,
                                        NULL,
                                        types,
                                        arguments),
                        >=,
                        0);
        va_end(arguments);
}

void assert_error(sd_bus_message *reply, const char *name, const char *words) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        g_assert_nonnull(error);
        g_assert_cmpstr(error->name, ==, name);
        if (words && !strstr(error->message, words))
                g_error("\"%s\" is not in \"%s\"", words, error->message);
        (void) sd_bus_message_unref(reply);
}

void assert_done(sd_bus_message *reply) {
        const sd_bus_error *error = sd_bus_message_get_error(reply);

        if (error)
                g_error("%s: %s", error->name, error->message);
        (void) sd_bus_message_unref(reply);
}

static void print_value(sd_bus_message *m, GString *s) {
        const char *contents;
        char type;

        g_assert_cmpint(sd_bus_message_peek_type(m, &type, &contents), >, 0);
        if (strchr("a(rv", type)) {
                g_assert_cmpint(sd_bus_message_enter_container(m, type == '(' ? 'r' : type, contents), >, 0);
                g_string_append_c(s, '[');
                while (!sd_bus_message_at_end(m, false))
                        print_value(m, s);
                g_string_append_c(s, ']');
                g_assert_cmpint(sd_bus_message_exit_container(m), >=, 0);
        } else if (strchr("sog", type)) {
                const char *text;

                g_assert_cmpint(sd_bus_message_read_basic(m, type, &text), >, 0);
                g_string_append_printf(s, "'%s'", text);
        } else {
                uint64_t number = 0;

                g_assert_cmpint(sd_bus_message_read_basic(m, type, &number), >, 0);
                g_string_append_printf(s, " %" G_GUINT64_FORMAT, number);
        }
}

char *world_get(World *w, sd_bus *client, const char *path, const char *interface, const char *property) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply =
                        world_call(w,
                                   client,
                                   path,
                                   "org.freedesktop.DBus.Properties",
                                   "Get",
                                   "ss",
                                   interface,
                                   property);
        GString *s = g_string_new(NULL);

        g_assert_null(sd_bus_message_get_error(reply));
        print_value(reply, s);
        g_string_erase(s, 0, 1);
        g_string_truncate(s, s->len - 1);
        return g_string_free(s, FALSE);
}

/* ---- programs ---- */

static int on_exit_child(sd_event_source *source, const siginfo_t *info, void *userdata) {
        *(int *) userdata = info->si_code == CLD_EXITED ? info->si_status : 256 + info->si_status;
        return 0;
}

char *world_run(World *w, const char *const argv[], int *ret_status) {
        _cleanup_(sd_event_source_unrefp) sd_event_source *source = NULL;
        g_autofree char *output_path = g_build_filename(w->folder, "output", NULL);
        int status = -1;
        char *output;
        pid_t pid;

        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                int null = open("/dev/null", O_RDONLY);
                int fd = open(output_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
                sigset_t mask;

                (void) sigemptyset(&mask);
                (void) sigprocmask(SIG_SETMASK, &mask, NULL);
                (void) dup2(null, 0);
                (void) dup2(fd, 1);
                (void) dup2(fd, 2);
                (void) execvp(argv[0], (char **) argv);
                _exit(127);
        }
        g_assert_cmpint(sd_event_add_child(w->event, &source, pid, WEXITED, on_exit_child, &status), >=, 0);
        WORLD_UNTIL(w, status >= 0);
        g_assert_true(g_file_get_contents(output_path, &output, NULL, NULL));
        (void) g_remove(output_path);
        if (ret_status)
                *ret_status = status;
        else if (status != 0)
                g_error("%s: exit %d: %s", argv[0], status, output);
        return output;
}

/* ---- signals ---- */

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Ear *ear = userdata;

        ear->n++;
        g_free(ear->path);
        ear->path = g_strdup(sd_bus_message_get_path(m));
        (void) sd_bus_message_unref(ear->m);
        ear->m = sd_bus_message_ref(m);
        return 0;
}

void ear_open(Ear *ear, sd_bus *client, const char *interface, const char *member) {
        *ear = (Ear){ .n = 0 };
        g_assert_cmpint(sd_bus_match_signal_async(
                                        client,
                                        NULL,
                                        BUS_NAME,
                                        NULL,
                                        interface,
                                        member,
                                        on_signal,
                                        NULL,
                                        ear),
                        >=,
                        0);
}

void ear_done(Ear *ear) {
        g_free(ear->path);
        (void) sd_bus_message_unref(ear->m);
        *ear = (Ear){ .n = 0 };
}
