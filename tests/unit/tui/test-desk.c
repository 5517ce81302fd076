/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is done at the desk: adding, editing, removing, with the feed and the dialogs as they are, before a
 * daemon of a few lines in the same loop. */

#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "base/names.h"
#include "keys.h"
#include "tui/canvas.h"
#include "tui/edits.h"

#define PATIENCE_USEC (20 * USEC_PER_SEC)
#define OTHER "22222222-2222-4222-8222-222222222222"
#define FINGERPRINT "sha256:0011223344556677"

typedef struct World {
        sd_event *event;
        sd_bus *server;
        Context context;
        Feed *feed;
        Dialogs *dialogs;
        Desk desk;

        /* of the daemon */
        char *check_name, *check_target;
        uint64_t revision;
        bool check_is_gone;
        char *refusal; /* of what would change something; NULL: it is done */
        bool holding;  /* such a call is not answered yet */
        sd_bus_message *held;
        char *called; /* the last such call: "MEMBER first-string" */
        unsigned n_called;

        /* of the person */
        char *said;
        bool said_is_good;
} World;

/* ---- the daemon ---- */

static void append_node(sd_bus_message *reply) {
        g_assert_cmpint(sd_bus_message_append(
                                        reply,
                                        "a{sv}",
                                        4,
                                        "Initialized",
                                        "b",
                                        1,
                                        "NodeID",
                                        "s",
                                        OTHER,
                                        "Quorum",
                                        "b",
                                        1,
                                        "Term",
                                        "t",
                                        UINT64_C(3)),
                        >=,
                        0);
}

static void append_peers(sd_bus_message *reply) {
        g_assert_cmpint(sd_bus_message_append(
                                        reply,
                                        "aa{sv}",
                                        1,
                                        2,
                                        "node_id",
                                        "s",
                                        OTHER,
                                        "advertise",
                                        "s",
                                        "192.0.2.1:9901"),
                        >=,
                        0);
}

static void append_alerts(sd_bus_message *reply) {
        g_assert_cmpint(sd_bus_message_append(
                                        reply,
                                        "aa{sv}",
                                        1,
                                        4,
                                        "id",
                                        "s",
                                        "a-1",
                                        "name",
                                        "s",
                                        "oncall",
                                        "type",
                                        "s",
                                        "smtp",
                                        "owed",
                                        "t",
                                        UINT64_C(2)),
                        >=,
                        0);
}

static void append_checks(const World *world, sd_bus_message *reply) {
        if (world->check_is_gone) {
                g_assert_cmpint(sd_bus_message_append(reply, "aa{sv}u", 0, 0), >=, 0);
                return;
        }
        g_assert_cmpint(sd_bus_message_append(
                                        reply,
                                        "aa{sv}u",
                                        2,
                                        5,
                                        "id",
                                        "s",
                                        "c-1",
                                        "name",
                                        "s",
                                        world->check_name,
                                        "type",
                                        "s",
                                        "tcp",
                                        "target",
                                        "s",
                                        world->check_target,
                                        "revision",
                                        "t",
                                        world->revision,
                                        3,
                                        "id",
                                        "s",
                                        "c-2",
                                        "name",
                                        "s",
                                        "strange",
                                        "type",
                                        "s",
                                        "of-tomorrow",
                                        2),
                        >=,
                        0);
}

/* what the daemon answers to a call that changed something */
static void append_answer(const char *member, sd_bus_message *reply) {
        if (strcmp(member, "RemoveAlert") == 0)
                g_assert_cmpint(sd_bus_message_append(reply, "tas", UINT64_C(8), 2, "db", "web"), >=, 0);
        else if (strcmp(member, "ProbeNode") == 0)
                g_assert_cmpint(sd_bus_message_append(
                                                reply,
                                                "a{sv}",
                                                2,
                                                "node_id",
                                                "s",
                                                OTHER,
                                                "fingerprint",
                                                "s",
                                                FINGERPRINT),
                                >=,
                                0);
        else if (strcmp(member, "AddNode") == 0)
                g_assert_cmpint(sd_bus_message_append(reply, "s", OTHER), >=, 0);
        else
                g_assert_cmpint(sd_bus_message_append(reply, "t", UINT64_C(8)), >=, 0);
}

static void note_call(World *world, sd_bus_message *call) {
        GString *text = g_string_new(sd_bus_message_get_member(call));
        const char *word;
        char type;

        while (sd_bus_message_peek_type(call, &type, NULL) > 0 && type == 's') {
                g_assert_cmpint(sd_bus_message_read_basic(call, 's', &word), >, 0);
                g_string_append_printf(text, " %s", word);
        }
        g_free(world->called);
        world->called = g_string_free(text, /* free_segment= */ FALSE);
        world->n_called++;
}

static void answer(World *world, sd_bus_message *call) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        if (world->refusal) {
                g_assert_cmpint(sd_bus_reply_method_errorf(
                                                call, BUS_NAME ".Error.Exists", "%s", world->refusal),
                                >=,
                                0);
                return;
        }
        g_assert_cmpint(sd_bus_message_new_method_return(call, &reply), >=, 0);
        append_answer(sd_bus_message_get_member(call), reply);
        g_assert_cmpint(sd_bus_send(world->server, reply, NULL), >=, 0);
}

static bool read_back(World *world, sd_bus_message *call, sd_bus_message *reply) {
        const char *member = sd_bus_message_get_member(call);

        if (strcmp(member, "GetAll") == 0)
                append_node(reply);
        else if (strcmp(member, "ListPeers") == 0)
                append_peers(reply);
        else if (strcmp(member, "ListAlerts") == 0)
                append_alerts(reply);
        else if (strcmp(member, "ListChecks") == 0)
                append_checks(world, reply);
        else
                return false;
        return true;
}

static int on_call(sd_bus_message *call, void *userdata, sd_bus_error *reterr) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        World *world = userdata;

        (void) reterr;

        if (!sd_bus_message_is_method_call(call, NULL, NULL))
                return 0;
        g_assert_cmpint(sd_bus_message_new_method_return(call, &reply), >=, 0);
        if (read_back(world, call, reply)) {
                g_assert_cmpint(sd_bus_send(world->server, reply, NULL), >=, 0);
                return 1;
        }
        note_call(world, call);
        if (world->holding)
                world->held = sd_bus_message_ref(call);
        else
                answer(world, call);
        return 1;
}

static void let_go(World *world) {
        world->holding = false;
        answer(world, world->held);
        world->held = sd_bus_message_unref(world->held);
}

/* ---- the loop ---- */

static void turn(World *world, usec_t end) {
        g_assert_cmpint(g_get_monotonic_time(), <, (gint64) end);
        g_assert_cmpint(sd_event_run(world->event, 100 * USEC_PER_MSEC), >=, 0);
}

#define WAIT_FOR(world, condition)                                                                          \
        for (usec_t end_ = (usec_t) g_get_monotonic_time() + PATIENCE_USEC; !(condition);)                  \
        turn(world, end_)

static bool has_read(const World *world, usec_t after) {
        return feed_read_at(world->feed) > after && !feed_problem(world->feed);
}

/* everything is read again */
static void refresh(World *world) {
        const usec_t before = (usec_t) g_get_real_time();

        feed_refresh(world->feed);
        WAIT_FOR(world, has_read(world, before));
}

/* ---- the person ---- */

static void on_said(void *userdata, bool is_good, const char *sentence) {
        World *world = userdata;

        g_free(world->said);
        world->said = g_strdup(sentence);
        world->said_is_good = is_good;
}

static void assert_said(World *world, bool is_good, const char *sentence) {
        WAIT_FOR(world, world->said);
        g_assert_cmpstr(world->said, ==, sentence);
        g_assert_cmpint(world->said_is_good, ==, is_good);
        g_clear_pointer(&world->said, g_free);
}

static void press(World *world, Key key) {
        g_assert_true(dialogs_key(world->dialogs, &key));
}

static void type(World *world, const char *text) {
        for (; *text; text = g_utf8_next_char(text))
                press(world, character(g_utf8_get_char(text)));
}

static bool sees(World *world, const char *text) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(80, 22);
        g_autofree char *dump = NULL;

        dialogs_draw(world->dialogs, canvas);
        dump = canvas_dump(canvas);
        return strstr(dump, text);
}

static const void *row(GPtrArray *rows, unsigned i) {
        g_assert_cmpuint(rows->len, >, i);
        return g_ptr_array_index(rows, i);
}

/* ---- lifecycle ---- */

static void ignore(void *userdata) {
        (void) userdata;
}

static void ignore_event(void *userdata, bool is_good, const char *text) {
        (void) userdata;
        (void) is_good;
        (void) text;
}

static void ignore_asking(void *userdata, bool begins) {
        (void) userdata;
        (void) begins;
}

static sd_bus *end_of(int fd, bool is_server) {
        sd_bus *bus = NULL;

        g_assert_cmpint(sd_bus_new(&bus), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(bus, fd, fd), >=, 0);
        if (is_server)
                g_assert_cmpint(sd_bus_set_server(
                                                bus,
                                                1,
                                                SD_ID128_MAKE(01,
                                                              02,
                                                              03,
                                                              04,
                                                              05,
                                                              06,
                                                              07,
                                                              08,
                                                              09,
                                                              0a,
                                                              0b,
                                                              0c,
                                                              0d,
                                                              0e,
                                                              0f,
                                                              10)),
                                >=,
                                0);
        g_assert_cmpint(sd_bus_start(bus), >=, 0);
        return bus;
}

static void world_init(World *world) {
        static const FeedObserver observer = {
                .changed = ignore,
                .happened = ignore_event,
                .asking = ignore_asking,
        };
        int pair[2];

        *world = (World){ .revision = 1 };
        world->check_name = g_strdup("db");
        world->check_target = g_strdup("127.0.0.1:5432");
        g_assert_cmpint(sd_event_new(&world->event), >=, 0);
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), ==, 0);
        world->server = end_of(pair[0], /* is_server= */ true);
        g_assert_cmpint(sd_bus_add_filter(world->server, NULL, on_call, world), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(world->server, world->event, SD_EVENT_PRIORITY_NORMAL), >=, 0);
        world->context.bus = end_of(pair[1], /* is_server= */ false);
        world->feed = feed_new(world->event, &world->context, &observer, world);
        world->dialogs = dialogs_new();
        world->desk = (Desk){
                .feed = world->feed,
                .dialogs = world->dialogs,
                .say = on_said,
                .redraw = ignore,
                .userdata = world,
        };
        WAIT_FOR(world, has_read(world, 0));
}

static void world_done(World *world) {
        (void) dialogs_free(world->dialogs);
        (void) feed_free(world->feed);
        (void) sd_bus_message_unref(world->held);
        (void) sd_bus_close_unref(world->server);
        (void) sd_event_unref(world->event);
        g_free(world->check_name);
        g_free(world->check_target);
        g_free(world->refusal);
        g_free(world->called);
        g_free(world->said);
}

/* ---- adding ---- */

static void open_tcp_form(World *world) {
        edit_add(&world->desk, TAB_CHECKS, NULL);
        g_assert_true(sees(world, "Add a check"));
        type(world, "t");
        g_assert_true(sees(world, "Add tcp check"));
}

static void test_add(void) {
        _cleanup_(world_done) World world;

        world_init(&world);
        open_tcp_form(&world);
        /* nothing is sent before it could be right */
        press(&world, control('s'));
        g_assert_true(sees(&world, "missing; give it a name"));
        type(&world, "mail");
        press(&world, special(TYPED_TAB));
        type(&world, "192.0.2.7");
        press(&world, control('s'));
        g_assert_true(sees(&world, "host:port"));
        g_assert_cmpuint(world.n_called, ==, 0);

        type(&world, ":25");
        press(&world, control('s'));
        g_assert_true(sees(&world, "saving …"));
        assert_said(&world, true, "check mail is added");
        g_assert_cmpstr(world.called, ==, "AddCheck");
        g_assert_false(dialogs_are_open(world.dialogs));
}

/* Each kind has a line that says what it is, and a form that opens by its first letter. */
static void test_kinds(void) {
        static const struct {
                Tab tab;
                const char *key, *line, *title;
        } cases[] = {
                { TAB_CHECKS, "h", "http  a web page", "Add http check" },
                { TAB_CHECKS, "t", "tcp   a port", "Add tcp check" },
                { TAB_CHECKS, "i", "icmp  a host", "Add icmp check" },
                { TAB_ALERTS, "s", "smtp     a mail", "Add smtp alert" },
                { TAB_ALERTS, "d", "discord  a message", "Add discord alert" },
        };
        _cleanup_(world_done) World world;

        world_init(&world);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                edit_add(&world.desk, cases[i].tab, NULL);
                g_assert_true(sees(&world, cases[i].line));
                type(&world, cases[i].key);
                g_assert_true(sees(&world, cases[i].title));
                press(&world, special(TYPED_ESCAPE));
                g_assert_false(dialogs_are_open(world.dialogs));
        }
}

/* A refusal is said in the form, which keeps what was typed, until the next try. */
static void test_refused(void) {
        _cleanup_(world_done) World world;

        world_init(&world);
        open_tcp_form(&world);
        type(&world, "db");
        press(&world, special(TYPED_TAB));
        type(&world, "192.0.2.7:25");
        world.refusal = g_strdup("there is already a check named \"db\"");
        press(&world, control('s'));
        WAIT_FOR(&world, sees(&world, "there is already a check named"));
        g_assert_true(sees(&world, "192.0.2.7:25"));
        g_assert_null(world.said);

        g_clear_pointer(&world.refusal, g_free);
        press(&world, special(TYPED_BACKTAB));
        type(&world, "2");
        press(&world, control('s'));
        assert_said(&world, true, "check db2 is added");
}

/* While the daemon thinks keys do nothing but Escape, and who leaves then is told later. */
static void test_busy(void) {
        for (int refused = 0; refused < 2; refused++) {
                _cleanup_(world_done) World world;

                world_init(&world);
                world.refusal = refused ? g_strdup("it is too late") : NULL;
                open_tcp_form(&world);
                type(&world, "mail");
                press(&world, special(TYPED_TAB));
                type(&world, "192.0.2.7:25");
                world.holding = true;
                press(&world, control('s'));
                WAIT_FOR(&world, world.held);
                type(&world, "xyz");
                press(&world, control('s'));
                g_assert_false(sees(&world, "xyz"));
                g_assert_true(sees(&world, "saving …"));
                g_assert_cmpstr(dialogs_footer(world.dialogs), ==, "Esc close, and do not wait");
                press(&world, special(TYPED_ESCAPE));
                g_assert_false(dialogs_are_open(world.dialogs));
                g_assert_null(world.said);
                let_go(&world);
                assert_said(&world, !refused, refused ? "it is too late" : "check mail is added");
                g_assert_cmpuint(world.n_called, ==, 1);
        }
}

/* Only what was typed is asked about before it is thrown away. */
static void test_leave(void) {
        _cleanup_(world_done) World world;

        world_init(&world);
        open_tcp_form(&world);
        press(&world, special(TYPED_ESCAPE));
        g_assert_false(dialogs_are_open(world.dialogs));

        open_tcp_form(&world);
        type(&world, "typed");
        press(&world, special(TYPED_ESCAPE));
        g_assert_true(sees(&world, "Throw away what was typed? [y/N]"));
        press(&world, special(TYPED_ESCAPE));
        g_assert_false(sees(&world, "Throw away"));
        g_assert_true(sees(&world, " typed "));
        press(&world, special(TYPED_ESCAPE));
        type(&world, "y");
        g_assert_false(dialogs_are_open(world.dialogs));
        g_assert_cmpuint(world.n_called, ==, 0);
}

/* ---- editing ---- */

static void test_edit(void) {
        _cleanup_(world_done) World world;

        world_init(&world);
        edit_change(&world.desk, TAB_CHECKS, row(feed_checks(world.feed), 0));
        g_assert_true(sees(&world, "Edit tcp check"));
        press(&world, control('s'));
        assert_said(&world, true, "nothing was changed");
        g_assert_false(dialogs_are_open(world.dialogs));

        edit_change(&world.desk, TAB_CHECKS, row(feed_checks(world.feed), 0));
        type(&world, "-1");
        press(&world, control('s'));
        assert_said(&world, true, "check db-1 is changed");
        g_assert_cmpstr(world.called, ==, "EditCheck c-1");

        edit_change(&world.desk, TAB_CHECKS, row(feed_checks(world.feed), 1));
        assert_said(&world,
                    false,
                    "its type is one that only a newer version knows: there is no form for it here");
        g_assert_false(dialogs_are_open(world.dialogs));
}

/* What others change comes into the form; where both changed the same it is saved at the second time. */
static void test_edited_by_others(void) {
        _cleanup_(world_done) World world;

        world_init(&world);
        edit_change(&world.desk, TAB_CHECKS, row(feed_checks(world.feed), 0));
        type(&world, "-1");
        g_free(world.check_target);
        world.check_target = g_strdup("127.0.0.1:3306");
        world.revision = 2;
        refresh(&world);
        g_assert_true(sees(&world, "somebody else has changed it meanwhile"));
        g_assert_true(sees(&world, "127.0.0.1:3306"));

        g_free(world.check_name);
        world.check_name = g_strdup("theirs");
        world.revision = 3;
        refresh(&world);
        g_assert_true(sees(&world, "somebody else has made it \"theirs\""));
        g_assert_true(sees(&world, " db-1 "));
        press(&world, control('s'));
        g_assert_true(sees(&world, "save once more to overwrite"));
        g_assert_cmpuint(world.n_called, ==, 0);
        press(&world, control('s'));
        assert_said(&world, true, "check db-1 is changed");

        edit_change(&world.desk, TAB_CHECKS, row(feed_checks(world.feed), 0));
        world.check_is_gone = true;
        refresh(&world);
        g_assert_true(sees(&world, "somebody has removed it meanwhile"));
}

/* ---- removing ---- */

static void test_remove(void) {
        static const Key noes[] = { { .kind = TYPED_ENTER },
                                    { .kind = TYPED_ESCAPE },
                                    { .kind = TYPED_CHARACTER, .character = 'n' } };
        _cleanup_(world_done) World world;

        world_init(&world);
        for (size_t i = 0; i < G_N_ELEMENTS(noes); i++) {
                edit_remove(&world.desk, TAB_CHECKS, row(feed_checks(world.feed), 0));
                g_assert_true(sees(&world, "Remove the check db? [y/N]"));
                press(&world, noes[i]);
                g_assert_false(dialogs_are_open(world.dialogs));
        }
        g_assert_cmpuint(world.n_called, ==, 0);

        edit_remove(&world.desk, TAB_CHECKS, row(feed_checks(world.feed), 0));
        type(&world, "y");
        assert_said(&world, true, "check db is removed");
        g_assert_cmpstr(world.called, ==, "RemoveCheck c-1");

        edit_remove(&world.desk, TAB_ALERTS, row(feed_alerts(world.feed), 0));
        g_assert_true(sees(&world, "what it has not delivered is"));
        type(&world, "y");
        assert_said(&world, true, "alert oncall is removed; detached from: db, web");
        g_assert_cmpstr(world.called, ==, "RemoveAlert a-1");

        world.refusal = g_strdup("the last voter cannot go");
        edit_remove(&world.desk, TAB_PEERS, row(feed_peers(world.feed), 0));
        g_assert_true(sees(&world, "barred for good"));
        type(&world, "y");
        assert_said(&world, false, "the last voter cannot go");
        g_assert_cmpstr(world.called, ==, "RemoveNode " OTHER);
}

/* ---- nodes ---- */

static void test_node(void) {
        _cleanup_(world_done) World world;

        world_init(&world);
        edit_add(&world.desk, TAB_PEERS, NULL);
        type(&world, "192.0.2.9");
        press(&world, control('s'));
        g_assert_true(sees(&world, "is not host:port"));
        type(&world, ":9901");
        press(&world, control('s'));
        WAIT_FOR(&world, sees(&world, FINGERPRINT));
        g_assert_cmpstr(world.called, ==, "ProbeNode 192.0.2.9:9901");
        type(&world, "n");
        g_assert_true(sees(&world, "aborted: nothing was changed"));
        g_assert_cmpuint(world.n_called, ==, 1);

        press(&world, control('s'));
        WAIT_FOR(&world, sees(&world, FINGERPRINT));
        type(&world, "y");
        assert_said(&world, true, "node " OTHER " is added");
        g_assert_cmpstr(world.called, ==, "AddNode 192.0.2.9:9901 " FINGERPRINT);
        g_assert_false(dialogs_are_open(world.dialogs));

        edit_change(&world.desk, TAB_PEERS, row(feed_peers(world.feed), 0));
        press(&world, control('u'));
        type(&world, "192.0.2.2:9901");
        press(&world, control('s'));
        assert_said(&world, true, "the others reach node " OTHER " at 192.0.2.2:9901");
        g_assert_cmpstr(world.called, ==, "EditNode " OTHER " 192.0.2.2:9901");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/tui/desk/add", test_add);
        g_test_add_func("/tui/desk/kinds", test_kinds);
        g_test_add_func("/tui/desk/refused", test_refused);
        g_test_add_func("/tui/desk/busy", test_busy);
        g_test_add_func("/tui/desk/leave", test_leave);
        g_test_add_func("/tui/desk/edit", test_edit);
        g_test_add_func("/tui/desk/edited-by-others", test_edited_by_others);
        g_test_add_func("/tui/desk/remove", test_remove);
        g_test_add_func("/tui/desk/node", test_node);
        return g_test_run();
}
