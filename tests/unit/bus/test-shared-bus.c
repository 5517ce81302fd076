/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The bus of a bus daemon of the test's own: the name, its loss and return, and who may do what there. */

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/names.h"
#include "harness.h"
#include "manager/journal.h"

static const char configuration[] =
                "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" "
                "\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
                "<busconfig><type>system</type><listen>%s</listen><auth>EXTERNAL</auth>"
                "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/><allow send_type=\"*\"/>"
                "<allow receive_type=\"*\"/><allow send_destination=\"*\"/></policy></busconfig>\n";

typedef struct Broker {
        char *folder;
        char *socket;
        char *address;
        char *file;
        pid_t pid;
} Broker;

static void broker_start(Broker *b) {
        b->pid = fork();
        g_assert_cmpint(b->pid, >=, 0);
        if (b->pid == 0) {
                g_autofree char *option = g_strdup_printf("--config-file=%s", b->file);
                int null = open("/dev/null", O_RDWR);

                (void) dup2(null, 1);
                (void) dup2(null, 2);
                (void) execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", option, NULL);
                _exit(127);
        }
}

static void broker_stop(Broker *b) {
        if (b->pid <= 0)
                return;
        g_assert_cmpint(kill(b->pid, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(b->pid, NULL, 0), ==, b->pid);
        b->pid = 0;
        (void) g_remove(b->socket);
}

/* false: there is no dbus-daemon to test with */
static bool broker_up(Broker *b) {
        g_autofree char *program = g_find_program_in_path("dbus-daemon"), *text = NULL;

        *b = (Broker){ .pid = 0 };
        b->folder = g_dir_make_tmp("quptime-broker-XXXXXX", NULL);
        g_assert_cmpint(chmod(b->folder, 0755), ==, 0);
        b->socket = g_build_filename(b->folder, "socket", NULL);
        b->address = g_strdup_printf("unix:path=%s", b->socket);
        b->file = g_build_filename(b->folder, "bus.conf", NULL);
        text = g_strdup_printf(configuration, b->address);
        g_assert_true(g_file_set_contents(b->file, text, -1, NULL));
        g_assert_true(g_setenv("DBUS_SYSTEM_BUS_ADDRESS", b->address, TRUE));
        if (!program)
                g_test_skip("no dbus-daemon here");
        return program != NULL;
}

static void broker_down(Broker *b) {
        broker_stop(b);
        (void) g_remove(b->file);
        (void) g_rmdir(b->folder);
        g_free(b->folder);
        g_free(b->socket);
        g_free(b->address);
        g_free(b->file);
}
#define _broker_ _cleanup_(broker_down) Broker

static bool is_listening(const Broker *b) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

        (void) g_strlcpy(address.sun_path, b->socket, sizeof(address.sun_path));
        r = connect(fd, (struct sockaddr *) &address, sizeof(address));
        (void) close(fd);
        return r == 0;
}

static void broker_start_and_wait(Broker *b) {
        broker_start(b);
        for (unsigned i = 0; i < 2000 && !is_listening(b); i++)
                g_usleep(10 * 1000);
}

static bool owns_name(World *w, const char *address) {
        sd_bus *client = world_client(w, address);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        int owned = false;

        g_assert_cmpint(sd_bus_message_new_method_call(
                                        client,
                                        &call,
                                        BUS_NAME_DRIVER,
                                        BUS_PATH_DRIVER,
                                        BUS_NAME_DRIVER,
                                        "NameHasOwner"),
                        >=,
                        0);
        g_assert_cmpint(sd_bus_message_append(call, "s", BUS_NAME), >=, 0);
        reply = world_call_message(w, client, call);
        g_assert_cmpint(sd_bus_message_read(reply, "b", &owned), >, 0);
        (void) sd_bus_close_unref(client);
        return owned;
}

/* ---- the name ---- */

static void test_name(void) {
        _broker_ b;
        bool there = broker_up(&b);
        sd_bus *client;
        Ear changed;
        _world_ w;

        if (there)
                broker_start_and_wait(&b);
        world_up(&w, there ? BUS_SYSTEM : BUS_NONE);
        if (!there)
                return;
        n_journal_events = 0;
        g_assert_false(bus_is_ready(w.bus));
        WORLD_UNTIL(&w, bus_is_ready(w.bus));
        g_assert_true(owns_name(&w, b.address));
        g_assert_cmpuint(n_journal_events, ==, 0);

        client = world_client(&w, b.address);
        ear_open(&changed, client, "org.freedesktop.DBus.Properties", "PropertiesChanged");
        assert_done(manager_call(&w, client, "TestAlert", "s", "pager"));
        w.manager->observer->node_changed(w.manager->observer_userdata);
        WORLD_UNTIL(&w, changed.n == 1);
        ear_done(&changed);
        (void) sd_bus_close_unref(client);
}

static void test_no_bus(void) {
        _broker_ b;
        sd_bus *client;
        _world_ w;

        (void) broker_up(&b);
        n_journal_events = 0;
        world_up(&w, BUS_SYSTEM);
        WORLD_UNTIL(&w, bus_is_ready(w.bus));
        client = world_client(&w, w.address);
        assert_done(manager_call(&w, client, "TestAlert", "s", "pager"));
        (void) sd_bus_close_unref(client);
        for (unsigned i = 0; i < 20; i++)
                world_turn(&w, 10 * USEC_PER_MSEC);
        g_assert_cmpuint(n_journal_events, ==, 1); /* however often it is tried */
}

/* It lets us connect, as systemd does on its behalf, and says nothing. */
static void test_silent_bus(void) {
        _broker_ b;
        _world_ w;

        if (!broker_up(&b))
                return;
        broker_start_and_wait(&b);
        g_assert_cmpint(kill(b.pid, SIGSTOP), ==, 0);
        world_patience_usec = 50 * USEC_PER_MSEC;
        n_journal_events = 0;
        world_up(&w, BUS_SYSTEM);
        world_patience_usec = 0;
        WORLD_UNTIL(&w, bus_is_ready(w.bus));
        g_assert_cmpuint(n_journal_events, ==, 1);
        g_assert_cmpint(kill(b.pid, SIGCONT), ==, 0);
        WORLD_UNTIL(&w, n_journal_events == 2); /* on the bus again */
}

static void test_lost_and_found(void) {
        _broker_ b;
        bool there = broker_up(&b);
        sd_bus *client;
        _world_ w;

        if (there)
                broker_start_and_wait(&b);
        world_up(&w, there ? BUS_SYSTEM : BUS_NONE);
        if (!there)
                return;
        WORLD_UNTIL(&w, bus_is_ready(w.bus));
        for (unsigned i = 0; i < 3; i++) {
                n_journal_events = 0;
                broker_stop(&b);
                WORLD_UNTIL(&w, n_journal_events == 1);
                client = world_client(&w, w.address);
                assert_done(manager_call(&w, client, "TestAlert", "s", "pager"));
                (void) sd_bus_close_unref(client);
                broker_start_and_wait(&b);
                WORLD_UNTIL(&w, n_journal_events == 2);
                g_assert_true(owns_name(&w, b.address));
                g_assert_true(bus_is_ready(w.bus));
        }
}

static void test_name_taken(void) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *other = NULL;
        _broker_ b;
        bool there = broker_up(&b);
        _world_ w;

        if (there) {
                broker_start_and_wait(&b);
                g_assert_cmpint(sd_bus_open_system(&other), >=, 0);
                g_assert_cmpint(sd_bus_request_name(other, BUS_NAME, 0), >=, 0);
        }
        n_journal_events = 0;
        world_up(&w, there ? BUS_SYSTEM : BUS_NONE);
        if (!there)
                return;
        WORLD_UNTIL(&w, bus_is_ready(w.bus));
        g_assert_cmpuint(n_journal_events, ==, 1);
        other = sd_bus_flush_close_unref(other);
        WORLD_UNTIL(&w, n_journal_events == 2); /* it is ours now */
        g_assert_true(owns_name(&w, b.address));
}

/* ---- who may do what ---- */

/* What a process of that user is answered: the name of the error, or "" when it is done. Caller frees. */
static char *
call_as(World *w,
        uid_t uid,
        const char *path,
        const char *interface,
        const char *member,
        const char *types,
        ...) {
        char answer[256] = "";
        int pipes[2], status;
        va_list arguments;
        gssize n;
        pid_t pid;

        g_assert_cmpint(pipe2(pipes, O_CLOEXEC), ==, 0);
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                sd_bus_error error = SD_BUS_ERROR_NULL;
                sd_bus_message *call = NULL;
                sd_bus *client = NULL;

                if (setgid(uid) < 0 || setuid(uid) < 0 || sd_bus_open_system(&client) < 0)
                        _exit(1);
                if (sd_bus_message_new_method_call(client, &call, BUS_NAME, path, interface, member) < 0)
                        _exit(2);
                va_start(arguments, types);
                if (types && sd_bus_message_appendv(call, types, arguments) < 0)
                        _exit(3);
                va_end(arguments);
                (void) sd_bus_call(client, call, 0, &error, NULL);
                (void) !write(pipes[1], error.name ?: "", strlen(error.name ?: ""));
                _exit(0);
        }
        (void) close(pipes[1]);
        while (waitpid(pid, &status, WNOHANG) == 0)
                world_turn(w, 5 * USEC_PER_MSEC);
        g_assert_cmpint(status, ==, 0);
        n = read(pipes[0], answer, sizeof(answer) - 1);
        g_assert_cmpint(n, >=, 0);
        (void) close(pipes[0]);
        return g_strdup(answer);
}

#define ASSERT_AS(uid, is, ...)                                                                             \
        do {                                                                                                \
                g_autofree char *name_ = call_as(&w, (uid), __VA_ARGS__);                                   \
                g_assert_cmpstr(name_, ==, (is));                                                           \
        } while (0)

static void test_permissions(void) {
        static const char *const one_text[] = { "RemoveCheck", "RemoveAlert", "TestAlert",
                                                "ProbeNode",   "RemoveNode",  "RemoveTrust" };
        _broker_ b;
        bool there = broker_up(&b) && geteuid() == 0;
        _world_ w;

        if (there)
                broker_start_and_wait(&b);
        else
                g_test_skip("needs root, to be somebody else, and dbus-daemon");
        world_up(&w, there ? BUS_SYSTEM : BUS_NONE);
        if (!there)
                return;
        WORLD_UNTIL(&w, bus_is_ready(w.bus));
        journal_set_level(6);

        for (size_t i = 0; i < G_N_ELEMENTS(one_text); i++)
                ASSERT_AS(65534,
                          SD_BUS_ERROR_ACCESS_DENIED,
                          BUS_PATH,
                          BUS_INTERFACE_MANAGER,
                          one_text[i],
                          "s",
                          "x");
        ASSERT_AS(65534, SD_BUS_ERROR_ACCESS_DENIED, BUS_PATH, BUS_INTERFACE_MANAGER, "Init", "a{sv}", 0);
        ASSERT_AS(65534,
                  SD_BUS_ERROR_ACCESS_DENIED,
                  BUS_PATH,
                  BUS_INTERFACE_MANAGER,
                  "AddCheck",
                  "a{sv}",
                  0);
        ASSERT_AS(65534,
                  SD_BUS_ERROR_ACCESS_DENIED,
                  BUS_PATH,
                  BUS_INTERFACE_MANAGER,
                  "AddAlert",
                  "a{sv}",
                  0);
        ASSERT_AS(65534,
                  SD_BUS_ERROR_ACCESS_DENIED,
                  BUS_PATH,
                  BUS_INTERFACE_MANAGER,
                  "EditCheck",
                  "sa{sv}",
                  "x",
                  0);
        ASSERT_AS(65534,
                  SD_BUS_ERROR_ACCESS_DENIED,
                  BUS_PATH,
                  BUS_INTERFACE_MANAGER,
                  "EditAlert",
                  "sa{sv}",
                  "x",
                  0);
        ASSERT_AS(65534,
                  SD_BUS_ERROR_ACCESS_DENIED,
                  BUS_PATH,
                  BUS_INTERFACE_MANAGER,
                  "AddNode",
                  "ss",
                  "x",
                  "y");
        /* nor where it names no interface, whatever sd-bus calls that */
        g_free(call_as(&w, 65534, BUS_PATH, NULL, "RemoveCheck", "s", "x"));
        g_assert_null(w.manager->last);
        g_assert_null(w.manager->last_text);

        ASSERT_AS(65534, "", BUS_PATH, BUS_INTERFACE_MANAGER, "ListPeers", NULL);
        ASSERT_AS(65534, "", BUS_PATH, BUS_INTERFACE_MANAGER, "ListChecks", "uu", 0, 0);
        ASSERT_AS(65534, "", BUS_PATH, BUS_INTERFACE_MANAGER, "ListAlerts", NULL);
        ASSERT_AS(65534, "", BUS_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL);

        ASSERT_AS(0, "", BUS_PATH, BUS_INTERFACE_MANAGER, "TestAlert", "s", "x");
        ASSERT_AS(0, "", BUS_PATH, BUS_INTERFACE_MANAGER, "AddCheck", "a{sv}", 1, "type", "s", "icmp");
        g_assert_cmpstr(w.manager->last->cause, ==, "bus, uid 0");
        ASSERT_AS(0,
                  BUS_ERROR_INVALID,
                  BUS_PATH,
                  BUS_INTERFACE_MANAGER,
                  "AddCheck",
                  "a{sv}",
                  1,
                  "tpye",
                  "s",
                  "x");

#define SET_LEVEL                                                                                           \
        BUS_PATH_LOG_CONTROL, "org.freedesktop.DBus.Properties", "Set", "ssv", BUS_INTERFACE_LOG_CONTROL,   \
                        "LogLevel", "s"
        ASSERT_AS(65534, SD_BUS_ERROR_ACCESS_DENIED, SET_LEVEL, "debug");
        g_assert_cmpint(journal_level(), ==, 6);
        ASSERT_AS(0, "", SET_LEVEL, "debug");
        g_assert_cmpint(journal_level(), ==, 7);
        ASSERT_AS(0, SD_BUS_ERROR_INVALID_ARGS, SET_LEVEL, "loud");
        journal_set_level(6);
}

static int on_ignored(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        return 0;
}

static void test_caller_gone(void) {
        _broker_ b;
        bool there = broker_up(&b);
        sd_bus *client;
        _world_ w;

        if (there)
                broker_start_and_wait(&b);
        world_up(&w, there ? BUS_SYSTEM : BUS_NONE);
        if (!there)
                return;
        WORLD_UNTIL(&w, bus_is_ready(w.bus));
        client = world_client(&w, b.address);
        w.manager->hold = true;
        g_assert_cmpint(sd_bus_call_method_async(
                                        client,
                                        NULL,
                                        BUS_NAME,
                                        BUS_PATH,
                                        BUS_INTERFACE_MANAGER,
                                        "TestAlert",
                                        on_ignored,
                                        NULL,
                                        "s",
                                        "pager"),
                        >=,
                        0);
        WORLD_UNTIL(&w, w.manager->pending->len == 1);
        world_turns(&w, 100); /* the match is there */
        (void) sd_bus_close_unref(client);
        WORLD_UNTIL(&w, w.manager->n_forgotten == 1);
        fake_manager_release(w.manager);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        g_test_add_func("/bus/shared/name", test_name);
        g_test_add_func("/bus/shared/no-bus", test_no_bus);
        g_test_add_func("/bus/shared/silent-bus", test_silent_bus);
        g_test_add_func("/bus/shared/lost-and-found", test_lost_and_found);
        g_test_add_func("/bus/shared/name-taken", test_name_taken);
        g_test_add_func("/bus/shared/permissions", test_permissions);
        g_test_add_func("/bus/shared/caller-gone", test_caller_gone);
        return g_test_run();
}
