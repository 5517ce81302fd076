/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What polkit is asked, what is done with its answers, what the journal is told of a caller. The authority
 * is played here, on the bus daemon of the test; systemd1 and login1, too. */

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/names.h"
#include "broker.h"
#include "bus/permission.h"

#define SOMEBODY ((uid_t) 65534)

typedef struct Authority {
        sd_bus *sd;
        bool authorized, challenge, dismissed, hold, late;
        const char *only; /* the one action that is authorized; NULL: all */
        sd_bus_message *held;
        unsigned n_asked, n_cancelled;
        char *action, *subject, *member, *cancellation_id;
        uint32_t flags;
} Authority;

static int answer(Authority *a, sd_bus_message *m) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        g_assert_cmpint(sd_bus_message_new_method_return(m, &reply), >=, 0);
        if (a->dismissed)
                g_assert_cmpint(sd_bus_message_append(
                                                reply, "(bba{ss})", 0, 0, 1, "polkit.dismissed", "true"),
                                >=,
                                0);
        else
                g_assert_cmpint(sd_bus_message_append(
                                                reply,
                                                "(bba{ss})",
                                                a->authorized && (!a->only ||
                                                                  g_str_equal(a->only, a->action)),
                                                a->challenge,
                                                0),
                                >=,
                                0);
        return sd_bus_send(NULL, reply, NULL);
}

static void take(char **at, const char *text) {
        g_free(*at);
        *at = g_strdup(text);
}

static int on_check(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const char *kind, *key, *subject, *action, *detail, *member, *id;
        Authority *a = userdata;
        uint32_t flags;

        g_assert_cmpint(sd_bus_message_read(
                                        m,
                                        "(sa{sv})sa{ss}us",
                                        &kind,
                                        1,
                                        &key,
                                        "s",
                                        &subject,
                                        &action,
                                        1,
                                        &detail,
                                        &member,
                                        &flags,
                                        &id),
                        >,
                        0);
        g_assert_cmpstr(kind, ==, "system-bus-name");
        g_assert_cmpstr(key, ==, "name");
        g_assert_cmpstr(detail, ==, "member");
        take(&a->subject, subject);
        take(&a->action, action);
        take(&a->member, member);
        take(&a->cancellation_id, id);
        a->flags = flags;
        a->n_asked++;
        if (a->hold) {
                (void) sd_bus_message_unref(a->held);
                a->held = sd_bus_message_ref(m);
                return 1;
        }
        if (a->late) /* as sd-bus says it after its time */
                return sd_bus_reply_method_errorf(m, SD_BUS_ERROR_NO_REPLY, "Method call timed out");
        return answer(a, m);
}

static int on_cancel(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Authority *a = userdata;
        const char *id;

        g_assert_cmpint(sd_bus_message_read(m, "s", &id), >, 0);
        g_assert_true(g_str_has_prefix(id, "quptime-"));
        if (a->n_asked == 1)
                g_assert_cmpstr(id, ==, a->cancellation_id);
        a->n_cancelled++;
        return sd_bus_reply_method_return(m, NULL);
}

static int on_unit(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return sd_bus_reply_method_return(m, "o", "/org/freedesktop/systemd1/unit/user_401000_2eservice");
}

static int on_session(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return sd_bus_reply_method_return(m, "o", "/org/freedesktop/login1/session/_37");
}

static const sd_bus_vtable authority_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization",
                      "(sa{sv})sa{ss}us",
                      "(bba{ss})",
                      on_check,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("CancelCheckAuthorization", "s", "", on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};
static const sd_bus_vtable systemd_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("GetUnitByPID", "u", "o", on_unit, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};
static const sd_bus_vtable login_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("GetSessionByPID", "u", "o", on_session, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

/* ---- the set-up ---- */

typedef struct Fixture {
        Broker broker;
        World world;
        Authority authority;
        bool skipped;
} Fixture;

static void
own(Fixture *f, const char *name, const char *path, const char *interface, const sd_bus_vtable *vtable) {
        Authority *a = &f->authority;

        g_assert_cmpint(sd_bus_add_object_vtable(a->sd, NULL, path, interface, vtable, a), >=, 0);
        g_assert_cmpint(sd_bus_request_name_async(a->sd, NULL, name, 0, NULL, NULL), >=, 0);
}

static void set_up(Fixture *f, gconstpointer data) {
        f->skipped = !broker_up(&f->broker) || geteuid() != 0;
        if (f->skipped) {
                g_test_skip("needs root, to be somebody else, and dbus-daemon");
                return;
        }
        broker_start_and_wait(&f->broker);
        world_up(&f->world, BUS_SYSTEM);
        WORLD_UNTIL(&f->world, bus_is_ready(f->world.bus));
        f->world.manager->outcome = CHANGE_NOT_FOUND; /* so that who got as far as the manager can be told */
        f->authority.sd = world_client(&f->world, f->broker.address);
        own(f, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, authority_vtable);
        own(f,
            "org.freedesktop.systemd1",
            "/org/freedesktop/systemd1",
            "org.freedesktop.systemd1.Manager",
            systemd_vtable);
        own(f,
            "org.freedesktop.login1",
            "/org/freedesktop/login1",
            "org.freedesktop.login1.Manager",
            login_vtable);
        world_turns(&f->world, 200);
        take(&journal_last_call, NULL);
}

static void tear_down(Fixture *f, gconstpointer data) {
        Authority *a = &f->authority;

        if (!f->skipped) {
                (void) sd_bus_message_unref(a->held);
                (void) sd_bus_close_unref(a->sd);
                g_free(a->action);
                g_free(a->subject);
                g_free(a->member);
                g_free(a->cancellation_id);
                world_down(&f->world);
        }
        broker_down(&f->broker);
        take(&journal_last_call, NULL);
}

#define ASSERT_SOMEBODY(f, interactive, is)                                                                 \
        do {                                                                                                \
                g_autofree char *name_ =                                                                    \
                                call_as(&(f)->world,                                                        \
                                        SOMEBODY,                                                           \
                                        (interactive),                                                      \
                                        BUS_PATH,                                                           \
                                        BUS_INTERFACE_MANAGER,                                              \
                                        "RemoveCheck",                                                      \
                                        "s",                                                                \
                                        "homepage");                                                        \
                g_assert_cmpstr(name_, ==, (is));                                                           \
        } while (0)

/* ---- the answers ---- */

static void test_allowed(Fixture *f, gconstpointer data) {
        if (f->skipped)
                return;
        f->authority.authorized = true;
        ASSERT_SOMEBODY(f, false, BUS_ERROR_NOT_FOUND); /* it got as far as the manager */
        g_assert_cmpstr(f->authority.action, ==, BUS_ACTION_CONFIGURE);
        g_assert_cmpstr(f->authority.member, ==, "RemoveCheck");
        g_assert_cmpint(f->authority.subject[0], ==, ':');
        g_assert_cmpuint(f->authority.flags, ==, 0);
        ASSERT_SOMEBODY(f, true, BUS_ERROR_NOT_FOUND);
        g_assert_cmpuint(f->authority.flags, ==, 1);
        /* asked each time: what polkit said once is no right */
        f->authority.authorized = false;
        ASSERT_SOMEBODY(f, true, SD_BUS_ERROR_ACCESS_DENIED);
        g_assert_cmpuint(f->authority.n_asked, ==, 3);
}

static char *apply_document(Fixture *f, const char *remove_node) {
        return call_as(&f->world,
                       SOMEBODY,
                       /* interactive= */ true,
                       BUS_PATH,
                       BUS_INTERFACE_MANAGER,
                       "ApplyDocument",
                       "sa{sv}",
                       "a text",
                       1,
                       "remove_node",
                       "s",
                       remove_node);
}

/* A text that removes a node needs leave for both: what was granted for one action is none for another. */
static void test_two_actions(Fixture *f, gconstpointer data) {
        g_autofree char *plain = NULL, *one = NULL, *other = NULL, *both = NULL;

        if (f->skipped)
                return;
        f->authority.authorized = true;
        f->authority.only = BUS_ACTION_CONFIGURE;
        plain = apply_document(f, "");
        g_assert_cmpstr(plain, ==, BUS_ERROR_NOT_FOUND);
        g_assert_cmpuint(f->authority.n_asked, ==, 1);
        g_clear_pointer(&f->world.manager->last_text, g_free);

        one = apply_document(f, FAKE_OTHER);
        g_assert_cmpstr(one, ==, SD_BUS_ERROR_ACCESS_DENIED);
        g_assert_cmpstr(f->authority.action, ==, BUS_ACTION_PEERS);
        g_assert_cmpuint(f->authority.n_asked, ==, 3);
        f->authority.only = BUS_ACTION_PEERS;
        other = apply_document(f, FAKE_OTHER);
        g_assert_cmpstr(other, ==, SD_BUS_ERROR_ACCESS_DENIED);
        g_assert_cmpuint(f->authority.n_asked, ==, 4);
        g_assert_null(f->world.manager->last_text);

        f->authority.only = NULL;
        both = apply_document(f, FAKE_OTHER);
        g_assert_cmpstr(both, ==, BUS_ERROR_NOT_FOUND);
        g_assert_cmpuint(f->authority.n_asked, ==, 6);
        g_assert_cmpstr(f->world.manager->last_text,
                        ==,
                        "apply a text, base 0, without " FAKE_OTHER ", bus, uid 65534");
}

static void test_denied(Fixture *f, gconstpointer data) {
        if (f->skipped)
                return;
        ASSERT_SOMEBODY(f, true, SD_BUS_ERROR_ACCESS_DENIED);
        f->authority.challenge = true;
        ASSERT_SOMEBODY(f, false, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED);
        f->authority.dismissed = true;
        ASSERT_SOMEBODY(f, true, SD_BUS_ERROR_ACCESS_DENIED);
        g_assert_null(f->world.manager->last); /* no change came as far as the manager */
        g_assert_nonnull(strstr(
                        journal_last_call, "uid 65534 may not RemoveCheck (" BUS_ACTION_CONFIGURE ")"));
}

static void test_no_authority(Fixture *f, gconstpointer data) {
        if (f->skipped)
                return;
        f->authority.authorized = true;
        g_assert_cmpint(sd_bus_release_name_async(f->authority.sd, NULL, POLKIT_NAME, NULL, NULL), >=, 0);
        world_turns(&f->world, 200);
        ASSERT_SOMEBODY(f, true, SD_BUS_ERROR_ACCESS_DENIED);
        g_assert_null(f->world.manager->last);
}

/* Root and the daemon's own user are not asked about. */
static void test_root(Fixture *f, gconstpointer data) {
        g_autofree char *name = NULL;

        if (f->skipped)
                return;
        name = call_as(&f->world, 0, false, BUS_PATH, BUS_INTERFACE_MANAGER, "RemoveCheck", "s", "homepage");
        g_assert_cmpstr(name, ==, BUS_ERROR_NOT_FOUND);
        g_assert_cmpuint(f->authority.n_asked, ==, 0);
}

static int on_ignored(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return 0;
}

static void test_caller_gone_while_asked(Fixture *f, gconstpointer data) {
        int pipes[2];
        pid_t pid;

        if (f->skipped)
                return;
        f->authority.hold = true;
        g_assert_cmpint(pipe(pipes), ==, 0);
        pid = fork();
        if (pid == 0) {
                sd_bus *client = NULL;
                char c;

                (void) close(pipes[1]);
                if (setgid(SOMEBODY) < 0 || setuid(SOMEBODY) < 0 || sd_bus_open_system(&client) < 0)
                        _exit(1);
                (void) sd_bus_call_method_async(
                                client,
                                NULL,
                                BUS_NAME,
                                BUS_PATH,
                                BUS_INTERFACE_MANAGER,
                                "RemoveCheck",
                                on_ignored,
                                NULL,
                                "s",
                                "homepage");
                (void) sd_bus_flush(client);
                (void) !read(pipes[0], &c, 1); /* until the test closes its end */
                _exit(0);
        }
        (void) close(pipes[0]);
        WORLD_UNTIL(&f->world, f->authority.held);
        (void) close(pipes[1]);
        WORLD_UNTIL(&f->world, f->authority.n_cancelled == 1);
        /* a late yes changes nothing */
        f->authority.authorized = true;
        (void) answer(&f->authority, f->authority.held);
        world_turns(&f->world, 200);
        g_assert_null(f->world.manager->last);
}

/* The bus stops waiting for polkit: the dialogue must not stay on the screen, its answer would do
 * nothing. */
static void test_polkit_too_late(Fixture *f, gconstpointer data) {
        if (f->skipped)
                return;
        f->authority.late = true;
        ASSERT_SOMEBODY(f, true, SD_BUS_ERROR_ACCESS_DENIED);
        WORLD_UNTIL(&f->world, f->authority.n_cancelled == 1);
}

static void test_bus_gone_while_asked(Fixture *f, gconstpointer data) {
        pid_t pid;

        if (f->skipped)
                return;
        f->authority.hold = true;
        pid = fork();
        if (pid == 0) {
                sd_bus *client = NULL;

                if (setgid(SOMEBODY) < 0 || setuid(SOMEBODY) < 0 || sd_bus_open_system(&client) < 0)
                        _exit(1);
                (void) sd_bus_call_method(
                                client,
                                BUS_NAME,
                                BUS_PATH,
                                BUS_INTERFACE_MANAGER,
                                "RemoveCheck",
                                NULL,
                                NULL,
                                "s",
                                "x");
                _exit(0);
        }
        WORLD_UNTIL(&f->world, f->authority.held);
        n_journal_events = 0;
        broker_stop(&f->broker);
        WORLD_UNTIL(&f->world, n_journal_events == 1); /* the loss */
        g_assert_null(f->world.manager->last);
}

/* Asks so often at once, with a person who never answers, and reads nothing. The child ends with the
 * pipe. */
static pid_t flood(unsigned n, const int pipes[static 2]) {
        pid_t pid = fork();
        sd_bus *client = NULL;
        char c;

        if (pid != 0)
                return pid;
        (void) close(pipes[1]);
        if (setgid(SOMEBODY) < 0 || setuid(SOMEBODY) < 0 || sd_bus_open_system(&client) < 0)
                _exit(1);
        for (unsigned i = 0; i < n; i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;

                (void) sd_bus_message_new_method_call(
                                client, &m, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER, "RemoveCheck");
                (void) sd_bus_message_append(m, "s", "homepage");
                (void) sd_bus_message_set_expect_reply(m, false); /* else the bus daemon limits it */
                (void) sd_bus_message_set_allow_interactive_authorization(m, true);
                (void) sd_bus_send(client, m, NULL);
        }
        (void) sd_bus_flush(client);
        (void) !read(pipes[0], &c, 1);
        _exit(0);
}

/* The bus daemon lets a connection have 512 matches and 128 answers outstanding: one user must not take them
 * all from the others, still less have us lose the bus. */
static void test_flood(Fixture *f, gconstpointer data) {
        g_autofree char *name = NULL;
        int pipes[2];

        if (f->skipped)
                return;
        f->authority.hold = true;
        n_journal_events = 0;
        g_assert_cmpint(pipe(pipes), ==, 0);
        (void) flood(1500, pipes);
        (void) close(pipes[0]);
        WORLD_UNTIL(&f->world, f->authority.held);
        for (unsigned i = 0; i < 50; i++) {
                g_free(call_as(&f->world, 0, false, BUS_PATH, BUS_INTERFACE_MANAGER, "ListAlerts", NULL));
                world_turns(&f->world, 2000);
                g_assert_cmpuint(n_journal_events, ==, 0); /* the bus was not lost */
        }
        g_assert_cmpuint(f->authority.n_asked, <=, POLKIT_QUESTIONS_PER_USER);

        /* others are still asked about */
        f->authority.hold = false;
        f->authority.authorized = true;
        name = call_as(&f->world,
                       /* uid= */ 1, /* which every passwd has */
                       false,
                       BUS_PATH,
                       BUS_INTERFACE_MANAGER,
                       "RemoveCheck",
                       "s",
                       "homepage");
        g_assert_cmpstr(name, ==, BUS_ERROR_NOT_FOUND);
        /* and about this one again, once it is gone */
        (void) close(pipes[1]);
        WORLD_UNTIL(&f->world, f->authority.n_cancelled == POLKIT_QUESTIONS_PER_USER);
        ASSERT_SOMEBODY(f, false, BUS_ERROR_NOT_FOUND);
}

/* A text of so many bytes, from somebody who then waits for the answer until the pipe closes. */
static void send_large(uid_t uid, size_t size, const int pipes[static 2]) {
        g_autofree char *text = NULL;
        sd_bus *client = NULL;
        char c;

        if (fork() != 0)
                return;
        (void) close(pipes[1]);
        text = g_strnfill(size, 'x');
        if (setgid(uid) < 0 || setuid(uid) < 0 || sd_bus_open_system(&client) < 0)
                _exit(1);
        (void) sd_bus_call_method_async(
                        client,
                        NULL,
                        BUS_NAME,
                        BUS_PATH,
                        BUS_INTERFACE_MANAGER,
                        "CheckDocument",
                        on_ignored,
                        NULL,
                        "sa{sv}",
                        text,
                        0);
        (void) sd_bus_flush(client);
        (void) !read(pipes[0], &c, 1);
        _exit(0);
}

static char *check_document(Fixture *f, uid_t uid, size_t size) {
        g_autofree char *text = g_strnfill(size, 'x');

        return call_as(&f->world,
                       uid,
                       /* interactive= */ true,
                       BUS_PATH,
                       BUS_INTERFACE_MANAGER,
                       "CheckDocument",
                       "sa{sv}",
                       text,
                       0);
}

#define MIB ((size_t) (1024 * 1024))

/* A polkit that asks a person answers late: what waits until then must not fill the memory. */
static void test_large_calls_wait(Fixture *f, gconstpointer data) {
        g_autofree char *second = NULL, *small = NULL, *together = NULL, *root = NULL, *after = NULL;
        int pipes[2];

        if (f->skipped)
                return;
        f->authority.hold = true;
        g_assert_cmpint(pipe(pipes), ==, 0);
        send_large(SOMEBODY, 15 * MIB, pipes);
        WORLD_UNTIL(&f->world, f->authority.n_asked == 1);
        second = check_document(f, SOMEBODY, 6 * MIB);
        g_assert_cmpstr(second, ==, SD_BUS_ERROR_LIMITS_EXCEEDED);
        /* of all users, none of whom has too much */
        for (uid_t uid = 1; uid <= 3; uid++) {
                send_large(uid, 15 * MIB, pipes);
                WORLD_UNTIL(&f->world, f->authority.n_asked == 1 + uid);
        }
        together = check_document(f, /* uid= */ 4, 15 * MIB);
        g_assert_cmpstr(together, ==, SD_BUS_ERROR_LIMITS_EXCEEDED);
        g_assert_cmpuint(f->authority.n_asked, ==, 4);

        /* who is not asked about does not wait, and small calls are in nobody's way */
        root = check_document(f, 0, 15 * MIB);
        g_assert_cmpstr(root, ==, BUS_ERROR_NOT_FOUND);
        f->authority.hold = false;
        f->authority.authorized = true;
        small = check_document(f, SOMEBODY, 1000);
        g_assert_cmpstr(small, ==, BUS_ERROR_NOT_FOUND);
        (void) close(pipes[0]);
        (void) close(pipes[1]);
        WORLD_UNTIL(&f->world, f->authority.n_cancelled == 4);
        after = check_document(f, SOMEBODY, 15 * MIB);
        g_assert_cmpstr(after, ==, BUS_ERROR_NOT_FOUND);
}

/* sends an edit whose one value is an array of so many empty dictionaries; the name of the error */
static char *edit_with_parts(World *w, const char *address, unsigned n) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        sd_bus *client = world_client(w, address);
        char *name;

        g_assert_cmpint(sd_bus_message_new_method_call(
                                        client, &m, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER, "EditCheck"),
                        >=,
                        0);
        g_assert_cmpint(sd_bus_message_append(m, "s", "homepage"), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(m, 'a', "{sv}"), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(m, 'e', "sv"), >=, 0);
        g_assert_cmpint(sd_bus_message_append(m, "s", "interval"), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(m, 'v', "aay"), >=, 0);
        g_assert_cmpint(sd_bus_message_open_container(m, 'a', "ay"), >=, 0);
        for (unsigned i = 0; i < n; i++)
                g_assert_cmpint(sd_bus_message_append_array(m, 'y', "x", 1), >=, 0);
        for (unsigned i = 0; i < 4; i++)
                g_assert_cmpint(sd_bus_message_close_container(m), >=, 0);
        reply = world_call_message(w, client, m);
        g_assert_true(sd_bus_message_is_method_error(reply, NULL));
        name = g_strdup(sd_bus_message_get_error(reply)->name);
        (void) sd_bus_close_unref(client);
        return name;
}

static void test_too_large_to_wait(Fixture *f, gconstpointer data) {
        g_autofree char *large = NULL, *most = NULL, *parts = NULL, *few = NULL;

        if (f->skipped)
                return;
        f->authority.authorized = true;
        large = check_document(f, SOMEBODY, POLKIT_BYTES_PER_USER);
        g_assert_cmpstr(large, ==, SD_BUS_ERROR_LIMITS_EXCEEDED);
        g_assert_cmpuint(f->authority.n_asked, ==, 0);
        most = check_document(f, SOMEBODY, DOCUMENT_MAX_BYTES);
        g_assert_cmpstr(most, ==, BUS_ERROR_NOT_FOUND);
        parts = edit_with_parts(&f->world, f->broker.address, MESSAGE_PARTS_MAX);
        g_assert_cmpstr(parts, ==, SD_BUS_ERROR_LIMITS_EXCEEDED);
        few = edit_with_parts(&f->world, f->broker.address, MESSAGE_PARTS_MAX / 2);
        g_assert_cmpstr(few, ==, BUS_ERROR_INVALID);
}

/* ---- who it was ---- */

static void test_audit(Fixture *f, gconstpointer data) {
        if (f->skipped)
                return;
        f->authority.authorized = true;
        ASSERT_SOMEBODY(f, false, BUS_ERROR_NOT_FOUND);
        WORLD_UNTIL(&f->world, journal_last_call);
        g_test_message("%s", journal_last_call);
        g_assert_true(g_str_has_prefix(
                        journal_last_call,
                        "uid 65534 (user@1000.service, session 7) asked for RemoveCheck of homepage: "
                        "not-found"));
        g_assert_nonnull(strstr(journal_last_call, " QUPTIME_CALLER_UID=65534 QUPTIME_CALLER_PID="));
        g_assert_nonnull(strstr(journal_last_call, " QUPTIME_CALLER_UNIT=user@1000.service"));
        g_assert_nonnull(strstr(journal_last_call, " QUPTIME_CALLER_SESSION=7"));
        g_assert_nonnull(strstr(journal_last_call, " QUPTIME_MEMBER=RemoveCheck QUPTIME_OUTCOME=not-found"));
        g_assert_nonnull(strstr(journal_last_call, " QUPTIME_CHECK_NAME=homepage"));
}

/* Whom polkit allows it and who asks for something wrong is told of as well, but not what was wrong: a
 * secret can stand in the wrong place. */
static void test_invalid(Fixture *f, gconstpointer data) {
        if (f->skipped)
                return;
        f->authority.authorized = true;
        for (unsigned i = 0; i <= AUDIT_REFUSALS_MAX; i++) {
                g_autofree char *name = NULL;

                take(&journal_last_call, NULL);
                name = call_as(&f->world,
                               SOMEBODY,
                               false,
                               BUS_PATH,
                               BUS_INTERFACE_MANAGER,
                               "EditAlert",
                               "sa{sv}",
                               "pager",
                               1,
                               "hunter2",
                               "s",
                               "hunter3");
                g_assert_cmpstr(name, ==, BUS_ERROR_INVALID);
                if (i > 0)
                        continue;
                WORLD_UNTIL(&f->world, journal_last_call);
                g_test_message("%s", journal_last_call);
                g_assert_cmpint(journal_last_event, ==, EVENT_CHANGE_REFUSED);
                g_assert_true(g_str_has_prefix(
                                journal_last_call,
                                "uid 65534 (user@1000.service, session 7) asked for EditAlert of pager: "
                                "invalid"));
                g_assert_nonnull(strstr(journal_last_call, " QUPTIME_CALLER_UID=65534 QUPTIME_CALLER_PID="));
                g_assert_nonnull(strstr(journal_last_call, " QUPTIME_CALLER_UNIT=user@1000.service"));
                g_assert_nonnull(strstr(journal_last_call, " QUPTIME_CALLER_SESSION=7"));
                g_assert_nonnull(strstr(
                                journal_last_call, " QUPTIME_MEMBER=EditAlert QUPTIME_OUTCOME=invalid"));
                g_assert_nonnull(strstr(journal_last_call, " QUPTIME_ALERT_NAME=pager"));
                g_assert_null(strstr(journal_last_call, "hunter"));
        }
        /* and as seldom as of the others who are refused */
        g_assert_null(journal_last_call);
        ASSERT_SOMEBODY(f, false, BUS_ERROR_NOT_FOUND);
        WORLD_UNTIL(&f->world, journal_last_call);
        g_assert_cmpint(journal_last_event, ==, EVENT_CALL);
}

/* Who gives a target for a name does not find its password in the journal. */
static void test_no_secret(Fixture *f, gconstpointer data) {
        g_autofree char *name = NULL;

        if (f->skipped)
                return;
        f->world.manager->text = "there is no check \"https://user:hunter2@example.org/\"";
        name = call_as(&f->world,
                       0,
                       false,
                       BUS_PATH,
                       BUS_INTERFACE_MANAGER,
                       "RemoveCheck",
                       "s",
                       "https://user:hunter2@example.org/");
        WORLD_UNTIL(&f->world, journal_last_call);
        g_assert_nonnull(strstr(journal_last_call, "https://***@example.org/"));
        g_assert_null(strstr(journal_last_call, "hunter2"));
}

static void test_refusals_are_counted(Fixture *f, gconstpointer data) {
        if (f->skipped)
                return;
        for (unsigned i = 0; i < 20; i++)
                ASSERT_SOMEBODY(f, false, SD_BUS_ERROR_ACCESS_DENIED);
        take(&journal_last_call, NULL);
        ASSERT_SOMEBODY(f, false, SD_BUS_ERROR_ACCESS_DENIED);
        g_assert_null(journal_last_call);
}

/* ---- the policy ---- */

/* Every action of the table stands in the policy file, and the other way round; each names the service's
 * user. */
static void test_policy(void) {
        g_autofree char *path = g_build_filename(POLKIT_FOLDER, "org.quptime1.policy", NULL), *text = NULL;
        g_autoptr(GHashTable) used = g_hash_table_new(g_str_hash, g_str_equal);
        unsigned n = 0, n_owned = 0;

        g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
        for (size_t i = 0; i < n_permissions; i++) {
                g_autofree char *line = NULL;

                if (!permissions[i].action)
                        continue;
                line = g_strdup_printf("<action id=\"%s\">", permissions[i].action);
                g_assert_nonnull(strstr(text, line));
                g_hash_table_add(used, (void *) permissions[i].action);
        }
        for (const char *p = text; (p = strstr(p, "<action id=")); p++)
                n++;
        for (const char *p = text; (p = strstr(p, "policykit.owner\">unix-user:quptime<")); p++)
                n_owned++;
        g_assert_cmpuint(n, ==, g_hash_table_size(used));
        g_assert_cmpuint(n_owned, ==, n);
}

int main(int argc, char *argv[]) {
        static const struct {
                const char *path;
                void (*test)(Fixture *f, gconstpointer data);
        } tests[] = {
                { "/bus/polkit/allowed", test_allowed },
                { "/bus/polkit/two-actions", test_two_actions },
                { "/bus/polkit/denied", test_denied },
                { "/bus/polkit/no-authority", test_no_authority },
                { "/bus/polkit/root", test_root },
                { "/bus/polkit/caller-gone-while-asked", test_caller_gone_while_asked },
                { "/bus/polkit/bus-gone-while-asked", test_bus_gone_while_asked },
                { "/bus/polkit/flood", test_flood },
                { "/bus/polkit/too-late", test_polkit_too_late },
                { "/bus/polkit/large-calls-wait", test_large_calls_wait },
                { "/bus/polkit/too-large-to-wait", test_too_large_to_wait },
                { "/bus/audit/caller", test_audit },
                { "/bus/audit/invalid", test_invalid },
                { "/bus/audit/no-secret", test_no_secret },
                { "/bus/audit/refusals-are-counted", test_refusals_are_counted },
        };

        g_test_init(&argc, &argv, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        (void) signal(SIGCHLD, SIG_DFL);
        for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
                g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
        g_test_add_func("/bus/polkit/policy", test_policy);
        return g_test_run();
}
