/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The files that make this node who it is, in the configuration directory: node.yaml (0600), trust.yaml
 * (0600) and keys/ (0700) with private.pem (0600), public.pem and cert.pem (0644). They are this node's own
 * and never replicated. What holds a secret and can be read by others is refused, with a sentence that says
 * what to do.
 *
 * Loaders: -ENOENT: there is none; -EBADMSG: not what it should be; -EACCES: readable by others, or not
 * readable by us; each with a sentence in reterr_text. Savers make the directories; 0 or -errno. */

#include "base/secret.h"
#include "model/document.h"
#include "store/paths.h"

int node_load(const Paths *paths, NodeConfig **ret, char **reterr_text);
int node_save(const Paths *paths, const NodeConfig *node);

int trust_load(const Paths *paths, TrustFile **ret, char **reterr_text); /* no file: an empty one */
int trust_save(const Paths *paths, const TrustFile *trust);

/* PEM texts; the caller frees, the private key with secret_free() */
int keys_load(const Paths *paths, char **ret_private_pem, char **ret_cert_pem, char **reterr_text);
int keys_save(const Paths *paths, const char *private_pem, const char *public_pem, const char *cert_pem);
