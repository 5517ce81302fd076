/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The private socket: who gets in, who is thrown out, and that programs made for a bus daemon can use it. */

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/names.h"
#include "bus/objects.h"
#include "harness.h"

static int listen_at(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
        g_assert_cmpint(bind(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
        g_assert_cmpint(listen(fd, 8), ==, 0);
        return fd;
}

static int connect_to(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
        g_assert_cmpint(connect(fd, (struct sockaddr *) &address, sizeof(address)), ==, 0);
        return fd;
}

static void assert_works(World *w, const char *address) {
        sd_bus *client = world_client(w, address);
        g_autofree char *term = world_get(w, client, BUS_PATH, BUS_INTERFACE_MANAGER, "Term");

        g_assert_cmpstr(term, ==, " 3");
        (void) sd_bus_close_unref(client);
}

/* ---- the place ---- */

static void test_modes(void) {
        struct stat st;
        _world_ w;
        g_autofree char *run = NULL;

        world_up(&w, BUS_NONE);
        run = g_path_get_dirname(w.socket);
        g_assert_cmpint(stat(run, &st), ==, 0);
        g_assert_cmpint(st.st_mode & 07777, ==, 0700);
        g_assert_cmpint(lstat(w.socket, &st), ==, 0);
        g_assert_true(S_ISSOCK(st.st_mode));
        g_assert_cmpint(st.st_mode & 07777, ==, 0600);
        w.bus = bus_free(w.bus);
        g_assert_cmpint(lstat(w.socket, &st), ==, -1); /* leaves nothing behind */
}

static int start_again(World *w, int fd, char **ret_text) {
        BusOptions options = { .control_fd = fd, .socket_path = fd < 0 ? w->socket : NULL };

        return bus_new(w->event, w->manager, &options, &w->bus, ret_text);
}

static void test_second_daemon(void) {
        g_autofree char *text = NULL;
        Bus *first, *second = NULL;
        _world_ w;
        int r;

        world_up(&w, BUS_NONE);
        first = w.bus;
        r = start_again(&w, -1, &text);
        second = w.bus == first ? NULL : w.bus;
        w.bus = first;
        g_assert_cmpint(r, ==, -EADDRINUSE);
        g_assert_null(second);
        g_assert_nonnull(strstr(text, "Another daemon answers on"));
        assert_works(&w, w.address); /* and the first one still has it */
}

static void test_stale_socket(void) {
        g_autofree char *text = NULL;
        _world_ w;

        world_up(&w, BUS_NONE);
        w.bus = bus_free(w.bus);
        (void) close(listen_at(w.socket)); /* nobody answers there any more */
        g_assert_cmpint(start_again(&w, -1, &text), ==, 0);
        assert_works(&w, w.address);
}

static void test_in_the_way(void) {
        g_autofree char *text = NULL, *other = NULL;
        char *too_long;
        _world_ w;

        world_up(&w, BUS_NONE);
        w.bus = bus_free(w.bus);
        g_assert_true(g_file_set_contents(w.socket, "precious", -1, NULL));
        g_assert_cmpint(start_again(&w, -1, &text), ==, -EEXIST);
        g_assert_nonnull(strstr(text, "no socket"));
        g_assert_true(g_file_test(w.socket, G_FILE_TEST_IS_REGULAR));
        (void) g_remove(w.socket);

        too_long = g_strdup_printf("%s/%0120d", w.folder, 1);
        g_free(w.socket);
        w.socket = too_long;
        g_assert_cmpint(start_again(&w, -1, &other), ==, -ENAMETOOLONG);
        g_assert_nonnull(strstr(other, "QUPTIME_SOCKET"));
}

static void test_handed_over(void) {
        g_autofree char *path = NULL, *address = NULL, *text = NULL;
        struct stat st;
        _world_ w;

        world_up(&w, BUS_NONE);
        w.bus = bus_free(w.bus);
        path = g_build_filename(w.folder, "handed", NULL);
        address = g_strdup_printf("unix:path=%s", path);
        g_assert_cmpint(start_again(&w, listen_at(path), &text), ==, 0);
        assert_works(&w, address);
        w.bus = bus_free(w.bus);
        g_assert_cmpint(lstat(path, &st), ==, 0); /* it is systemd's */
        (void) g_remove(path);
}

/* ---- who ---- */

/* whether a process of that user gets an answer to its greeting */
static bool is_let_in(World *w, uid_t uid) {
        g_autofree char *run = g_path_get_dirname(w->socket);
        int status = 0;
        pid_t pid;

        /* the daemon's modes keep others out already; here the door itself is tried */
        g_assert_cmpint(chmod(w->folder, 0755), ==, 0);
        g_assert_cmpint(chmod(run, 0755), ==, 0);
        g_assert_cmpint(chmod(w->socket, 0666), ==, 0);

        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                g_autofree char *digits = g_strdup_printf("%u", uid);
                char answer[64];
                int fd;

                if (setgid(uid) < 0 || setuid(uid) < 0)
                        _exit(2);
                fd = connect_to(w->socket);
                if (write(fd, "\0AUTH EXTERNAL ", 15) != 15)
                        _exit(0);
                for (const char *c = digits; *c; c++)
                        (void) dprintf(fd, "%02x", (unsigned) *c);
                (void) dprintf(fd, "\r\n");
                _exit(read(fd, answer, sizeof(answer)) > 0 && strncmp(answer, "OK", 2) == 0);
        }
        while (waitpid(pid, &status, WNOHANG) == 0)
                world_turn(w, 5 * USEC_PER_MSEC);
        g_assert_true(WIFEXITED(status));
        g_assert_cmpint(WEXITSTATUS(status), <, 2);
        return WEXITSTATUS(status) == 1;
}

static void test_users(void) {
        _world_ w;

        if (geteuid() != 0) {
                g_test_skip("needs root, to be somebody else");
                world_up(&w, BUS_NONE);
                return;
        }
        world_up(&w, BUS_NONE);
        (void) signal(SIGPIPE, SIG_IGN);
        g_assert_true(is_let_in(&w, 0));
        g_assert_false(is_let_in(&w, 65534));
}

/* an anonymous client, and one that claims to be another user */
static void test_authentication(void) {
        static const char *const wrong[] = { "AUTH ANONYMOUS\r\n", "AUTH EXTERNAL 3939393939\r\n" };
        _world_ w;

        world_up(&w, BUS_NONE);
        for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
                int fd = connect_to(w.socket);
                char answer[64] = "";
                gssize n = -1;

                g_assert_cmpint(write(fd, "", 1), ==, 1);
                g_assert_cmpint(write(fd, wrong[i], strlen(wrong[i])), >, 0);
                WORLD_UNTIL(&w, (n = recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT)) >= 0);
                g_assert_false(g_str_has_prefix(answer, "OK"));
                (void) close(fd);
        }
        assert_works(&w, w.address);
}

/* the first message right behind the end of authentication, in one write */
static void test_hasty_client(void) {
        static const char greeting[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        g_autoptr(GDBusMessage) hello = NULL;
        g_autofree guchar *blob = NULL;
        char answer[1024];
        size_t size, n = 0;
        _world_ w;
        int fd;

        hello = g_dbus_message_new_method_call(BUS_NAME_DRIVER, BUS_PATH_DRIVER, BUS_NAME_DRIVER, "Hello");
        g_dbus_message_set_serial(hello, 1);
        blob = g_dbus_message_to_blob(hello, &size, G_DBUS_CAPABILITY_FLAGS_NONE, NULL);
        g_byte_array_append(bytes, (const guint8 *) greeting, sizeof(greeting) - 1);
        g_byte_array_append(bytes, blob, (guint) size);

        world_up(&w, BUS_NONE);
        fd = connect_to(w.socket);
        g_assert_cmpint(write(fd, bytes->data, bytes->len), ==, bytes->len);
        while (!memmem(answer, n, ":1.1", 4)) { /* the name it is given */
                gssize got = -1;

                WORLD_UNTIL(&w, (got = recv(fd, answer + n, sizeof(answer) - n, MSG_DONTWAIT)) >= 0);
                g_assert_cmpint(got, >, 0);
                n += (size_t) got;
        }
        (void) close(fd);
}

/* ---- limits ---- */

static void test_connections_max(void) {
        int fds[BUS_CONNECTIONS_MAX];
        char byte;
        int extra;
        _world_ w;

        world_up(&w, BUS_NONE);
        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++) {
                fds[i] = connect_to(w.socket);
                world_turns(&w, 10);
        }
        extra = connect_to(w.socket);
        WORLD_UNTIL(&w, recv(extra, &byte, 1, MSG_DONTWAIT) == 0); /* hung up on */
        (void) close(extra);
        for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
                (void) close(fds[i]);
        world_turns(&w, 1000);
        assert_works(&w, w.address);
}

static int on_gone(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        *(bool *) userdata = true;
        return 0;
}

/* A client on a loop of its own, which can stop reading. */
static sd_bus *lazy_client(World *w, bool *gone) {
        sd_bus *client = world_client(w, w->address);

        g_assert_cmpint(sd_bus_match_signal_async(
                                        client,
                                        NULL,
                                        "org.freedesktop.DBus.Local",
                                        NULL,
                                        NULL,
                                        "Disconnected",
                                        on_gone,
                                        NULL,
                                        gone),
                        >=,
                        0);
        while (sd_bus_is_ready(client) == 0)
                world_turn(w, 10 * USEC_PER_MSEC);
        world_turns(w, 100);
        g_assert_cmpint(sd_bus_detach_event(client), >=, 0);
        return client;
}

static void read_until_gone(World *w, sd_bus *client, const bool *gone) {
        g_assert_cmpint(sd_bus_attach_event(client, w->event, SD_EVENT_PRIORITY_NORMAL), >=, 0);
        WORLD_UNTIL(w, *gone);
        (void) sd_bus_unref(client);
}

/* with no call-back no answer would be asked for */
static int on_ignored(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return 0;
}

/* it asks and asks and does not read the answers */
static void test_unread_answers(void) {
        bool gone = false;
        sd_bus *client;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = lazy_client(&w, &gone);
        for (unsigned i = 0; i < 3 * BUS_QUEUE_MAX; i++) {
                int r = sd_bus_call_method_async(
                                client,
                                NULL,
                                BUS_NAME,
                                BUS_PATH,
                                "org.freedesktop.DBus.Introspectable",
                                "Introspect", /* long, for the socket's buffer holds megabytes */
                                on_ignored,
                                NULL,
                                NULL);

                if (r < 0) /* hung up on */
                        break;
                if (i % 16 == 0)
                        world_turns(&w, 100);
        }
        world_turns(&w, 4 * 3 * BUS_QUEUE_MAX); /* all are heard */
        read_until_gone(&w, client, &gone);
        assert_works(&w, w.address);
}

/* it listens and does not read */
static void test_unread_signals(void) {
        g_autofree char *detail = g_strnfill(DETAIL_MAX_BYTES, 'x');
        Transition transition = { .from = CHECK_UP, .to = CHECK_DOWN, .detail = detail };
        bool gone = false;
        sd_bus *client;
        gint64 start;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = lazy_client(&w, &gone);
        for (unsigned i = 0; i < 16 * BUS_QUEUE_MAX; i++)
                w.manager->observer->transition(w.manager->observer_userdata, &transition);
        start = g_get_monotonic_time();
        WORLD_UNTIL(&w, g_get_monotonic_time() > start + (gint64) (2 * BUS_STALL_USEC));
        read_until_gone(&w, client, &gone);
        assert_works(&w, w.address);
}

/* long answers are not even made for who does not read them */
static int on_limits(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        unsigned *n = userdata;

        n[0]++;
        n[1] += sd_bus_message_is_method_error(m, SD_BUS_ERROR_LIMITS_EXCEEDED) > 0;
        return 0;
}

static void test_unread_lists(void) {
        unsigned answers[2] = { 0, 0 };
        bool gone = false;
        sd_bus *client;
        _world_ w;

        world_up(&w, BUS_NONE);
        fake_manager_fill(w.manager, 1000);
        client = lazy_client(&w, &gone);
        for (unsigned i = 0; i < 100; i++)
                g_assert_cmpint(sd_bus_call_method_async(
                                                client,
                                                NULL,
                                                BUS_NAME,
                                                BUS_PATH,
                                                BUS_INTERFACE_MANAGER,
                                                "ListChecks",
                                                on_limits,
                                                answers,
                                                "uu",
                                                0,
                                                0),
                                >=,
                                0);
        world_turns(&w, 1000);
        g_assert_cmpint(sd_bus_attach_event(client, w.event, SD_EVENT_PRIORITY_NORMAL), >=, 0);
        WORLD_UNTIL(&w, answers[0] == 100);
        g_assert_cmpuint(answers[1], >, 50);
        g_assert_false(gone);
        (void) sd_bus_close_unref(client);
}

/* ---- callers that go away ---- */

static void test_caller_gone(void) {
        sd_bus *client;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        w.manager->hold = true;
        manager_begin(client, "TestAlert", "s", "pager");
        WORLD_UNTIL(&w, w.manager->pending->len == 1);
        (void) sd_bus_close_unref(client);
        WORLD_UNTIL(&w, w.manager->n_forgotten == 1);
        fake_manager_release(w.manager);
        assert_works(&w, w.address);
}

/* and a daemon that goes away before its callers */
static void test_daemon_gone(void) {
        sd_bus *client;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        w.manager->hold = true;
        manager_begin(client, "TestAlert", "s", "pager");
        WORLD_UNTIL(&w, w.manager->pending->len == 1);
        w.bus = bus_free(w.bus);
        g_assert_cmpuint(w.manager->n_forgotten, ==, 1);
        (void) sd_bus_close_unref(client);
}

/* ---- the journal ---- */

/* A short document is no name: no part of it is told. */
static void test_document_not_told(void) {
        static const char *const members[] = { "CheckDocument", "ApplyDocument" };
        sd_bus *client;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
                g_clear_pointer(&journal_last_call, g_free);
                (void) sd_bus_message_unref(manager_call(
                                &w, client, members[i], "sa{sv}", "smtp_password: hunter2\n", 0));
                WORLD_UNTIL(&w, journal_last_call);
                g_assert_nonnull(strstr(journal_last_call, members[i]));
                g_assert_null(strstr(journal_last_call, "hunter2"));
        }
        g_clear_pointer(&journal_last_call, g_free);
        (void) sd_bus_close_unref(client);
}

static void assert_told(const char *words) {
        g_autofree char *expected = g_strdup_printf("uid %u asked for %s ", (unsigned) geteuid(), words);

        g_assert_nonnull(journal_last_call);
        if (!g_str_has_prefix(journal_last_call, expected))
                g_error("\"%s\" does not begin with \"%s\"", journal_last_call, expected);
        g_assert_cmpint(journal_last_event, ==, EVENT_CHANGE_REFUSED);
        g_clear_pointer(&journal_last_call, g_free);
}

/* What never came to the manager is told all the same. */
static void test_turned_down(void) {
        sd_bus_message *reply;
        sd_bus *client;
        _world_ w;

        world_up(&w, BUS_NONE);
        client = world_client(&w, w.address);
        reply = manager_call(&w, client, "AddAlert", "a{sv}", 1, "nane", "s", "hunter2");
        assert_error(reply, BUS_ERROR_INVALID, "did you mean");
        assert_told("AddAlert: invalid");
        reply =
                        manager_call(&w,
                                     client,
                                     "ApplyDocument",
                                     "sa{sv}",
                                     "hunter2",
                                     2,
                                     "remove_node",
                                     "s",
                                     "n-1",
                                     "adopt",
                                     "s",
                                     "maybe");
        assert_error(reply, BUS_ERROR_INVALID, NULL);
        assert_told("ApplyDocument: invalid");
        reply =
                        world_call(&w,
                                   client,
                                   BUS_PATH_LOG_CONTROL,
                                   "org.freedesktop.DBus.Properties",
                                   "Set",
                                   "ssv",
                                   BUS_INTERFACE_LOG_CONTROL,
                                   "LogLevel",
                                   "s",
                                   "loud");
        assert_error(reply, SD_BUS_ERROR_INVALID_ARGS, "loud");
        assert_told("LogLevel: invalid");
        w.manager->initialized = false;
        assert_error(manager_call(&w, client, "RemoveCheck", "s", "homepage"),
                     BUS_ERROR_NOT_INITIALIZED,
                     NULL);
        assert_told("RemoveCheck of homepage: refused");
        /* what is open to all is not */
        assert_error(manager_call(&w, client, "ExplainCheck", "s", "homepage"),
                     BUS_ERROR_NOT_INITIALIZED,
                     NULL);
        g_assert_null(journal_last_call);
        (void) sd_bus_close_unref(client);
}

/* ---- programs ---- */

static bool has_program(const char *name) {
        g_autofree char *path = g_find_program_in_path(name);

        if (!path)
                g_test_skip("no such program here");
        return path != NULL;
}

static void test_busctl(void) {
        g_autofree char *address = NULL, *tree = NULL, *property = NULL, *members = NULL, *answer = NULL;
        g_autofree char *refusal = NULL;
        int status;
        _world_ w;

        world_up(&w, BUS_NONE);
        if (!has_program("busctl"))
                return;
        fake_manager_put_check(w.manager, fake_check("c-1", "homepage"));
        address = g_strdup_printf("--address=%s", w.address);
#define BUSCTL(...) ((const char *const[]){ "busctl", "--no-pager", address, __VA_ARGS__, NULL })
        tree = world_run(&w, BUSCTL("tree", "--list", BUS_NAME), NULL);
        g_assert_nonnull(strstr(tree, BUS_PATH_CHECK "/c_2d1\n"));
        g_assert_nonnull(strstr(tree, BUS_PATH_LOG_CONTROL "\n"));
        property =
                        world_run(&w,
                                  BUSCTL("get-property",
                                         BUS_NAME,
                                         BUS_PATH_CHECK "/c_2d1",
                                         BUS_INTERFACE_CHECK,
                                         "Name"),
                                  NULL);
        g_assert_cmpstr(property, ==, "s \"homepage\"\n");
        members = world_run(&w, BUSCTL("introspect", BUS_NAME, BUS_PATH), NULL);
        g_assert_nonnull(strstr(members, ".AddCheck"));
        answer =
                        world_run(&w,
                                  BUSCTL("call",
                                         BUS_NAME,
                                         BUS_PATH,
                                         BUS_INTERFACE_MANAGER,
                                         "AddCheck",
                                         "a{sv}",
                                         "2",
                                         "name",
                                         "s",
                                         "ping",
                                         "type",
                                         "s",
                                         "icmp"),
                                  NULL);
        g_assert_cmpstr(answer, ==, "st \"made\" 8\n");
        refusal = world_run(
                        &w,
                        BUSCTL("call", BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER, "RemoveCheck", "s", ""),
                        &status);
        g_assert_cmpint(status, !=, 0);
        g_assert_nonnull(strstr(refusal, "there is no check"));
}

static int on_poke(sd_event_source *source, uint64_t usec, void *userdata) {
        World *w = userdata;

        w->manager->version++;
        w->manager->observer->node_changed(w->manager->observer_userdata);
        (void) sd_event_source_set_time_relative(source, 100 * USEC_PER_MSEC);
        (void) sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
        return 0;
}

static void test_busctl_monitor(void) {
        _cleanup_(sd_event_source_unrefp) sd_event_source *poke = NULL;
        g_autofree char *address = NULL, *text = NULL;
        int status;
        _world_ w;

        world_up(&w, BUS_NONE);
        if (!has_program("busctl") || !has_program("timeout"))
                return;
        address = g_strdup_printf("--address=%s", w.address);
        g_assert_cmpint(sd_event_add_time_relative(
                                        w.event,
                                        &poke,
                                        CLOCK_MONOTONIC,
                                        100 * USEC_PER_MSEC,
                                        1,
                                        on_poke,
                                        &w),
                        >=,
                        0);
        text = world_run(
                        &w,
                        ((const char *const[]){
                                        "timeout", "2", "busctl", "--no-pager", address, "monitor", NULL }),
                        &status);
        poke = sd_event_source_disable_unref(poke);
        g_assert_nonnull(strstr(text, "PropertiesChanged"));
        g_assert_nonnull(strstr(text, "ConfigVersion"));
}

static void test_gdbus(void) {
        g_autofree char *members = NULL, *answer = NULL, *refusal = NULL, *value = NULL;
        int status;
        _world_ w;

        world_up(&w, BUS_NONE);
        if (!has_program("gdbus"))
                return;
#define GDBUS(...) ((const char *const[]){ "gdbus", __VA_ARGS__, NULL })
#define THERE "--address", w.address, "--dest", BUS_NAME, "--object-path", BUS_PATH
        members = world_run(&w, GDBUS("introspect", THERE, "--recurse"), NULL);
        g_assert_nonnull(strstr(members, "RemoveAlert"));
        g_assert_nonnull(strstr(members, BUS_PATH_PEER));
        answer = world_run(
                        &w,
                        GDBUS("call", THERE, "--method", BUS_INTERFACE_MANAGER ".TestAlert", "pager"),
                        NULL);
        g_assert_cmpstr(answer, ==, "('250 queued',)\n");
        value =
                        world_run(&w,
                                  GDBUS("call",
                                        THERE,
                                        "--method",
                                        "org.freedesktop.DBus.Properties.Get",
                                        BUS_INTERFACE_MANAGER,
                                        "Quorum"),
                                  NULL);
        g_assert_cmpstr(value, ==, "(<true>,)\n");
        refusal =
                        world_run(&w,
                                  GDBUS("call",
                                        THERE,
                                        "--method",
                                        BUS_INTERFACE_MANAGER ".AddAlert",
                                        "{'nane': <'x'>}"),
                                  &status);
        g_assert_cmpint(status, !=, 0);
        g_assert_nonnull(strstr(refusal, BUS_ERROR_INVALID));
        g_assert_nonnull(strstr(refusal, "did you mean"));
}

static void test_gdbus_monitor(void) {
        _cleanup_(sd_event_source_unrefp) sd_event_source *poke = NULL;
        g_autofree char *text = NULL;
        int status;
        _world_ w;

        world_up(&w, BUS_NONE);
        if (!has_program("gdbus") || !has_program("timeout"))
                return;
        g_assert_cmpint(sd_event_add_time_relative(
                                        w.event,
                                        &poke,
                                        CLOCK_MONOTONIC,
                                        100 * USEC_PER_MSEC,
                                        1,
                                        on_poke,
                                        &w),
                        >=,
                        0);
        text =
                        world_run(&w,
                                  ((const char *const[]){ "timeout",
                                                          "2",
                                                          "gdbus",
                                                          "monitor",
                                                          "--address",
                                                          w.address,
                                                          "--dest",
                                                          BUS_NAME,
                                                          NULL }),
                                  &status);
        poke = sd_event_source_disable_unref(poke);
        g_assert_nonnull(strstr(text, "is owned by :1.0"));
        g_assert_nonnull(strstr(text, "PropertiesChanged"));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/bus/private-socket/modes", test_modes);
        g_test_add_func("/bus/private-socket/second-daemon", test_second_daemon);
        g_test_add_func("/bus/private-socket/stale-socket", test_stale_socket);
        g_test_add_func("/bus/private-socket/in-the-way", test_in_the_way);
        g_test_add_func("/bus/private-socket/handed-over", test_handed_over);
        g_test_add_func("/bus/private-socket/users", test_users);
        g_test_add_func("/bus/private-socket/authentication", test_authentication);
        g_test_add_func("/bus/private-socket/hasty-client", test_hasty_client);
        g_test_add_func("/bus/private-socket/connections-max", test_connections_max);
        g_test_add_func("/bus/private-socket/unread-answers", test_unread_answers);
        g_test_add_func("/bus/private-socket/unread-signals", test_unread_signals);
        g_test_add_func("/bus/private-socket/unread-lists", test_unread_lists);
        g_test_add_func("/bus/private-socket/caller-gone", test_caller_gone);
        g_test_add_func("/bus/private-socket/daemon-gone", test_daemon_gone);
        g_test_add_func("/bus/private-socket/document-not-told", test_document_not_told);
        g_test_add_func("/bus/private-socket/turned-down", test_turned_down);
        g_test_add_func("/bus/private-socket/busctl", test_busctl);
        g_test_add_func("/bus/private-socket/busctl-monitor", test_busctl_monitor);
        g_test_add_func("/bus/private-socket/gdbus", test_gdbus);
        g_test_add_func("/bus/private-socket/gdbus-monitor", test_gdbus_monitor);
        return g_test_run();
}
