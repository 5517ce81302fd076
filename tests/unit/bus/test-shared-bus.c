/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The bus of a bus daemon of the test's own: the name, its loss and return, and who may do what there. */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/names.h"
#include "broker.h"
#include "harness.h"
#include "manager/journal.h"

/* The world, on the broker; false: there is none to test with, and the world stands without. */
static bool shared_up(Broker *b, World *w) {
        bool there = broker_up(b);

        if (there)
                broker_start_and_wait(b);
        world_up(w, there ? BUS_SYSTEM : BUS_NONE);
        if (there)
                WORLD_UNTIL(w, bus_is_ready(w->bus));
        return there;
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
        w.manager->version++;
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
        sd_bus *client;
        _world_ w;

        if (!shared_up(&b, &w))
                return;
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

#define ASSERT_AS(uid, is, ...)                                                                             \
        do {                                                                                                \
                g_autofree char *name_ = call_as(&w, (uid), /* interactive= */ false, __VA_ARGS__);         \
                g_assert_cmpstr(name_, ==, (is));                                                           \
        } while (0)

static void test_permissions(void) {
        static const char *const one_text[] = { "RemoveCheck",  "RemoveAlert", "TestAlert",    "EnableCheck",
                                                "DisableCheck", "EnableAlert", "DisableAlert", "ProbeNode",
                                                "RemoveNode",   "RemoveTrust" };
        _broker_ b;
        _world_ w;

        if (!shared_up(&b, &w) || geteuid() != 0) {
                g_test_skip("needs root, to be somebody else, and dbus-daemon");
                return;
        }
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
        ASSERT_AS(65534,
                  SD_BUS_ERROR_ACCESS_DENIED,
                  BUS_PATH,
                  BUS_INTERFACE_MANAGER,
                  "CheckDocument",
                  "sa{sv}",
                  "x",
                  0);
        ASSERT_AS(65534,
                  SD_BUS_ERROR_ACCESS_DENIED,
                  BUS_PATH,
                  BUS_INTERFACE_MANAGER,
                  "ApplyDocument",
                  "sa{sv}",
                  "x",
                  0);
        /* nor where it names no interface, whatever sd-bus calls that */
        g_free(call_as(&w, 65534, false, BUS_PATH, NULL, "RemoveCheck", "s", "x"));
        g_assert_null(w.manager->last);
        g_assert_null(w.manager->last_text);

        ASSERT_AS(65534, "", BUS_PATH, BUS_INTERFACE_MANAGER, "ListPeers", NULL);
        ASSERT_AS(65534, "", BUS_PATH, BUS_INTERFACE_MANAGER, "ListChecks", "uu", 0, 0);
        ASSERT_AS(65534, "", BUS_PATH, BUS_INTERFACE_MANAGER, "ListAlerts", NULL);
        ASSERT_AS(65534, "", BUS_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", NULL);

        ASSERT_AS(65534, "", BUS_PATH, BUS_INTERFACE_MANAGER, "GetDocument", NULL);
        ASSERT_AS(65534, "", BUS_PATH, BUS_INTERFACE_MANAGER, "Diagnose", NULL);

        ASSERT_AS(0, "", BUS_PATH, BUS_INTERFACE_MANAGER, "TestAlert", "s", "x");
        ASSERT_AS(0, "", BUS_PATH, BUS_INTERFACE_MANAGER, "CheckDocument", "sa{sv}", "a text", 0);
        g_assert_cmpstr(w.manager->last_text, ==, "check a text");
        ASSERT_AS(0,
                  "",
                  BUS_PATH,
                  BUS_INTERFACE_MANAGER,
                  "ApplyDocument",
                  "sa{sv}",
                  "a text",
                  3,
                  "base_version",
                  "t",
                  UINT64_C(3),
                  "adopt",
                  "b",
                  1,
                  "remove_node",
                  "s",
                  "n2");
        g_assert_cmpstr(w.manager->last_text, ==, "apply a text, base 3, adopted, without n2, bus, uid 0");
        ASSERT_AS(0,
                  BUS_ERROR_INVALID,
                  BUS_PATH,
                  BUS_INTERFACE_MANAGER,
                  "ApplyDocument",
                  "sa{sv}",
                  "a text",
                  1,
                  "adobt",
                  "b",
                  1);
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

/* one caller's calls that wait leave room for others' */
static void test_calls_per_caller(void) {
        _cleanup_(sd_bus_unrefp) sd_bus *client = NULL, *other = NULL;
        sd_bus_message *refused;
        _broker_ b;
        _world_ w;

        if (!shared_up(&b, &w))
                return;
        client = world_client(&w, b.address);
        other = world_client(&w, b.address);
        w.manager->hold = true;
        for (unsigned i = 0; i < BUS_CALLS_PER_CALLER; i++) {
                manager_begin(client, "TestAlert", "s", "pager");
                WORLD_UNTIL(&w, w.manager->pending->len == i + 1);
        }
        refused = manager_call(&w, client, "TestAlert", "s", "pager");
        assert_error(refused, SD_BUS_ERROR_LIMITS_EXCEEDED, "64 of your calls are waiting");
        g_assert_cmpuint(w.manager->pending->len, ==, BUS_CALLS_PER_CALLER);
        manager_begin(other, "TestAlert", "s", "pager");
        WORLD_UNTIL(&w, w.manager->pending->len == BUS_CALLS_PER_CALLER + 1);
        fake_manager_release(w.manager);
        world_turns(&w, 1000);
}

/* who is refused again and again is told of seldom; another user's refusal is told of all the same */
static void test_refusals_per_user(void) {
        _broker_ b;
        _world_ w;

        if (!shared_up(&b, &w) || geteuid() != 0)
                return;
        for (unsigned i = 0; i <= AUDIT_REFUSALS_MAX; i++) {
                if (i == AUDIT_REFUSALS_MAX)
                        g_clear_pointer(&journal_last_call, g_free);
                g_free(call_as(&w, 65534, false, BUS_PATH, BUS_INTERFACE_MANAGER, "TestAlert", "s", "x"));
        }
        g_assert_null(journal_last_call);
        /* one that the bus daemon finds a user of */
        g_free(call_as(&w, 1, false, BUS_PATH, BUS_INTERFACE_MANAGER, "TestAlert", "s", "x"));
        g_assert_nonnull(journal_last_call);
        g_assert_true(g_str_has_prefix(journal_last_call, "uid 1 may not TestAlert (" BUS_ACTION_TEST ")"));
}

static void test_caller_gone(void) {
        _broker_ b;
        sd_bus *client;
        _world_ w;

        if (!shared_up(&b, &w))
                return;
        client = world_client(&w, b.address);
        w.manager->hold = true;
        manager_begin(client, "TestAlert", "s", "pager");
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
        g_test_add_func("/bus/shared/calls-per-caller", test_calls_per_caller);
        g_test_add_func("/bus/shared/refusals-per-user", test_refusals_per_user);
        g_test_add_func("/bus/shared/caller-gone", test_caller_gone);
        return g_test_run();
}
