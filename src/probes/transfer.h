/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* libcurl's multi interface on the loop: many transfers, one thread, no signals, no blocking. A transfer
 * gets a connected socket from a Dial; libcurl never resolves and never connects, so it starts no resolver
 * thread, and what a failed connect means is decided in one place. */

#include <curl/curl.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"

typedef struct Transfers Transfers;
typedef struct Transfer Transfer;

int transfers_new(sd_event *event, Transfers **ret);
Transfers *transfers_free(Transfers *transfers); /* after all its transfers */
DEFINE_CLEANUP(Transfers, transfers_free);

/* error: libcurl's sentence, "" for none. All borrowed for the call; the transfer is freed after it. */
typedef void (*transfer_done_t)(void *userdata, CURL *easy, CURLcode code, const char *error);

/* A handle with what all transfers have in common set: no proxy, no signals, no reuse, no CA files of its
 * own; address: numeric, where fd leads. fd: consumed. */
int transfer_new(
                Transfers *transfers,
                const char *address,
                int fd,
                transfer_done_t done,
                void *userdata,
                Transfer **ret);
CURL *transfer_easy(Transfer *transfer); /* borrowed: for the options of the protocol, before the start */
/* Before the start: libcurl only connects and authenticates (CURLOPT_CONNECT_ONLY); the transfer then
 * outlives its done function, for curl_easy_send() and curl_easy_recv(), until transfer_free(). */
void transfer_connect_only(Transfer *transfer);
/* done is never called from within, and never from within one of libcurl's call-backs */
int transfer_start(Transfer *transfer);
/* No call-back follows; not from within one of libcurl's call-backs; returns NULL. */
Transfer *transfer_free(Transfer *transfer);
DEFINE_CLEANUP(Transfer, transfer_free);

/* What went wrong, in words that need no knowledge of libcurl; caller frees. */
char *transfer_error_words(CURLcode code, const char *error);
