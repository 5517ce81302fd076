/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probes/transfer.h"

#include <assert.h>
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/usec.h"

struct Transfers {
        sd_event *event;
        CURLM *multi;
        sd_event_source *timer;
};

struct Transfer {
        Transfers *transfers;
        CURL *easy;
        int fd; /* until libcurl has taken it */
        struct curl_slist *connect_to;
        bool started;
        bool connect_only;
        transfer_done_t done;
        void *userdata;
        char error[CURL_ERROR_SIZE];
};

/* ---- the multi handle and the loop ---- */

static void transfers_collect(Transfers *transfers) {
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(transfers->multi, &left))) {
                CURLcode code = message->data.result;
                Transfer *transfer = NULL;

                if (message->msg != CURLMSG_DONE)
                        continue;
                (void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **) &transfer);
                if (transfer->connect_only) { /* removed, it would lose its connection */
                        transfer->done(transfer->userdata, transfer->easy, code, transfer->error);
                        continue;
                }
                (void) curl_multi_remove_handle(transfers->multi, transfer->easy);
                transfer->started = false;
                transfer->done(transfer->userdata, transfer->easy, code, transfer->error);
                (void) transfer_free(transfer);
        }
}

static int on_ready(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Transfers *transfers = userdata;
        int action = (events & (EPOLLIN | EPOLLHUP) ? CURL_CSELECT_IN : 0) |
                     (events & EPOLLOUT ? CURL_CSELECT_OUT : 0) | (events & EPOLLERR ? CURL_CSELECT_ERR : 0);
        int running;

        (void) curl_multi_socket_action(transfers->multi, fd, action, &running);
        transfers_collect(transfers);
        return 0;
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *userdata, void *socket_data) {
        Transfers *transfers = userdata;
        sd_event_source *source = socket_data;
        uint32_t events = (what & CURL_POLL_IN ? EPOLLIN : 0) | (what & CURL_POLL_OUT ? EPOLLOUT : 0);

        if (what == CURL_POLL_REMOVE) {
                (void) sd_event_source_disable_unref(source);
                return 0;
        }
        if (source)
                return sd_event_source_set_io_events(source, events) < 0 ? -1 : 0;
        if (sd_event_add_io(transfers->event, &source, fd, events, on_ready, transfers) < 0)
                return -1;
        return curl_multi_assign(transfers->multi, fd, source) == CURLM_OK ? 0 : -1;
}

static int on_time(sd_event_source *source, uint64_t usec, void *userdata) {
        Transfers *transfers = userdata;
        int running;

        (void) curl_multi_socket_action(transfers->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        transfers_collect(transfers);
        return 0;
}

static int on_timer_wanted(CURLM *multi, long msec, void *userdata) {
        Transfers *transfers = userdata;

        if (msec < 0)
                return sd_event_source_set_enabled(transfers->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
        if (sd_event_source_set_time_relative(transfers->timer, (uint64_t) msec * USEC_PER_MSEC) < 0)
                return -1;
        return sd_event_source_set_enabled(transfers->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

int transfers_new(sd_event *event, Transfers **ret) {
        _cleanup_(transfers_freep) Transfers *transfers = NULL;
        int r;

        assert(event);
        assert(ret);

        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return -ENOMEM;

        transfers = g_new0(Transfers, 1);
        transfers->event = sd_event_ref(event);
        r = sd_event_add_time(event, &transfers->timer, CLOCK_MONOTONIC, UINT64_MAX, 1, on_time, transfers);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(transfers->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;

        transfers->multi = curl_multi_init();
        if (!transfers->multi)
                return -ENOMEM;
        (void) curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
        (void) curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETDATA, transfers);
        (void) curl_multi_setopt(transfers->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
        (void) curl_multi_setopt(transfers->multi, CURLMOPT_TIMERDATA, transfers);
        (void) curl_multi_setopt(transfers->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);

        *ret = TAKE_PTR(transfers);
        return 0;
}

Transfers *transfers_free(Transfers *transfers) {
        if (!transfers)
                return NULL;

        if (transfers->multi)
                (void) curl_multi_cleanup(transfers->multi);
        (void) sd_event_source_disable_unref(transfers->timer);
        (void) sd_event_unref(transfers->event);
        g_free(transfers);
        curl_global_cleanup();
        return NULL;
}

/* ---- one transfer ---- */

static curl_socket_t on_open_socket(void *userdata, curlsocktype purpose, struct curl_sockaddr *address) {
        Transfer *transfer = userdata;

        return TAKE_FD(transfer->fd);
}

static int on_socket_opened(void *userdata, curl_socket_t fd, curlsocktype purpose) {
        return CURL_SOCKOPT_ALREADY_CONNECTED;
}

/* CURLOPT_CONNECT_TO rather than CURLOPT_RESOLVE: the latter's entries stay in the multi handle's cache for
 * ever and are shared by all transfers, so that two probes of one name would see each other's addresses. */
static int transfer_set_address(Transfer *transfer, const char *address) {
        g_autofree char *entry = g_strdup_printf(strchr(address, ':') ? "::[%s]:" : "::%s:", address);

        transfer->connect_to = curl_slist_append(NULL, entry);
        if (!transfer->connect_to)
                return -ENOMEM;
        (void) curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_TO, transfer->connect_to);
        return 0;
}

static void transfer_set_options(Transfer *transfer) {
        CURL *easy = transfer->easy;

        (void) curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
        (void) curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
        (void) curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
        (void) curl_easy_setopt(easy, CURLOPT_PROXY, "");
        (void) curl_easy_setopt(easy, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
        (void) curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
        (void) curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
        (void) curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
        (void) curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
        (void) curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* read anew for each connection: 28 ms */
        (void) curl_easy_setopt(easy, CURLOPT_CAINFO, NULL); /* the same: 7 ms */
        (void) curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
        (void) curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, transfer);
        (void) curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket_opened);
        (void) curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, transfer);
}

int transfer_new(
                Transfers *transfers,
                const char *address,
                int fd,
                transfer_done_t done,
                void *userdata,
                Transfer **ret) {
        _cleanup_(transfer_freep) Transfer *transfer = NULL;
        int r;

        assert(transfers);
        assert(address);
        assert(fd >= 0);
        assert(done);
        assert(ret);

        transfer = g_new0(Transfer, 1);
        transfer->transfers = transfers;
        transfer->fd = fd;
        transfer->done = done;
        transfer->userdata = userdata;
        transfer->easy = curl_easy_init();
        if (!transfer->easy)
                return -ENOMEM;

        transfer_set_options(transfer);
        r = transfer_set_address(transfer, address);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(transfer);
        return 0;
}

CURL *transfer_easy(Transfer *transfer) {
        assert(transfer);
        return transfer->easy;
}

void transfer_connect_only(Transfer *transfer) {
        assert(transfer);

        transfer->connect_only = true;
        (void) curl_easy_setopt(transfer->easy, CURLOPT_CONNECT_ONLY, 1L);
        /* it would be closed at once; such a connection is never given to another transfer anyway */
        (void) curl_easy_setopt(transfer->easy, CURLOPT_FORBID_REUSE, 0L);
}

int transfer_start(Transfer *transfer) {
        assert(transfer);

        if (curl_multi_add_handle(transfer->transfers->multi, transfer->easy) != CURLM_OK)
                return -ENOMEM;
        transfer->started = true;
        return 0;
}

Transfer *transfer_free(Transfer *transfer) {
        if (!transfer)
                return NULL;

        if (transfer->started)
                (void) curl_multi_remove_handle(transfer->transfers->multi, transfer->easy);
        if (transfer->easy)
                curl_easy_cleanup(transfer->easy);
        curl_slist_free_all(transfer->connect_to);
        (void) close_fd(transfer->fd);
        g_free(transfer);
        return NULL;
}

/* "Recv failure: Connection reset by peer", "gnutls_handshake() failed: A TLS fatal alert has been
 * received." */
static char *after_colon(const char *error) {
        const char *colon = strstr(error, ": ");
        char *words = g_strdup(colon ? colon + 2 : error);

        if (g_str_has_suffix(words, "."))
                words[strlen(words) - 1] = 0;
        if (g_ascii_isupper(words[0]) && g_ascii_islower(words[1]))
                words[0] = g_ascii_tolower(words[0]);
        return words;
}

char *transfer_error_words(CURLcode code, const char *error) {
        g_autofree char *words = after_colon(error && *error ? error : curl_easy_strerror(code));

        switch (code) {
        case CURLE_GOT_NOTHING:
                return g_strdup("connection closed without an answer");
        case CURLE_PARTIAL_FILE:
                return g_strdup("answer cut off");
        case CURLE_PEER_FAILED_VERIFICATION:
                if (error && g_str_has_prefix(error, "server certificate verification failed"))
                        return g_strdup("TLS: certificate could not be verified"); /* the rest is file names
                                                                                    */
                return g_strdup_printf("TLS: %s", words);
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_CACERT_BADFILE:
                return g_strdup_printf("TLS: %s", words);
        default:
                return g_steal_pointer(&words);
        }
}
