/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/nodefile.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/names.h"
#include "config/yaml.h"
#include "store/file.h"

/* -errno of a file that could not be read, with its sentence */
static int fail_read(int r, const char *path, char **reterr_text) {
        g_autofree char *about = NULL;

        if (!reterr_text)
                return r;
        if (r == -ENOENT) {
                *reterr_text = g_strdup_printf("%s does not exist", path);
                return r;
        }
        about = file_describe(path);
        *reterr_text = g_strdup_printf("cannot read %s (%s): %s", path, about, g_strerror(-r));
        return r;
}

/* A secret that others could read has to be counted as known to them; going on would hide it. */
static int refuse_open_to_others(const char *path, char **reterr_text) {
        g_autofree char *about = NULL;
        struct stat st;

        if (stat(path, &st) < 0)
                return fail_read(-errno, path, reterr_text);
        if ((st.st_mode & 0077) == 0)
                return 0;

        about = file_describe(path);
        if (reterr_text)
                *reterr_text = g_strdup_printf(
                                "%s can be read or changed by others (%s): run \"chmod 0600 %s\", and if a "
                                "stranger may have read it, \"quptimed --reset\" for a new key",
                                path,
                                about,
                                path);
        return -EACCES;
}

static int read_secret(const char *path, char **ret, size_t *ret_size, char **reterr_text) {
        int r;

        r = refuse_open_to_others(path, reterr_text);
        if (r < 0)
                return r;

        r = file_read(path, SMALL_FILE_MAX_BYTES, ret, ret_size);
        return r < 0 ? fail_read(r, path, reterr_text) : 0;
}

static int load_yaml(const ObjectType *type, const char *path, void **ret, char **reterr_text) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        _cleanup_(secret_freep) char *text = NULL;
        size_t size;
        int r;

        r = read_secret(path, &text, &size, reterr_text);
        if (r < 0)
                return r;

        r = yaml_parse(type, text, size, /* flags= */ 0, ret, /* warnings= */ NULL, &complaint);
        if (r < 0 && reterr_text)
                *reterr_text = complaint ? complaint_to_string(complaint, path)
                                         : g_strdup_printf("%s: %s", path, g_strerror(-r));
        return r;
}

static int save_yaml(const Paths *paths, const char *name, const ObjectType *type, const void *object) {
        g_autofree char *path = paths_config(paths, name);
        _cleanup_(secret_freep) char *text = NULL;
        int r;

        r = directory_make(paths->config_dir, 0700);
        if (r < 0)
                return r;

        text = yaml_emit(type, object, /* comment= */ NULL, /* with_end_mark= */ false);
        return file_replace(path, text, strlen(text), 0600);
}

int node_load(const Paths *paths, NodeConfig **ret, char **reterr_text) {
        g_autofree char *path = NULL;
        _cleanup_(node_config_freep) NodeConfig *node = NULL;
        void *object;
        int r;

        assert(paths);
        assert(ret);

        path = paths_config(paths, FILE_NODE);
        r = load_yaml(&node_config_type, path, &object, reterr_text);
        if (r < 0)
                return r;

        node = object;
        if (!node->node_id || !*node->node_id) {
                if (reterr_text)
                        *reterr_text = g_strdup_printf(
                                        "%s: node_id: a node has one, made by \"quctl init\"", path);
                return -EBADMSG;
        }

        *ret = TAKE_PTR(node);
        return 0;
}

int node_save(const Paths *paths, const NodeConfig *node) {
        assert(paths);
        assert(node);

        return save_yaml(paths, FILE_NODE, &node_config_type, node);
}

int trust_load(const Paths *paths, TrustFile **ret, char **reterr_text) {
        g_autofree char *path = NULL;
        void *object;
        int r;

        assert(paths);
        assert(ret);

        path = paths_config(paths, FILE_TRUST);
        if (access(path, F_OK) < 0 && errno == ENOENT) {
                *ret = trust_file_new();
                return 0;
        }

        r = load_yaml(&trust_file_type, path, &object, reterr_text);
        if (r < 0)
                return r;

        *ret = object;
        return 0;
}

int trust_save(const Paths *paths, const TrustFile *trust) {
        assert(paths);
        assert(trust);

        return save_yaml(paths, FILE_TRUST, &trust_file_type, trust);
}

int keys_load(const Paths *paths, char **ret_private_pem, char **ret_cert_pem, char **reterr_text) {
        g_autofree char *private_path = NULL, *cert_path = NULL, *cert_pem = NULL;
        _cleanup_(secret_freep) char *private_pem = NULL;
        int r;

        assert(paths);
        assert(ret_private_pem);
        assert(ret_cert_pem);

        private_path = paths_config(paths, FILE_PRIVATE_KEY);
        r = read_secret(private_path, &private_pem, /* ret_size= */ NULL, reterr_text);
        if (r < 0)
                return r;

        cert_path = paths_config(paths, FILE_CERTIFICATE);
        r = file_read(cert_path, SMALL_FILE_MAX_BYTES, &cert_pem, /* ret_size= */ NULL);
        if (r < 0)
                return fail_read(r, cert_path, reterr_text);

        *ret_private_pem = TAKE_PTR(private_pem);
        *ret_cert_pem = g_steal_pointer(&cert_pem);
        return 0;
}

int keys_save(const Paths *paths, const char *private_pem, const char *public_pem, const char *cert_pem) {
        const struct {
                const char *name, *pem;
                mode_t mode;
        } files[] = {
                { FILE_PRIVATE_KEY, private_pem, 0600 },
                { FILE_PUBLIC_KEY, public_pem, 0644 },
                { FILE_CERTIFICATE, cert_pem, 0644 },
        };
        g_autofree char *directory = NULL;
        int r;

        assert(paths);
        assert(private_pem);
        assert(public_pem);
        assert(cert_pem);

        r = directory_make(paths->config_dir, 0700);
        if (r < 0)
                return r;
        directory = paths_config(paths, DIR_KEYS);
        r = directory_make(directory, 0700);
        if (r < 0)
                return r;

        for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
                g_autofree char *path = paths_config(paths, files[i].name);

                r = file_replace(path, files[i].pem, strlen(files[i].pem), files[i].mode);
                if (r < 0)
                        return r;
        }
        return 0;
}
