/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "tui/face.h"

#define NOW (UINT64_C(1700000000) * USEC_PER_SEC)

typedef struct World {
        Face face;
        Dialogs *dialogs;
        NodeStatus *node;
        GPtrArray *peers, *checks, *alerts;
} World;

static void add_peer(World *world, const char *id, bool live, bool self) {
        PeerRow *peer = peer_row_new();

        peer->node_id = g_strdup(id);
        peer->advertise = g_strdup("192.0.2.1:9901");
        peer->live = live;
        peer->self = self;
        peer->last_seen = NOW - 90 * USEC_PER_SEC;
        g_ptr_array_add(world->peers, peer);
}

static CheckRow *add_check(World *world, const char *name, const char *state, const char *detail) {
        CheckRow *check = check_row_new();

        check->id = g_strdup_printf("1111aaaa-0000-4000-8000-%012u", world->checks->len);
        check->name = g_strdup(name);
        check->state = g_strdup(state);
        check->detail = g_strdup(detail);
        check->ok = strcmp(state, "up") == 0 ? 3 : 1;
        check->total = 3;
        g_ptr_array_add(world->checks, check);
        return check;
}

static void add_alert(World *world) {
        AlertRow *alert = alert_row_new();

        alert->id = g_strdup("2222bbbb-0000-4000-8000-000000000000");
        alert->name = g_strdup("oncall");
        alert->type = g_strdup("discord");
        alert->is_default = true;
        alert->owed = 2;
        alert->body_template = g_strdup("x");
        alert->endpoint = g_strdup("discord.com");
        g_ptr_array_add(world->alerts, alert);
}

static void publish(World *world) {
        GPtrArray *rows[] = { world->peers, world->checks, world->alerts };

        world->face.now_realtime = NOW;
        face_count(&world->face, world->peers, world->checks, world->alerts);
        for (Tab tab = 0; tab < _TAB_MAX; tab++)
                list_set_rows(world->face.lists[tab], rows[tab], NOW);
}

static void world_init(World *world) {
        NodeStatus *node = node_status_new();
        CheckRow *stale;

        *world = (World){ .dialogs = dialogs_new() };
        face_init(&world->face);
        node->initialized = true;
        node->node_id = g_strdup("88a00af9-0000-4000-8000-000000000000");
        node->master = g_strdup("3438fd6f-0000-4000-8000-000000000000");
        node->term = 4;
        node->quorum = true;
        node->quorum_live = 3;
        node->quorum_need = 2;
        node->config_version = 10;
        world->face.node = world->node = node;
        world->face.read_at = NOW - 5 * USEC_PER_SEC;
        world->peers = rows_new(&peer_row_type);
        world->checks = rows_new(&check_row_type);
        world->alerts = rows_new(&alert_row_type);
        add_peer(world, node->node_id, true, true);
        add_peer(world, node->master, true, false);
        add_peer(world, "ddbd0000-0000-4000-8000-000000000000", false, false);
        (void) add_check(world, "homepage", "up", "");
        (void) add_check(world, "db", "down", "dial timeout");
        stale = add_check(world, "gateway", "unknown", "no route\nto host");
        stale->stale_since = NOW - 4 * USEC_PER_MINUTE;
        add_alert(world);
        publish(world);
}

static void world_done(World *world) {
        face_done(&world->face);
        (void) dialogs_free(world->dialogs);
        (void) node_status_free(world->node);
        g_ptr_array_unref(world->peers);
        g_ptr_array_unref(world->checks);
        g_ptr_array_unref(world->alerts);
}

static void assert_picture(World *world, unsigned width, unsigned height, const char *expected) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(width, height);
        g_autofree char *dump = NULL;

        face_draw(&world->face, canvas, world->dialogs);
        dump = canvas_dump(canvas);
        /* the keys are another test's */
        if (g_str_has_suffix(dump, " q quit\n")) {
                *strrchr(dump, '\n') = '\0';
                strrchr(dump, '\n')[1] = '\0';
        }
        g_assert_cmpstr(dump, ==, expected);
}

static void test_tabs(void) {
        _cleanup_(world_done) World world;

        world_init(&world);
        assert_picture(&world,
                       80,
                       12,
                       "┌─ node 88a00af9  master 3438fd6f  (follower)  ● quorum 3/2  term 4  ver 10  ──┐\n"
                       "│ [1] Peers (3, 1 dead)  [2] Checks (3, 1 down)  [3] Alerts (1, 2 owed)        │\n"
                       "├──────────────────────────────────────────────────────────────────────────────┤\n"
                       "│ ID         NAME      STATE                 OK/TOTAL  ALERTS  DETAIL          │\n"
                       "│ 1111aaaa…  homepage  ● up                  3/3       -                       │\n"
                       "│ 1111aaaa…  db        ● down                1/3       -       dial timeout    │\n"
                       "│ 1111aaaa…  gateway   ○ unknown (stale 4m)  1/3       -       no route\\nto h… │\n"
                       "│                                                                              │\n"
                       "│                                                                              │\n"
                       "│                                                                              │\n"
                       "└──────────────────────────────────────────────────────────────────────────────┘\n");
        world.face.tab = TAB_PEERS;
        assert_picture(&world,
                       80,
                       12,
                       "┌─ node 88a00af9  master 3438fd6f  (follower)  ● quorum 3/2  term 4  ver 10  ──┐\n"
                       "│ [1] Peers (3, 1 dead)  [2] Checks (3, 1 down)  [3] Alerts (1, 2 owed)        │\n"
                       "├──────────────────────────────────────────────────────────────────────────────┤\n"
                       "│ NODE_ID                               ADVERTISE       LIVE    LAST SEEN      │\n"
                       "│ 88a00af9-0000-4000-8000-000000000000  192.0.2.1:9901  ● live  this node      │\n"
                       "│ 3438fd6f-0000-4000-8000-000000000000  192.0.2.1:9901  ● live  1m ago         │\n"
                       "│ ddbd0000-0000-4000-8000-000000000000  192.0.2.1:9901  ○ dead  1m ago         │\n"
                       "│                                                                              │\n"
                       "│                                                                              │\n"
                       "│                                                                              │\n"
                       "└──────────────────────────────────────────────────────────────────────────────┘\n");
        world.face.tab = TAB_ALERTS;
        assert_picture(&world,
                       80,
                       12,
                       "┌─ node 88a00af9  master 3438fd6f  (follower)  ● quorum 3/2  term 4  ver 10  ──┐\n"
                       "│ [1] Peers (3, 1 dead)  [2] Checks (3, 1 down)  [3] Alerts (1, 2 owed)        │\n"
                       "├──────────────────────────────────────────────────────────────────────────────┤\n"
                       "│ ID               NAME    TYPE     DEFAULT  ON  CUSTOM-MSG  OWED  ENDPOINT    │\n"
                       "│ 2222bbbb-0000-…  oncall  discord  yes      on  body        2     discord.com │\n"
                       "│                                                                              │\n"
                       "│                                                                              │\n"
                       "│                                                                              │\n"
                       "│                                                                              │\n"
                       "│                                                                              │\n"
                       "└──────────────────────────────────────────────────────────────────────────────┘\n");
}

static void assert_tab_line(World *world, unsigned width, const char *expected) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(width, 8);
        g_autofree char *dump = NULL;
        g_auto(GStrv) lines = NULL;

        publish(world);
        face_draw(&world->face, canvas, world->dialogs);
        dump = canvas_dump(canvas);
        lines = g_strsplit(dump, "\n", -1);
        g_assert_cmpstr(lines[1], ==, expected);
}

/* Numbers go before what is wrong does. */
static void test_tab_line(void) {
        _cleanup_(world_done) World world;

        world_init(&world);
        assert_tab_line(&world,
                        73,
                        "│ [1] Peers (3, 1 dead)  [2] Checks (3, 1 down)  [3] Alerts (1, 2 owed) │");
        assert_tab_line(&world,
                        72,
                        "│ 1 Peers (3, 1 dead)  2 Checks (3, 1 down)  3 Alerts (1, 2 owed)      │");
        assert_tab_line(&world, 60, "│ 1 Peers (1 dead)  2 Checks (1 down)  3 Alerts (2 owed)   │");
        assert_tab_line(&world, 50, "│ 1 Peers (3)  2 Checks (3)  3 Alerts (1)        │");
        assert_tab_line(&world, 42, "│ 1 Peers  2 Checks  3 Alerts            │");
        ((PeerRow *) g_ptr_array_index(world.peers, 2))->live = true;
        ((AlertRow *) g_ptr_array_index(world.alerts, 0))->owed = 0;
        assert_tab_line(&world, 40, "│ 1 Peers  2 Checks (1 down)  3 Alerts │");
}

static void assert_footer(World *world, Tab tab, unsigned width, const char *expected) {
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(width, 8);
        g_autofree char *dump = NULL;

        world->face.tab = tab;
        face_draw(&world->face, canvas, world->dialogs);
        dump = canvas_dump(canvas);
        g_strchomp(dump);
        g_assert_cmpstr(strrchr(dump, '\n') + 1, ==, expected);
}

static void test_footer(void) {
        _cleanup_(world_done) World world;

        world_init(&world);
        assert_footer(&world,
                      TAB_PEERS,
                      80,
                      "/ filter  s sort  r refresh  Tab next  a add  e edit  d remove  ? help  q quit");
        assert_footer(&world,
                      TAB_CHECKS,
                      80,
                      "/ find s sort r read Enter why a add e edit d del t test x on/off ? help q quit");
        assert_footer(&world,
                      TAB_ALERTS,
                      80,
                      "/ find s sort r read a add e edit d del t test D default x on/off ? help q quit");
        assert_footer(&world,
                      TAB_CHECKS,
                      97,
                      "/ filter  s sort  r refresh  Enter why  a add  e edit  d remove  t test  x on/off  ? "
                      "help  q quit");
        assert_footer(&world,
                      TAB_CHECKS,
                      110,
                      "/ filter  s sort  r refresh  Tab next  Enter why  a add  e edit  d remove  t test  x "
                      "on/off  ? help  q quit");
        assert_footer(&world, TAB_CHECKS, 40, "Enter why a add e edit ? help q quit");
        assert_footer(&world, TAB_CHECKS, 24, "Enter why ? help q quit");
}

static void test_small(void) {
        _cleanup_(world_done) World world;

        world_init(&world);
        assert_picture(&world,
                       40,
                       10,
                       "┌─ master 3438fd6f  ● quorum 3/2  ─────┐\n"
                       "│ 1 Peers  2 Checks  3 Alerts          │\n"
                       "├──────────────────────────────────────┤\n"
                       "│ NAME      STATE       OK/TOTAL  ALE… │\n"
                       "│ homepage  ● up        3/3       -    │\n"
                       "│ db        ● down      1/3       -    │\n"
                       "│ gateway   ○ unknown…  1/3       -    │\n"
                       "│                                      │\n"
                       "└──────────────────────────────────────┘\n");
        assert_picture(&world,
                       24,
                       8,
                       "┌─ master 3438fd6f  …──┐\n"
                       "│ 1 Peers  2 Checks  3…│\n"
                       "├──────────────────────┤\n"
                       "│ NAME      STATE      │\n"
                       "│ homepage  ● up       │\n"
                       "│ db        ● down     │\n"
                       "└─────────── 1-2 of 3 ─┘\n");
        assert_picture(&world,
                       23,
                       5,
                       "master 3438fd6f  ● quo…\n"
                       "NAME      STATE       …\n"
                       "homepage  ● up        …\n"
                       "db        ● down      …\n"
                       "gateway   ○ unknown…  …\n");
        assert_picture(&world, 9, 1, "master 3…\n");
        assert_picture(&world, 1, 1, "…\n");
        assert_picture(&world, 0, 0, "");
}

static void test_wide(void) {
        _cleanup_(world_done) World world;
        _cleanup_(canvas_freep) Canvas *canvas = canvas_new_memory(130, 9);
        g_autofree char *dump = NULL;

        world_init(&world);
        face_draw(&world.face, canvas, world.dialogs);
        dump = canvas_dump(canvas);
        g_assert_nonnull(strstr(dump, "┌─ quptime  node 88a00af9"));
        g_assert_nonnull(strstr(dump, "│ 1111aaaa-0000-4000-8000-000000000001  db        ● down    "));
        g_assert_nonnull(strstr(dump, "  no route\\nto host     "));
}

static void test_troubles(void) {
        _cleanup_(world_done) World world;

        world_init(&world);
        world.face.problem = "the daemon is gone";
        assert_picture(&world,
                       80,
                       9,
                       "┌─ node 88a00af9  master 3438fd6f  (follower)  ● quorum 3/2  term 4  ver 10  ──┐\n"
                       "│ [1] Peers (3, 1 dead)  [2] Checks (3, 1 down)  [3] Alerts (1, 2 owed)        │\n"
                       "├─ as it was 5s ago: the daemon is gone ───────────────────────────────────────┤\n"
                       "│ ID         NAME      STATE                 OK/TOTAL  ALERTS  DETAIL          │\n"
                       "│ 1111aaaa…  homepage  ● up                  3/3       -                       │\n"
                       "│ 1111aaaa…  db        ● down                1/3       -       dial timeout    │\n"
                       "│ 1111aaaa…  gateway   ○ unknown (stale 4m)  1/3       -       no route\\nto h… │\n"
                       "└──────────────────────────────────────────────────────────────────────────────┘\n");
        world.face.problem = NULL;
        world.node->quorum = false;
        world.node->quorum_live = 1;
        g_clear_pointer(&world.node->master, g_free);
        world.node->hint = g_strdup("two nodes are not reached");
        face_set_event(&world.face, false, "db is down (dial\033 timeout)", 0);
        /* the clock's zone is the machine's */
        memcpy(world.face.event, "22:31:05", 8);
        assert_picture(&world,
                       80,
                       9,
                       "┌─ quptime  node 88a00af9  no master  ○ NO QUORUM 1/2  term 4  ver 10  ────────┐\n"
                       "│ [1] Peers (3, 1 dead)  [2] Checks (3, 1 down)  [3] Alerts (1, 2 owed)        │\n"
                       "├─ two nodes are not reached ──────────────────────────────────────────────────┤\n"
                       "│ ID         NAME      STATE                 OK/TOTAL  ALERTS  DETAIL          │\n"
                       "│ 1111aaaa…  homepage  ● up                  3/3       -                       │\n"
                       "│ 1111aaaa…  db        ● down                1/3       -       dial timeout    │\n"
                       "│ 1111aaaa…  gateway   ○ unknown (stale 4m)  1/3       -       no route\\nto h… │\n"
                       "└─ 22:31:05 db is down (dial\\x1b timeout) "
                       "─────────────────────────────────────┘\n");
        world.node->initialized = false;
        assert_picture(&world,
                       80,
                       8,
                       "┌─ quptime  node 88a00af9  ────────────────────────────────────────────────────┐\n"
                       "│ [1] Peers (3, 1 dead)  [2] Checks (3, 1 down)  [3] Alerts (1, 2 owed)        │\n"
                       "├─ two nodes are not reached ──────────────────────────────────────────────────┤\n"
                       "│ ID         NAME      STATE                 OK/TOTAL  ALERTS  DETAIL          │\n"
                       "│ 1111aaaa…  homepage  ● up                  3/3       -                       │\n"
                       "│ 1111aaaa…  db        ● down                1/3       -       dial timeout    │\n"
                       "└─ 22:31:05 db is down (dial\\x1b timeout) ────────────────────────── 1-2 of 3 "
                       "─┘\n");
        world.face.node = NULL;
        world.face.read_at = 0;
        assert_picture(&world,
                       80,
                       8,
                       "┌─ quptime  ───────────────────────────────────────────────────────────────────┐\n"
                       "│ [1] Peers (3, 1 dead)  [2] Checks (3, 1 down)  [3] Alerts (1, 2 owed)        │\n"
                       "├──────────────────────────────────────────────────────────────────────────────┤\n"
                       "│ ID         NAME      STATE                 OK/TOTAL  ALERTS  DETAIL          │\n"
                       "│ 1111aaaa…  homepage  ● up                  3/3       -                       │\n"
                       "│ 1111aaaa…  db        ● down                1/3       -       dial timeout    │\n"
                       "└─ 22:31:05 db is down (dial\\x1b timeout) ────────────────────────── 1-2 of 3 "
                       "─┘\n");
}

static void type(World *world, const char *text) {
        for (const char *p = text; *p; p = g_utf8_next_char(p))
                g_assert_true(face_filter_key(
                                &world->face,
                                &(Key){ .kind = TYPED_CHARACTER, .character = g_utf8_get_char(p) }));
}

static void test_filter(void) {
        _cleanup_(world_done) World world;

        world_init(&world);
        g_assert_false(face_filter_key(&world.face, &(Key){ .kind = TYPED_ESCAPE }));
        face_begin_filter(&world.face);
        type(&world, "DOWNé");
        g_assert_true(face_filter_key(&world.face, &(Key){ .kind = TYPED_BACKSPACE }));
        assert_picture(&world,
                       80,
                       9,
                       "┌─ node 88a00af9  master 3438fd6f  (follower)  ● quorum 3/2  term 4  ver 10  ──┐\n"
                       "│ [1] Peers (3, 1 dead)  [2] Checks (3, 1 down)  [3] Alerts (1, 2 owed)        │\n"
                       "├──────────────────────────────────────────────────────────────────────────────┤\n"
                       "│ ID         NAME      STATE                 OK/TOTAL  ALERTS  DETAIL          │\n"
                       "│ 1111aaaa…  db        ● down                1/3       -       dial timeout    │\n"
                       "│                                                                              │\n"
                       "│                                                                              │\n"
                       "└────────────────────────────────────────────────────────────── /DOWN: 1 of 3 ─┘\n"
                       "filter: DOWN\n");
        g_assert_true(face_filter_key(&world.face, &(Key){ .kind = TYPED_ENTER }));
        g_assert_null(world.face.typing);
        g_assert_cmpuint(list_n_shown(world.face.lists[TAB_CHECKS]), ==, 1);
        face_begin_filter(&world.face);
        type(&world, " nowhere");
        assert_picture(&world,
                       80,
                       9,
                       "┌─ node 88a00af9  master 3438fd6f  (follower)  ● quorum 3/2  term 4  ver 10  ──┐\n"
                       "│ [1] Peers (3, 1 dead)  [2] Checks (3, 1 down)  [3] Alerts (1, 2 owed)        │\n"
                       "├──────────────────────────────────────────────────────────────────────────────┤\n"
                       "│ ID         NAME      STATE                 OK/TOTAL  ALERTS  DETAIL          │\n"
                       "│                                                                              │\n"
                       "│ nothing matches the filter: Esc clears it                                    │\n"
                       "│                                                                              │\n"
                       "└────────────────────────────────────────────────────── /DOWN nowhere: 0 of 3 ─┘\n"
                       "filter: DOWN nowhere\n");
        g_assert_true(face_filter_key(&world.face, &(Key){ .kind = TYPED_CONTROL, .character = 'u' }));
        g_assert_cmpuint(list_n_shown(world.face.lists[TAB_CHECKS]), ==, 3);
        type(&world, "db");
        g_assert_true(face_filter_key(&world.face, &(Key){ .kind = TYPED_ESCAPE }));
        g_assert_null(world.face.typing);
        g_assert_cmpuint(list_n_shown(world.face.lists[TAB_CHECKS]), ==, 3);
        /* another tab is another list: the filter ends, the key is somebody else's */
        face_begin_filter(&world.face);
        g_assert_false(face_filter_key(&world.face, &(Key){ .kind = TYPED_TAB }));
        g_assert_null(world.face.typing);
        /* there is a limit */
        face_begin_filter(&world.face);
        for (size_t i = 0; i < 300; i++)
                type(&world, "é");
        g_assert_cmpuint(strlen(list_filter(world.face.lists[TAB_CHECKS])), <=, LIST_FILTER_MAX_BYTES);
}

static void test_sorted_by_state(void) {
        _cleanup_(world_done) World world;
        List *list;

        world_init(&world);
        (void) add_check(&world, "off", "disabled", "");
        ((CheckRow *) g_ptr_array_index(world.checks, 3))->disabled = true;
        publish(&world);
        list = world.face.lists[TAB_CHECKS];
        for (size_t i = 0; i < 3; i++)
                list_sort_next(list);
        assert_picture(&world,
                       80,
                       12,
                       "┌─ node 88a00af9  master 3438fd6f  (follower)  ● quorum 3/2  term 4  ver 10  ──┐\n"
                       "│ [1] Peers (3, 1 dead)  [2] Checks (4, 1 down)  [3] Alerts (1, 2 owed)        │\n"
                       "├──────────────────────────────────────────────────────────────────────────────┤\n"
                       "│ ID         NAME      STATE ▲               OK/TOTAL  ALERTS  DETAIL          │\n"
                       "│ 1111aaaa…  db        ● down                1/3       -       dial timeout    │\n"
                       "│ 1111aaaa…  gateway   ○ unknown (stale 4m)  1/3       -       no route\\nto h… │\n"
                       "│ 1111aaaa…  homepage  ● up                  3/3       -                       │\n"
                       "│ 1111aaaa…  off       ○ disabled            1/3       -                       │\n"
                       "│                                                                              │\n"
                       "│                                                                              │\n"
                       "└──────────────────────────────────────────────────────────────────────────────┘\n");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/face/tabs", test_tabs);
        g_test_add_func("/face/tab-line", test_tab_line);
        g_test_add_func("/face/footer", test_footer);
        g_test_add_func("/face/small", test_small);
        g_test_add_func("/face/wide", test_wide);
        g_test_add_func("/face/troubles", test_troubles);
        g_test_add_func("/face/filter", test_filter);
        g_test_add_func("/face/sorted-by-state", test_sorted_by_state);
        return g_test_run();
}
