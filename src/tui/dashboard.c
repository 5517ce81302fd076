/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One sd-event loop: the bus, standard input, signals and a clock. What changes marks the picture as old; it
 * is drawn when the loop comes to rest, and at most every few milliseconds, so that a storm of signals costs
 * no more than a quiet day. */

#include "tui/dashboard.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "ctl/connect.h"
#include "ctl/text.h"
#include "tui/actions.h"
#include "tui/face.h"
#include "tui/help.h"
#include "tui/screen.h"
#include "tui/view.h"

#define DRAW_PAUSE_USEC (20 * USEC_PER_MSEC) /* between two pictures that nobody typed for */
#define CLOCK_USEC USEC_PER_SEC              /* ages on the screen */
#define SAID_USEC (10 * USEC_PER_SEC)        /* how long a sentence stays, if no key is typed */
/* part of a character wakes us without a key, but not that often */
#define FRUITLESS_MAX 100

typedef struct Dashboard {
        sd_event *event;
        Screen *screen;
        Feed *feed;
        Dialogs *dialogs;
        Desk desk;
        Face face;
        sd_event_source *input;
        sd_event_source *draw_timer;
        sd_event_source *clock;
        bool asking;                  /* the terminal is pkttyagent's */
        usec_t drawn_usec;            /* when the last picture was done */
        unsigned long news;           /* counts what the feed told */
        unsigned long seen[_TAB_MAX]; /* how much of that a list has taken */
        unsigned n_fruitless;         /* how often in a row there was something to read, and no key */
        int signal;                   /* that ends us; 0: none */
        usec_t said_usec;
} Dashboard;

static usec_t now_usec(void) {
        return (usec_t) g_get_monotonic_time();
}

/* ---- drawing ---- */

static GPtrArray *rows_of(const Dashboard *dashboard, Tab tab) {
        switch (tab) {
        case TAB_PEERS:
                return feed_peers(dashboard->feed);
        case TAB_CHECKS:
                return feed_checks(dashboard->feed);
        default:
                return feed_alerts(dashboard->feed);
        }
}

/* Only the list that is looked at needs to know. */
static void take_news(Dashboard *dashboard) {
        Face *face = &dashboard->face;
        const Tab tab = face->tab;

        face->node = feed_node(dashboard->feed);
        face->problem = feed_problem(dashboard->feed);
        face->read_at = feed_read_at(dashboard->feed);
        if (dashboard->seen[tab] == dashboard->news)
                return;
        dashboard->seen[tab] = dashboard->news;
        face_count(face,
                   feed_peers(dashboard->feed),
                   feed_checks(dashboard->feed),
                   feed_alerts(dashboard->feed));
        list_set_rows(face->lists[tab], rows_of(dashboard, tab), face->now_realtime);
}

static void draw(Dashboard *dashboard) {
        Face *face = &dashboard->face;
        Canvas *canvas = screen_canvas(dashboard->screen);

        face->now_realtime = (usec_t) g_get_real_time();
        if (dashboard->said_usec > 0 && usec_sub(now_usec(), dashboard->said_usec) > SAID_USEC)
                g_clear_pointer(&face->said, g_free);
        take_news(dashboard);
        face_draw(face, canvas, dashboard->dialogs);
        screen_show(dashboard->screen);
        dashboard->drawn_usec = now_usec();
}

static int on_draw(sd_event_source *source, uint64_t usec, void *userdata) {
        draw(userdata);
        return 0;
}

static void draw_soon(Dashboard *dashboard) {
        int enabled = SD_EVENT_OFF;

        (void) sd_event_source_get_enabled(dashboard->draw_timer, &enabled);
        if (enabled != SD_EVENT_OFF)
                return;
        (void) sd_event_source_set_time(dashboard->draw_timer, dashboard->drawn_usec + DRAW_PAUSE_USEC);
        (void) sd_event_source_set_enabled(dashboard->draw_timer, SD_EVENT_ONESHOT);
}

/* SIGHUP says so, but not to everybody: not to a process without a controlling terminal, nor to one whose
 * output alone went away. */
static int terminal_gone(Dashboard *dashboard) {
        dashboard->signal = SIGHUP;
        return sd_event_exit(dashboard->event, 0);
}

static int on_clock(sd_event_source *source, uint64_t usec, void *userdata) {
        Dashboard *dashboard = userdata;

        if (screen_is_gone())
                return terminal_gone(dashboard);
        (void) sd_event_source_set_time(source, now_usec() + CLOCK_USEC);
        draw_soon(dashboard);
        return 0;
}

/* ---- what the feed and actions tell ---- */

static void on_changed(void *userdata) {
        Dashboard *dashboard = userdata;

        dashboard->news++;
        draw_soon(dashboard);
}

static void on_happened(void *userdata, bool is_good, const char *text) {
        Dashboard *dashboard = userdata;

        face_set_event(&dashboard->face, is_good, text, (usec_t) g_get_real_time());
        draw_soon(dashboard);
}

static void on_asking(void *userdata, bool begins) {
        Dashboard *dashboard = userdata;

        dashboard->asking = begins;
        (void) sd_event_source_set_enabled(dashboard->input, begins ? SD_EVENT_OFF : SD_EVENT_ON);
        if (begins) {
                screen_suspend(dashboard->screen);
                (void) printf("The dashboard comes back when polkit has asked.\n");
                (void) fflush(stdout);
                return;
        }
        screen_resume(dashboard->screen, /* take_modes= */ false);
        draw_soon(dashboard);
}

static const FeedObserver observer = {
        .changed = on_changed,
        .happened = on_happened,
        .asking = on_asking,
};

static void show_sentence(Dashboard *dashboard, bool is_good, const char *sentence) {
        char **lines = g_strsplit(sentence, "\n", -1);

        g_clear_pointer(&dashboard->face.said, g_free);
        dialogs_push(dashboard->dialogs, view_new(is_good ? "Done" : "Not done", lines));
        draw_soon(dashboard);
}

static void on_say(void *userdata, bool is_good, const char *sentence) {
        Dashboard *dashboard = userdata;
        bool is_long;

        if (!dashboard->dialogs) /* we are about to end */
                return;
        is_long = strchr(sentence, '\n') ||
                  canvas_text_width(sentence) > canvas_width(screen_canvas(dashboard->screen));
        /* a box over a form that is being filled in would take its keys */
        if (is_long && !dialogs_are_open(dashboard->dialogs)) {
                show_sentence(dashboard, is_good, sentence);
                return;
        }
        g_free(dashboard->face.said);
        dashboard->face.said = g_strndup(sentence, strcspn(sentence, "\n"));
        dashboard->face.said_is_good = is_good;
        dashboard->said_usec = now_usec();
        draw_soon(dashboard);
}

static void on_redraw(void *userdata) {
        draw_soon(userdata);
}

/* ---- keys ---- */

static void go_to_tab(Dashboard *dashboard, int tab) {
        dashboard->face.tab = (Tab) ((tab + _TAB_MAX) % _TAB_MAX);
}

static void run_action(Dashboard *dashboard, gunichar character) {
        Face *face = &dashboard->face;
        const Action *action = action_find(face->tab, character);
        const void *row = list_selected(face->lists[face->tab]);

        if (action && (row || !action->needs_row))
                action->run(&dashboard->desk, face->tab, row);
}

static void on_character(Dashboard *dashboard, gunichar c) {
        Face *face = &dashboard->face;
        List *list = face->lists[face->tab];

        switch (c) {
        case '1':
        case '2':
        case '3':
                go_to_tab(dashboard, (int) (c - '1'));
                break;
        case 'q':
                (void) sd_event_exit(dashboard->event, 0);
                break;
        case 'r':
                feed_refresh(dashboard->feed);
                break;
        case 's':
                list_sort_next(list);
                break;
        case 'S':
                list_sort_reverse(list);
                break;
        case '/':
                face_begin_filter(face);
                break;
        case '?':
                dialogs_push(dashboard->dialogs, help_new());
                break;
        default:
                run_action(dashboard, c);
        }
}

/* It leaves what is open, which asks where something was typed, and only then the dashboard. */
static void on_interrupt(Dashboard *dashboard) {
        const Key escape = { .kind = TYPED_ESCAPE };

        if (!dialogs_key(dashboard->dialogs, &escape) && !face_filter_key(&dashboard->face, &escape))
                (void) sd_event_exit(dashboard->event, 0);
}

static void on_key(Dashboard *dashboard, const Key *key) {
        Face *face = &dashboard->face;

        g_clear_pointer(&face->said, g_free);
        if (key->kind == TYPED_CONTROL && key->character == 'c') {
                on_interrupt(dashboard);
                return;
        }
        if (dialogs_key(dashboard->dialogs, key) || face_filter_key(face, key) ||
            list_key(face->lists[face->tab], key) || key->pasted)
                return;
        switch (key->kind) {
        case TYPED_TAB:
        case TYPED_RIGHT:
                go_to_tab(dashboard, (int) face->tab + 1);
                break;
        case TYPED_BACKTAB:
        case TYPED_LEFT:
                go_to_tab(dashboard, (int) face->tab - 1);
                break;
        case TYPED_ENTER:
                run_action(dashboard, '\r');
                break;
        case TYPED_ESCAPE:
                list_set_filter(face->lists[face->tab], NULL);
                break;
        case TYPED_CONTROL:
                if (key->character == 'l')
                        screen_resize(dashboard->screen);
                break;
        case TYPED_CHARACTER:
                on_character(dashboard, key->character);
                break;
        default:
                break;
        }
}

static int on_input(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Dashboard *dashboard = userdata;
        bool any = false;
        Key key;

        while (screen_read_key(dashboard->screen, &key)) {
                take_news(dashboard); /* what is selected is what is there now */
                on_key(dashboard, &key);
                any = true;
        }
        if (any) {
                dashboard->n_fruitless = 0;
                draw(dashboard);
        } else if (events & (EPOLLHUP | EPOLLERR) || dashboard->n_fruitless++ >= FRUITLESS_MAX)
                return terminal_gone(dashboard);
        return 0;
}

/* ---- signals ---- */

static int on_end_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Dashboard *dashboard = userdata;

        /* Ctrl-C at the question ends that alone: it went to the agent, too */
        if (dashboard->asking && info->ssi_signo == SIGINT)
                return 0;
        dashboard->signal = (int) info->ssi_signo;
        return sd_event_exit(dashboard->event, 0);
}

static void go_on(Dashboard *dashboard) {
        if (dashboard->asking)
                return;
        screen_resume(dashboard->screen, /* take_modes= */ true);
        draw(dashboard);
}

static int on_stop_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Dashboard *dashboard = userdata;

        screen_suspend(dashboard->screen);
        (void) kill(getpid(), SIGSTOP);
        /* and here we go on */
        go_on(dashboard);
        return 0;
}

/* somebody stopped us without asking: the shell may have used the terminal meanwhile */
static int on_continue_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        go_on(userdata);
        return 0;
}

static int on_size_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Dashboard *dashboard = userdata;

        if (dashboard->asking) /* coming back takes the size anyway */
                return 0;
        screen_resize(dashboard->screen);
        draw(dashboard);
        return 0;
}

static const struct {
        int number;
        sd_event_signal_handler_t handler;
} signals[] = {
        { SIGINT, on_end_signal },    { SIGTERM, on_end_signal },  { SIGHUP, on_end_signal },
        { SIGQUIT, on_end_signal },   { SIGTSTP, on_stop_signal }, { SIGCONT, on_continue_signal },
        { SIGWINCH, on_size_signal },
};

/* ---- lifecycle ---- */

static Dashboard *dashboard_free(Dashboard *dashboard) {
        if (!dashboard)
                return NULL;
        dashboard->dialogs = dialogs_free(dashboard->dialogs); /* they may ask the feed to forget them */
        (void) feed_free(dashboard->feed);
        (void) screen_free(dashboard->screen);
        face_done(&dashboard->face);
        (void) sd_event_source_disable_unref(dashboard->input);
        (void) sd_event_source_disable_unref(dashboard->draw_timer);
        (void) sd_event_source_disable_unref(dashboard->clock);
        (void) sd_event_unref(dashboard->event);
        g_free(dashboard);
        return NULL;
}
DEFINE_CLEANUP(Dashboard, dashboard_free);

/* before the screen: nothing shall interrupt its beginning */
static int block_signals(void) {
        sigset_t set;

        (void) sigemptyset(&set);
        for (size_t i = 0; i < G_N_ELEMENTS(signals); i++)
                (void) sigaddset(&set, signals[i].number);
        return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -errno : 0;
}

static int watch(Dashboard *dashboard) {
        int r;

        for (size_t i = 0; i < G_N_ELEMENTS(signals); i++) {
                r = sd_event_add_signal(
                                dashboard->event, NULL, signals[i].number, signals[i].handler, dashboard);
                if (r < 0)
                        return r;
        }
        r = sd_event_add_io(dashboard->event, &dashboard->input, STDIN_FILENO, EPOLLIN, on_input, dashboard);
        if (r < 0)
                return r;
        r = sd_event_add_time(
                        dashboard->event, &dashboard->draw_timer, CLOCK_MONOTONIC, 0, 1, on_draw, dashboard);
        if (r < 0)
                return r;
        r = sd_event_add_time(
                        dashboard->event,
                        &dashboard->clock,
                        CLOCK_MONOTONIC,
                        now_usec() + CLOCK_USEC,
                        CLOCK_USEC / 4,
                        on_clock,
                        dashboard);
        if (r < 0)
                return r;
        return sd_event_source_set_enabled(dashboard->clock, SD_EVENT_ON);
}

static int begin(Dashboard *dashboard, Context *context, char **reterr_text) {
        int r;

        r = sd_event_new(&dashboard->event);
        if (r < 0)
                return r;
        r = block_signals();
        if (r < 0)
                return r;
        r = screen_new(&dashboard->screen, reterr_text);
        if (r < 0)
                return r;
        dashboard->dialogs = dialogs_new();
        face_init(&dashboard->face);
        dashboard->news = 1;
        r = watch(dashboard);
        if (r < 0)
                return r;
        dashboard->feed = feed_new(dashboard->event, context, &observer, dashboard);
        dashboard->desk = (Desk){
                .feed = dashboard->feed,
                .dialogs = dashboard->dialogs,
                .say = on_say,
                .redraw = on_redraw,
                .userdata = dashboard,
        };
        return 0;
}

/* as if nobody had been there to catch it: who waits for us shall see it */
static void end_by_signal(int number) {
        sigset_t set;

        (void) signal(number, SIG_DFL);
        (void) sigemptyset(&set);
        (void) sigaddset(&set, number);
        (void) raise(number);
        (void) sigprocmask(SIG_UNBLOCK, &set, NULL);
}

ExitStatus dashboard_run(Context *context) {
        _cleanup_(dashboard_freep) Dashboard *dashboard = g_new0(Dashboard, 1);
        g_autofree char *error = NULL;
        ExitStatus status;
        int r, number;

        assert(context);

        status = daemon_connect(context);
        if (status != STATUS_DONE)
                return status;

        r = begin(dashboard, context, &error);
        if (r >= 0)
                r = sd_event_loop(dashboard->event);
        number = dashboard->signal;
        dashboard = dashboard_free(dashboard);
        if (r < 0)
                return fail(STATUS_FAILED, "%s", error ?: g_strerror(-r));
        if (number != 0 && number != SIGINT) /* which is one way to quit */
                end_by_signal(number);
        return STATUS_DONE;
}
