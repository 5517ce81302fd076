/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One TLS 1.3 session on a non-blocking socket. Both sides show a certificate; its chain, names and dates
 * are not looked at: the caller compares the key with its pins once the handshake is done, and before it
 * says anything. No tickets and no early data: a resumed session would let a removed peer back in. */

#include <stdbool.h>
#include <sys/types.h>

#include "transport/identity.h"

typedef struct Tls Tls;

/* fd and identity are borrowed and must outlive it. -ENOMEM: GnuTLS could not. */
int tls_new(const TransportIdentity *identity, int fd, bool is_server, Tls **ret);
Tls *tls_free(Tls *tls);
DEFINE_CLEANUP(Tls, tls_free);

/* steps. -EAGAIN: wait, for writing if tls_wants_write(). -EPROTO: over, tls_error() says why. */
int tls_handshake(Tls *tls);
ssize_t
tls_recv(Tls *tls, void *buffer, size_t size); /* 0: the other side has closed; -ECONNRESET: cut off */
/* After -EAGAIN the same bytes must be offered again. */
ssize_t tls_send(Tls *tls, const void *bytes, size_t size);
int tls_bye(Tls *tls); /* we shall send no more; what the other side sends can still be read */

/* questions */
bool tls_wants_write(const Tls *tls);
bool tls_has_pending(const Tls *tls);  /* bytes that have left the socket already, so that it need not poll
                                          readable */
const char *tls_error(const Tls *tls); /* a phrase */
/* after the handshake */
const Fingerprint *tls_peer_fingerprint(const Tls *tls);
char *tls_peer_certificate(const Tls *tls); /* PEM; caller frees; NULL: none */
int tls_export(const Tls *tls, const char *label, void *ret, size_t size); /* RFC 5705, no context */
