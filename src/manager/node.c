/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/node.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/names.h"
#include "manager/timer.h"
#include "store/file.h"
#include "store/mark.h"
#include "store/nodefile.h"
#include "store/store.h"

/* ---- reading ---- */

#define WAY_OUT                                                                                             \
        "put it back from a backup, or give this host a new identity with \"quptimed --reset\" and invite " \
        "it again"

/* What an interrupted init leaves is no past: node.yaml is written last. cluster.yaml comes only after it,
 * so with that and a register beside it node.yaml is lost. */
static int check_no_past(const Paths *paths, char **reterr_text) {
        g_autofree char *cluster = paths_config(paths, FILE_CLUSTER);

        if (access(cluster, F_OK) < 0 || access(paths->register_db, F_OK) < 0)
                return 0;
        *reterr_text = g_strdup_printf(
                        "%s/" FILE_NODE " is missing, though this node's register and " FILE_CLUSTER
                        " are there: " WAY_OUT,
                        paths->config_dir);
        return -ENOENT;
}

/* adds the way out to a sentence that names the file */
static int fail_file(int r, const char *way_out, char **reterr_text) {
        g_autofree char *why = *reterr_text;

        if (r == -EACCES) { /* which says what to do */
                *reterr_text = TAKE_PTR(why);
                return r;
        }
        if (!why)
                why = g_strdup(g_strerror(-r));
        *reterr_text = g_strdup_printf("%s%s %s", why, g_str_has_suffix(why, "?") ? "" : ".", way_out);
        return r;
}

/* Without a state id it is the original's, and its register is begun anew: never where ours has run, for
 * which the mark is the witness. */
static int check_state_id(const Node *node, char **reterr_text) {
        g_autofree char *mark = paths_config(node->paths, FILE_MARK);

        if ((node->config->state_id && *node->config->state_id) || access(mark, F_OK) < 0)
                return 0;
        *reterr_text = g_strdup_printf(
                        "%s/" FILE_NODE
                        ": state_id: missing, though %s says that this node had one: " WAY_OUT,
                        node->paths->config_dir,
                        mark);
        return -EBADMSG;
}

static int load_identity(Node *node, char **reterr_text) {
        _cleanup_(secret_freep) char *key = NULL;
        g_autofree char *cert = NULL, *why = NULL;
        int r;

        r = keys_load(node->paths, &key, &cert, reterr_text);
        if (r >= 0) {
                r = identity_load(node->config->node_id, key, cert, &node->identity, &why);
                if (r < 0)
                        *reterr_text = g_strdup_printf(
                                        "%s/" FILE_PRIVATE_KEY " and %s/" FILE_CERTIFICATE ": %s",
                                        node->paths->config_dir,
                                        node->paths->config_dir,
                                        why);
        }
        if (r < 0)
                return fail_file(r, "It is what the others know this node by: " WAY_OUT, reterr_text);

        if (!node->config->join_key || join_key_from_string(node->config->join_key, &node->join_key) < 0) {
                r = join_key_derive(node->config->cluster_secret ?: "", &node->join_key);
                if (r < 0) {
                        *reterr_text = g_strdup_printf(
                                        "%s/" FILE_NODE ": cluster_secret must have at least %d characters",
                                        node->paths->config_dir,
                                        SECRET_MIN_CHARS);
                        return r;
                }
        }
        return 0;
}

/* the lock is held as long as the node is open */
static int lock_directory(Node *node, char **reterr_text) {
        const char *directory = node->paths->config_dir;
        int r;

        r = directory_make(directory, 0700);
        if (r >= 0)
                r = node->lock_fd = directory_lock(directory);
        if (r >= 0)
                return 0;
        *reterr_text = r == -EBUSY ? g_strdup_printf("another quptimed works on %s; stop it, or set " ENV_DIR
                                                     " to another directory",
                                                     directory)
                                   : g_strdup_printf("%s: %s; it must be a directory that this user can "
                                                     "write",
                                                     directory,
                                                     g_strerror(-r));
        return r;
}

int node_open(Node **ret, char **reterr_text) {
        _cleanup_(node_closep) Node *node = NULL;
        int r;

        assert(ret);

        node = g_new0(Node, 1);
        node->lock_fd = -1;
        node->trust = trust_file_new();

        r = paths_new(&node->paths);
        if (r < 0) {
                *reterr_text = g_strdup_printf("a path in the environment (" ENV_DIR ", " ENV_SOCKET
                                               ", XDG_…) is not absolute");
                return r;
        }

        r = lock_directory(node, reterr_text);
        if (r < 0)
                return r;

        r = node_load(node->paths, &node->config, reterr_text);
        if (r == -ENOENT) {
                g_clear_pointer(reterr_text, g_free);
                r = check_no_past(node->paths, reterr_text);
                if (r < 0)
                        return r;
                *ret = TAKE_PTR(node);
                return 0;
        }
        if (r < 0)
                return fail_file(r, "Mend it, " WAY_OUT, reterr_text);
        r = check_state_id(node, reterr_text);
        if (r < 0)
                return r;

        r = load_identity(node, reterr_text);
        if (r < 0)
                return r;

        (void) trust_file_free(node->trust);
        node->trust = NULL;
        r = trust_load(node->paths, &node->trust, reterr_text);
        if (r < 0)
                return fail_file(r, "Delete it: it is written anew from the register", reterr_text);

        *ret = TAKE_PTR(node);
        return 0;
}

Node *node_close(Node *node) {
        if (!node)
                return NULL;

        closep(&node->lock_fd);
        (void) trust_file_free(node->trust);
        (void) identity_free(node->identity);
        (void) node_config_free(node->config);
        (void) paths_free(node->paths);
        explicit_bzero(&node->join_key, sizeof node->join_key);
        g_free(node);
        return NULL;
}

bool node_is_initialized(const Node *node) {
        assert(node);
        return node->config;
}

const char *node_bind_address(const Node *node) {
        return node->config && node->config->bind_addr && *node->config->bind_addr ? node->config->bind_addr
                                                                                   : "0.0.0.0";
}

uint16_t node_bind_port(const Node *node) {
        return node->config && node->config->bind_port ? (uint16_t) node->config->bind_port : PORT_DEFAULT;
}

static int fail_exchanged(const Node *node, char **reterr_text) {
        *reterr_text = g_strdup_printf(
                        "%s belongs to another state id than %s/" FILE_NODE
                        ": one of them was restored or exchanged. Starting could vote twice, so it is "
                        "refused; give this host a new identity with \"quptimed --reset\" and invite it "
                        "again",
                        node->paths->register_db,
                        node->paths->config_dir);
        return -ESTALE;
}

static int fail_no_register(const Node *node, char **reterr_text) {
        g_free(*reterr_text);
        *reterr_text = g_strdup_printf(
                        "%s is missing or empty, though %s/" FILE_NODE
                        " says that this node has one. Beginning without it could vote twice, so it is "
                        "refused; give this host a new identity with \"quptimed --reset\" and invite it "
                        "again",
                        node->paths->register_db,
                        node->paths->config_dir);
        return -ENOENT;
}

void node_keep_mark(const Node *node, Store *store) {
        g_autofree char *mark = paths_config(node->paths, FILE_MARK);

        store_keep_mark(store, mark);
}

/* With another id the node would stand outside its own cluster, and dial itself. */
static int check_own_id(const Node *node, const Value *value, char **reterr_text) {
        const char *fingerprint = identity_fingerprint_text(node->identity);
        size_t n;
        Record *const *peers = value_slice(value, RECORD_PEER, &n);

        for (size_t i = 0; i < n; i++) {
                const Peer *peer = peers[i]->object;

                if (strcmp(peer->fingerprint, fingerprint) != 0 ||
                    strcmp(peer->node_id, node->config->node_id) == 0)
                        continue;
                *reterr_text = g_strdup_printf(
                                "%s/" FILE_NODE
                                " says node_id: %s, but the cluster knows this node's key as "
                                "%s; put that back",
                                node->paths->config_dir,
                                node->config->node_id,
                                peer->node_id);
                return -EUCLEAN;
        }
        return 0;
}

int node_open_register(
                const Node *node, sd_event *event, Store **ret, Durable **ret_durable, char **reterr_text) {
        _cleanup_(store_freep) Store *store = NULL;
        _cleanup_(durable_freep) Durable *durable = NULL;
        g_autofree char *mark = NULL;
        int r;

        assert(node);
        assert(node->config);

        r = store_open(event, node->paths->register_db, NULL, &store, &durable, reterr_text);
        if (r == -ENOENT)
                return fail_no_register(node, reterr_text);
        if (r < 0)
                return r;

        /* a lost or rolled-back disk never votes twice: node.yaml, mark and register belong together */
        if (g_strcmp0(durable->state_id, node->config->state_id) != 0)
                return fail_exchanged(node, reterr_text);
        r = check_own_id(node, durable->committed, reterr_text);
        if (r < 0)
                return r;
        mark = paths_config(node->paths, FILE_MARK);
        r = mark_check(mark, node->paths->register_db, durable->state_id, durable->generation, reterr_text);
        if (r < 0)
                return r;
        node_keep_mark(node, store);

        *ret = TAKE_PTR(store);
        *ret_durable = TAKE_PTR(durable);
        return 0;
}

/* ---- making one ---- */

/* what others dial when nobody said: an unspecified address is not one that can be dialled */
static char *default_advertise(const char *bind, uint16_t port) {
        bool unspecified = !*bind || strcmp(bind, "0.0.0.0") == 0 || strcmp(bind, "::") == 0;

        return address_join(unspecified ? "127.0.0.1" : bind, port);
}

static int check_init(const char *advertise, const char *secret, const char *key_type, char **reterr_text) {
        if (advertise && *advertise && address_split(advertise, NULL, NULL) < 0) {
                *reterr_text = g_strdup_printf(
                                "--advertise %s: should be host:port, such as alpha.example.com:9901",
                                advertise);
                return -EINVAL;
        }
        if (secret && *secret && g_utf8_strlen(secret, -1) < SECRET_MIN_CHARS) {
                *reterr_text =
                                g_strdup_printf("the cluster secret is too short: it should have at least "
                                                "%d characters; without "
                                                "one, a good one is made",
                                                SECRET_MIN_CHARS);
                return -EINVAL;
        }
        if (key_type && *key_type && key_type_from_string(key_type) < 0) {
                *reterr_text = g_strdup_printf("--key-type %s: should be ed25519 or rsa3072", key_type);
                return -EINVAL;
        }
        return 0;
}

int node_prepare_init(
                const char *advertise,
                const char *bind,
                uint16_t port,
                const char *secret,
                const char *key_type,
                NewNode **ret,
                char **reterr_text) {
        _cleanup_(new_node_freep) NewNode *new_node = NULL;
        NodeConfig *config;
        int r;

        r = check_init(advertise, secret, key_type, reterr_text);
        if (r < 0)
                return r;

        new_node = g_new0(NewNode, 1);
        new_node->config = config = node_config_new();
        new_node->made_secret = !secret || !*secret;
        config->node_id = random_id();
        config->bind_addr = g_strdup(bind && *bind ? bind : "0.0.0.0");
        config->bind_port = port ?: PORT_DEFAULT;
        config->advertise =
                        advertise && *advertise
                                        ? g_strdup(advertise)
                                        : default_advertise(config->bind_addr, (uint16_t) config->bind_port);
        config->cluster_secret = new_node->made_secret ? random_secret() : g_strdup(secret);
        config->state_id = random_id();

        r = join_key_derive(config->cluster_secret, &new_node->join_key);
        if (r < 0)
                return r;
        config->join_key = join_key_to_string(&new_node->join_key);

        r = identity_generate(
                        key_type && *key_type ? (KeyType) key_type_from_string(key_type) : KEY_ED25519,
                        config->node_id,
                        now_realtime(),
                        &new_node->keys,
                        reterr_text);
        if (r < 0)
                return r;

        r =
                        identity_load(config->node_id,
                                      new_node->keys.key_pem,
                                      new_node->keys.cert_pem,
                                      &new_node->identity,
                                      reterr_text);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(new_node);
        return 0;
}

NewNode *new_node_free(NewNode *new_node) {
        if (!new_node)
                return NULL;

        (void) node_config_free(new_node->config);
        (void) identity_free(new_node->identity);
        new_identity_done(&new_node->keys);
        explicit_bzero(&new_node->join_key, sizeof new_node->join_key);
        g_free(new_node);
        return NULL;
}

int node_commit_init(Node *node, NewNode *new_node, char **reterr_text) {
        g_autofree char *keys = NULL, *old = NULL;
        int r;

        assert(node);
        assert(!node->config);

        /* keys without node.yaml are what an interrupted init, or a lost file, left: kept, but not ours */
        keys = paths_config(node->paths, DIR_KEYS);
        old = g_strconcat(keys, ".old", NULL);
        (void) renameat2(AT_FDCWD, keys, AT_FDCWD, old, RENAME_NOREPLACE);

        r = keys_save(node->paths,
                      new_node->keys.key_pem,
                      new_node->keys.public_pem,
                      new_node->keys.cert_pem);
        if (r >= 0)
                r = trust_save(node->paths, node->trust);
        if (r >= 0)
                r = node_save(node->paths, new_node->config);
        if (r < 0) {
                *reterr_text =
                                g_strdup_printf("cannot write this node's files in %s: %s",
                                                node->paths->config_dir,
                                                g_strerror(-r));
                return r;
        }

        node->config = TAKE_PTR(new_node->config);
        node->identity = TAKE_PTR(new_node->identity);
        node->join_key = new_node->join_key;
        (void) new_node_free(new_node);
        return 0;
}

/* ---- taking over the original's ---- */

int node_adopt(Node *node, char **reterr_text) {
        int r;

        assert(node);
        assert(node->config);

        g_free(node->config->join_key);
        node->config->join_key = join_key_to_string(&node->join_key);
        r = node_save(node->paths, node->config);
        if (r < 0)
                *reterr_text =
                                g_strdup_printf("cannot write %s/" FILE_NODE ": %s",
                                                node->paths->config_dir,
                                                g_strerror(-r));
        return r;
}

/* ---- giving it up ---- */

int node_set_aside(const Paths *paths, char **ret_where) {
        static const char *const names[] = { FILE_NODE,  FILE_CLUSTER, FILE_CLUSTER_REJECTED,
                                             FILE_TRUST, FILE_MARK,    DIR_KEYS };
        g_autofree char *when = usec_to_rfc3339(now_realtime(), /* without_fraction= */ false);
        g_autofree char *where = g_strdup_printf("%s/old-%s", paths->config_dir, when);
        int r;

        r = directory_make(where, 0700);
        if (r < 0)
                return r;

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autofree char *from = paths_config(paths, names[i]);
                g_autofree char *to = g_strdup_printf("%s/%s", where, names[i]);

                if (rename(from, to) < 0 && errno != ENOENT)
                        return -errno;
        }
        /* what was given up must not come back after a power loss: the register of a node.yaml that is
         * gone for good moves after it */
        r = directory_sync(where);
        if (r >= 0)
                r = directory_sync(paths->config_dir);
        if (r >= 0)
                r = store_set_aside(paths->register_db);
        if (r >= 0)
                r = directory_sync(paths->state_dir);
        if (r < 0 && r != -ENOENT)
                return r;

        *ret_where = TAKE_PTR(where);
        return 0;
}

void node_forget(Node *node) {
        assert(node);

        node->config = node_config_free(node->config);
        node->identity = identity_free(node->identity);
        explicit_bzero(&node->join_key, sizeof node->join_key);
        (void) trust_file_free(node->trust);
        node->trust = trust_file_new();
}

/* ---- trust ---- */

static const TrustEntry *find_entry(const TrustFile *trust, const Peer *peer) {
        for (unsigned i = 0; trust->entries && i < trust->entries->len; i++) {
                const TrustEntry *entry = g_ptr_array_index(trust->entries, i);

                if (g_strcmp0(entry->node_id, peer->node_id) == 0 &&
                    g_strcmp0(entry->fingerprint, peer->fingerprint) == 0)
                        return entry;
        }
        return NULL;
}

static int by_node_id(const void *a, const void *b) {
        const TrustEntry *const *x = a, *const *y = b;
        return strcmp((*x)->node_id, (*y)->node_id);
}

bool node_follow_members(Node *node, GPtrArray *peers, usec_t now_realtime_usec) {
        TrustFile *trust = trust_file_new();
        bool changed;

        trust->entries = object_list_new(&trust_entry_type);
        for (unsigned i = 0; i < peers->len; i++) {
                const Peer *peer = g_ptr_array_index(peers, i);
                const TrustEntry *known;
                TrustEntry *entry;

                if (strcmp(peer->node_id, node->config->node_id) == 0)
                        continue;
                known = find_entry(node->trust, peer);
                entry = trust_entry_new();
                entry->node_id = g_strdup(peer->node_id);
                entry->address = g_strdup(peer->advertise);
                entry->fingerprint = g_strdup(peer->fingerprint);
                entry->cert_pem = g_strdup(peer->cert_pem);
                entry->added_at = known ? known->added_at : now_realtime_usec;
                g_ptr_array_add(trust->entries, entry);
        }
        g_ptr_array_sort(trust->entries, by_node_id);

        changed = !trust_file_equal(trust, node->trust);
        (void) trust_file_free(changed ? node->trust : trust);
        if (changed)
                node->trust = trust;
        return changed;
}
