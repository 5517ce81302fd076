/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/nodefile.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/names.h"
#include "fixture.h"
#include "store/file.h"

typedef struct World {
        char *directory;
        Paths *paths;
} World;

static void world_init(World *world) {
        g_autofree char *below = NULL;

        world->directory = fixture_directory_new();
        below = g_build_filename(world->directory, "not", "yet", NULL);
        g_setenv(ENV_DIR, below, TRUE);
        g_assert_cmpint(paths_new(&world->paths), ==, 0);
}

static void world_done(World *world) {
        world->paths = paths_free(world->paths);
        g_clear_pointer(&world->directory, fixture_directory_free);
}
#define WORLD(name) _cleanup_(world_done) World name = {}

static mode_t mode_of(const World *world, const char *name) {
        g_autofree char *path = paths_config(world->paths, name);
        struct stat st;

        g_assert_cmpint(stat(path, &st), ==, 0);
        return st.st_mode & 07777;
}

static void set_mode(const World *world, const char *name, mode_t mode) {
        g_autofree char *path = paths_config(world->paths, name);

        g_assert_cmpint(chmod(path, mode), ==, 0);
}

static void set_text(const World *world, const char *name, const char *text) {
        g_autofree char *path = paths_config(world->paths, name);

        g_assert_true(g_file_set_contents(path, text, -1, NULL));
        g_assert_cmpint(chmod(path, 0600), ==, 0);
}

static void assert_words(const char *text, const char *words) {
        if (!text || !strstr(text, words))
                g_error("'%s' does not say '%s'", text, words);
}

static NodeConfig *some_node(void) {
        NodeConfig *node = node_config_new();

        node->node_id = g_strdup("5f2a9f5e-7d0d-4a63-9a44-000000000001");
        node->bind_addr = g_strdup("127.0.0.1");
        node->bind_port = 9902;
        node->advertise = g_strdup("host.example:9902");
        node->cluster_secret = g_strdup("correct horse: battery \"staple\" # 0123");
        node->state_id = g_strdup("8d3f0c5e");
        return node;
}

static void test_node(void) {
        _cleanup_(node_config_freep) NodeConfig *node = some_node(), *loaded = NULL;
        g_autofree char *text = NULL;
        WORLD(world);

        world_init(&world);
        g_assert_cmpint(node_load(world.paths, &loaded, &text), ==, -ENOENT);
        assert_words(text, "node.yaml does not exist");
        g_assert_cmpint(node_save(world.paths, node), ==, 0);
        g_assert_cmpuint(mode_of(&world, FILE_NODE), ==, 0600);
        g_assert_cmpuint(mode_of(&world, "."), ==, 0700);
        g_assert_cmpint(node_load(world.paths, &loaded, NULL), ==, 0);
        g_assert_true(node_config_equal(node, loaded));
}

static void test_node_refused(void) {
        static const struct {
                const char *yaml, *words;
        } cases[] = {
                { "bind_port: 9901\n", "node_id" },
                { "node_id: a\nbind_prt: 1\n", "node.yaml:2:" },
                { "node_id: [\n", "node.yaml:" },
                { "", "node_id" },
        };
        WORLD(world);

        world_init(&world);
        g_assert_cmpint(directory_make(world.paths->config_dir, 0700), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(node_config_freep) NodeConfig *loaded = NULL;
                g_autofree char *text = NULL;

                set_text(&world, FILE_NODE, cases[i].yaml);
                g_assert_cmpint(node_load(world.paths, &loaded, &text), ==, -EBADMSG);
                assert_words(text, cases[i].words);
        }
}

static void test_trust(void) {
        _cleanup_(trust_file_freep) TrustFile *trust = NULL, *loaded = NULL;
        TrustEntry *entry = trust_entry_new();
        WORLD(world);

        world_init(&world);
        g_assert_cmpint(trust_load(world.paths, &trust, NULL), ==, 0);
        g_assert_true(!trust->entries || trust->entries->len == 0);

        entry->node_id = g_strdup("b");
        entry->address = g_strdup("127.0.0.2:9901");
        entry->fingerprint = g_strdup("sha256:00");
        entry->cert_pem = g_strdup("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
        entry->added_at = 1747062092 * USEC_PER_SEC;
        if (!trust->entries)
                trust->entries = object_list_new(&trust_entry_type);
        g_ptr_array_add(trust->entries, entry);
        g_assert_cmpint(trust_save(world.paths, trust), ==, 0);
        g_assert_cmpuint(mode_of(&world, FILE_TRUST), ==, 0600);
        g_assert_cmpint(trust_load(world.paths, &loaded, NULL), ==, 0);
        g_assert_true(trust_file_equal(trust, loaded));
}

static void test_keys(void) {
        _cleanup_(secret_freep) char *private_pem = NULL;
        g_autofree char *cert_pem = NULL, *text = NULL;
        WORLD(world);

        world_init(&world);
        g_assert_cmpint(keys_load(world.paths, &private_pem, &cert_pem, &text), ==, -ENOENT);
        g_assert_cmpint(keys_save(world.paths, "private\n", "public\n", "certificate\n"), ==, 0);
        g_assert_cmpuint(mode_of(&world, DIR_KEYS), ==, 0700);
        g_assert_cmpuint(mode_of(&world, FILE_PRIVATE_KEY), ==, 0600);
        g_assert_cmpuint(mode_of(&world, FILE_PUBLIC_KEY), ==, 0644);
        g_assert_cmpuint(mode_of(&world, FILE_CERTIFICATE), ==, 0644);
        g_assert_cmpint(keys_load(world.paths, &private_pem, &cert_pem, NULL), ==, 0);
        g_assert_cmpstr(private_pem, ==, "private\n");
        g_assert_cmpstr(cert_pem, ==, "certificate\n");
}

/* a secret that others can read is refused, and the words say what to do */
static void test_open_to_others(void) {
        static const mode_t modes[] = { 0640, 0604, 0660, 0666, 0644 };
        _cleanup_(node_config_freep) NodeConfig *node = some_node();
        WORLD(world);

        world_init(&world);
        g_assert_cmpint(node_save(world.paths, node), ==, 0);
        g_assert_cmpint(keys_save(world.paths, "private\n", "public\n", "certificate\n"), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
                g_autofree char *text = NULL, *about_node = NULL;
                NodeConfig *loaded;
                char *a, *b;

                set_mode(&world, FILE_PRIVATE_KEY, modes[i]);
                g_assert_cmpint(keys_load(world.paths, &a, &b, &text), ==, -EACCES);
                assert_words(text, "private.pem can be read or changed by others");
                assert_words(text, "chmod 0600 ");
                set_mode(&world, FILE_NODE, modes[i]);
                g_assert_cmpint(node_load(world.paths, &loaded, &about_node), ==, -EACCES);
                assert_words(about_node, "node.yaml can be read or changed by others");
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/store/nodefile/node", test_node);
        g_test_add_func("/store/nodefile/node-refused", test_node_refused);
        g_test_add_func("/store/nodefile/trust", test_trust);
        g_test_add_func("/store/nodefile/keys", test_keys);
        g_test_add_func("/store/nodefile/open-to-others", test_open_to_others);
        return g_test_run();
}
