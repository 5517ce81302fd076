/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sys/stat.h>

#include "base/names.h"
#include "manager/node.h"

static char *fresh_directory(void) {
        char *dir = g_dir_make_tmp("quptime-node-XXXXXX", NULL);

        g_assert_nonnull(dir);
        g_setenv(ENV_DIR, dir, TRUE);
        return dir;
}

static void remove_all(const char *dir) {
        const char *argv[] = { "rm", "-rf", dir, NULL };

        g_assert_true(
                        g_spawn_sync(NULL,
                                     (char **) argv,
                                     NULL,
                                     G_SPAWN_SEARCH_PATH,
                                     NULL,
                                     NULL,
                                     NULL,
                                     NULL,
                                     NULL,
                                     NULL));
}

static unsigned mode_of(const char *dir, const char *name) {
        g_autofree char *path = g_build_filename(dir, name, NULL);
        struct stat st;

        g_assert_cmpint(stat(path, &st), ==, 0);
        return st.st_mode & 07777;
}

static void test_init_and_open_again(void) {
        g_autofree char *dir = fresh_directory(), *error = NULL, *node_id = NULL, *fingerprint = NULL;
        _cleanup_(node_closep) Node *node = NULL;
        NewNode *new_node = NULL;

        g_assert_cmpint(node_open(&node, &error), ==, 0);
        g_assert_false(node_is_initialized(node));
        g_assert_cmpint(node_prepare_init("alpha.example.com:9901", NULL, 0, NULL, NULL, &new_node, &error),
                        ==,
                        0);
        g_assert_true(new_node->made_secret);
        g_assert_cmpuint(strlen(new_node->config->cluster_secret), >=, 43);
        g_assert_cmpint(node_commit_init(node, new_node, &error), ==, 0);
        g_assert_true(node_is_initialized(node));
        node_id = g_strdup(node->config->node_id);
        fingerprint = g_strdup(identity_fingerprint_text(node->identity));
        g_assert_cmphex(mode_of(dir, FILE_NODE), ==, 0600);
        g_assert_cmphex(mode_of(dir, FILE_PRIVATE_KEY), ==, 0600);
        g_assert_cmphex(mode_of(dir, DIR_KEYS), ==, 0700);
        g_assert_cmphex(mode_of(dir, FILE_CERTIFICATE), ==, 0644);

        /* a second one on the same directory */
        {
                _cleanup_(node_closep) Node *second = NULL;

                g_assert_cmpint(node_open(&second, &error), ==, -EBUSY);
                g_assert_nonnull(strstr(error, dir));
                g_clear_pointer(&error, g_free);
        }

        node = node_close(node);
        g_assert_cmpint(node_open(&node, &error), ==, 0);
        g_assert_cmpstr(node->config->node_id, ==, node_id);
        g_assert_cmpstr(identity_fingerprint_text(node->identity), ==, fingerprint);
        g_assert_cmpuint(node_bind_port(node), ==, PORT_DEFAULT);
        g_assert_cmpstr(node_bind_address(node), ==, "0.0.0.0");
        remove_all(dir);
}

static void refused(const char *advertise, const char *secret, const char *key_type, const char *word) {
        g_autofree char *error = NULL;
        NewNode *new_node = NULL;

        g_assert_cmpint(node_prepare_init(advertise, NULL, 0, secret, key_type, &new_node, &error),
                        ==,
                        -EINVAL);
        g_assert_null(new_node);
        g_assert_nonnull(strstr(error, word));
}

static void test_bad_words(void) {
        refused("alpha", NULL, NULL, "host:port");
        refused(NULL, "too short", NULL, "20");
        refused(NULL, NULL, "dsa", "ed25519");
}

static void test_leftover_keys_are_kept_aside(void) {
        g_autofree char *dir = fresh_directory(), *error = NULL, *keys = NULL, *old = NULL;
        _cleanup_(node_closep) Node *node = NULL;
        NewNode *new_node = NULL;

        keys = g_build_filename(dir, DIR_KEYS, NULL);
        old = g_build_filename(dir, DIR_KEYS ".old", NULL);
        g_assert_cmpint(g_mkdir(keys, 0700), ==, 0);
        g_assert_cmpint(node_open(&node, &error), ==, 0);
        g_assert_cmpint(node_prepare_init(NULL, "::1", 1234, NULL, NULL, &new_node, &error), ==, 0);
        g_assert_cmpstr(new_node->config->advertise, ==, "[::1]:1234");
        g_assert_cmpint(node_commit_init(node, new_node, &error), ==, 0);
        g_assert_true(g_file_test(old, G_FILE_TEST_IS_DIR));
        remove_all(dir);
}

static void test_trust_follows_members(void) {
        g_autofree char *dir = fresh_directory(), *error = NULL;
        _cleanup_(node_closep) Node *node = NULL;
        NewNode *new_node = NULL;
        g_autoptr(GPtrArray) peers = g_ptr_array_new();
        Peer self = { 0 }, other = { .node_id = (char *) "b",
                                     .fingerprint = (char *) "sha256:1",
                                     .advertise = (char *) "b:1" };

        g_assert_cmpint(node_open(&node, &error), ==, 0);
        g_assert_cmpint(node_prepare_init(NULL, NULL, 0, NULL, NULL, &new_node, &error), ==, 0);
        g_assert_cmpint(node_commit_init(node, new_node, &error), ==, 0);
        self.node_id = node->config->node_id;
        g_ptr_array_add(peers, &self);
        g_assert_false(node_follow_members(node, peers, 1));
        g_ptr_array_add(peers, &other);
        g_assert_true(node_follow_members(node, peers, 2));
        g_assert_false(node_follow_members(node, peers, 3)); /* added_at stays */
        g_assert_cmpuint(node->trust->entries->len, ==, 1);
        g_ptr_array_set_size(peers, 1);
        g_assert_true(node_follow_members(node, peers, 4));
        g_assert_cmpuint(node->trust->entries->len, ==, 0);
        remove_all(dir);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/manager/node/init-and-open-again", test_init_and_open_again);
        g_test_add_func("/manager/node/bad-words", test_bad_words);
        g_test_add_func("/manager/node/leftover-keys-are-kept-aside", test_leftover_keys_are_kept_aside);
        g_test_add_func("/manager/node/trust-follows-members", test_trust_follows_members);
        return g_test_run();
}
