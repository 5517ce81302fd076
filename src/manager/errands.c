/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <string.h>

#include "alerts/alerts.h"
#include "alerts/message.h"
#include "base/limits.h"
#include "manager/credentials.h"
#include "manager/delegation.h"
#include "manager/internal.h"
#include "manager/replica.h"
#include "transport/transport.h"
#include "wire/codec.h"

/* The master acts on a value the moment it is committed; that it is, we hear with the next ping. */
#define CATCH_UP_USEC (5 * USEC_PER_SEC)

typedef struct Errand {
        Errands *errands;
        char *from;
        DelegateParams *params;
        TransportCall *call;
        usec_t deadline; /* for the last bytes */
        usec_t patience; /* for the value to have what we are to send */
        Sending *sending;
} Errand;

struct Errands {
        Manager *manager;
        SenderContext *senders;
        GPtrArray *list; /* of Errand, owned */
        sd_event_source *timer;
        sd_event_source *settle;
};

static void errand_free(void *p) {
        Errand *errand = p;

        (void) send_cancel(errand->sending);
        (void) delegate_params_free(errand->params);
        g_free(errand->from);
        g_free(errand);
}

Errands *errands_new(Manager *manager, SenderContext *senders) {
        Errands *errands = g_new0(Errands, 1);

        assert(manager);

        errands->manager = manager;
        errands->senders = senders;
        errands->list = g_ptr_array_new_with_free_func(errand_free);
        return errands;
}

/* ---- answers ---- */

static void reply(Errand *errand, const SendOutcome *outcome) {
        g_autofree char *text = codec_encode_text(
                        &delegate_result_type,
                        &(DelegateResult){ .result = (int) outcome->result,
                                           .retry_after = outcome->retry_after_usec,
                                           .answer = (char *) outcome->answer });

        transport_call_reply(errand->call, text);
}

static void refuse(Errand *errand, const char *why) {
        transport_call_fail(errand->call, why);
        g_ptr_array_remove_fast(errand->errands->list, errand);
}

Errands *errands_free(Errands *errands) {
        if (!errands)
                return NULL;

        for (unsigned i = 0; i < errands->list->len; i++) {
                Errand *errand = g_ptr_array_index(errands->list, i);

                if (errand->sending)
                        reply(errand,
                              &(SendOutcome){ .result = SEND_UNKNOWN,
                                              .answer = "the node that sent it stopped before it knew" });
                else
                        transport_call_fail(errand->call, "this node stops");
        }
        sd_event_source_disable_unref(errands->timer);
        sd_event_source_disable_unref(errands->settle);
        g_ptr_array_unref(errands->list);
        g_free(errands);
        return NULL;
}

static void on_sent(void *userdata, const SendOutcome *outcome) {
        Errand *errand = userdata;

        errand->sending = NULL; /* frees itself after this call */
        reply(errand, outcome);
        g_ptr_array_remove_fast(errand->errands->list, errand);
}

/* ---- whether it may be done ---- */

/* Who asks must lead as far as we know, in no term below ours, and we must have heard of it ourselves within
 * E: a leader that we do not hear may have been replaced. NULL: yes. */
static const char *objection(const Errand *errand) {
        Manager *m = errand->errands->manager;
        const Register *reg = replica_register(m->replica);
        PeerLife life;

        if (errand->params->term < register_term(reg))
                return "the term is over";
        if (errand->params->term > register_term(reg) || strcmp(register_leader(reg), errand->from) != 0 ||
            *register_via(reg))
                return "this node follows another leader, or none";
        register_peer_life(reg, now_boottime(), errand->from, &life);
        if (life.last_heard + register_election_timeout(reg) < now_boottime())
                return "this node has lost contact with the leader";
        if (now_boottime() >= errand->deadline)
                return "it is too late";
        return NULL;
}

static const Recipient *find_recipient(const Notice *notice, const char *address) {
        for (unsigned i = 0; notice && notice->recipients && i < notice->recipients->len; i++) {
                const Recipient *recipient = g_ptr_array_index(notice->recipients, i);

                if (g_strcmp0(recipient->address, address) == 0)
                        return recipient;
        }
        return NULL;
}

static bool is_owed(const Errand *errand, const Recipient *recipient) {
        return recipient && recipient->state == DELIVERY_OWED &&
               recipient->attempts < errand->params->attempt;
}

/* asked again right before the last bytes leave */
static bool may_send(void *userdata) {
        const Errand *errand = userdata;
        const Value *value = manager_value(errand->errands->manager);
        const Notice *notice;

        if (objection(errand))
                return false;
        if (errand->params->is_test)
                return true;
        notice = value_object(value, RECORD_NOTICE, errand->params->notice);
        return is_owed(errand, find_recipient(notice, errand->params->recipient));
}

/* ---- doing it ---- */

/* Renders and sends; what keeps us from it is an outcome, too. */
static void begin(Errand *errand, const Alert *alert, const Notice *notice) {
        Manager *m = errand->errands->manager;
        _cleanup_(message_freep) Message *message = NULL;
        _cleanup_(alert_freep) Alert *resolved = NULL;
        g_autofree char *error = NULL;
        unsigned flags;
        int r;

        r = credentials_resolve(m->credentials, alert, &resolved, &error);
        if (r >= 0)
                r = message_render(manager_value(m), notice, &message, &flags, /* faults= */ NULL);
        if (r >= 0)
                r = send_start(errand->errands->senders,
                               resolved,
                               errand->params->recipient,
                               message,
                               may_send,
                               on_sent,
                               errand,
                               &errand->sending);
        if (r < 0)
                refuse(errand, error ?: g_strerror(-r));
}

/* false: what it is about is not in our value yet */
static bool try_test(Errand *errand) {
        const DelegateParams *params = errand->params;
        const Value *value = manager_value(errand->errands->manager);
        const Alert *alert = value_object(value, RECORD_ALERT, params->alert ?: "");
        _cleanup_(notice_freep) Notice *notice = NULL;

        if (!alert)
                return false;
        if (params->check && *params->check) {
                const Check *check = value_object(value, RECORD_CHECK, params->check);

                if (!check)
                        return false;
                notice = alerts_check_test_notice(
                                value,
                                alert,
                                check,
                                (NoticeEvent) params->event,
                                params->notice,
                                errand->from,
                                params->term,
                                params->when);
        } else
                notice = alerts_test_notice(
                                value, alert, params->notice, errand->from, params->term, params->when);
        if (notice && find_recipient(notice, params->recipient))
                begin(errand, alert, notice);
        else
                refuse(errand, "the alert has no such recipient");
        return true;
}

static bool try_notice(Errand *errand) {
        const Value *value = manager_value(errand->errands->manager);
        const Notice *notice = value_object(value, RECORD_NOTICE, errand->params->notice);
        const Alert *alert = notice ? value_object(value, RECORD_ALERT, notice->alert_id) : NULL;

        if (!alert)
                return false;
        if (is_owed(errand, find_recipient(notice, errand->params->recipient)))
                begin(errand, alert, notice);
        else
                refuse(errand, "it is not owed any more");
        return true;
}

static void try_errand(Errand *errand) {
        Manager *m = errand->errands->manager;
        const char *why = objection(errand);
        bool is_over = errand->params->term < manager_term(m);

        if (errand->sending)
                return;
        if (!why && (errand->params->is_test ? try_test(errand) : try_notice(errand)))
                return;
        if (is_over || now_boottime() >= errand->patience)
                refuse(errand, why ?: "this node does not know what it is to send");
}

static int on_settle(sd_event_source *source, void *userdata);

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        return on_settle(NULL, userdata);
}

static int on_settle(sd_event_source *source, void *userdata) {
        Errands *errands = userdata;
        usec_t deadline = USEC_INFINITY;

        for (unsigned i = errands->list->len; i > 0; i--) /* from the back: one may leave */
                try_errand(g_ptr_array_index(errands->list, i - 1));
        for (unsigned i = 0; i < errands->list->len; i++) {
                const Errand *errand = g_ptr_array_index(errands->list, i);

                if (!errand->sending)
                        deadline = MIN(deadline, errand->patience);
        }
        return timer_arm(
                        errands->manager->event,
                        &errands->timer,
                        deadline,
                        TIMER_RELAXED,
                        on_timer,
                        errands);
}

void errands_update(Errands *errands) {
        assert(errands);

        if (errands->list->len > 0)
                (void) end_of_turn(errands->manager->event, &errands->settle, on_settle, errands);
}

void errands_call(Errands *errands, const char *from, const char *params, TransportCall *call) {
        _cleanup_(delegate_params_freep) DelegateParams *decoded = NULL;
        g_autofree char *error = NULL;
        Errand *errand;

        assert(errands);

        if (codec_decode(&delegate_params_type, params, strlen(params), (void **) &decoded, &error) < 0) {
                transport_call_fail(call, error);
                return;
        }
        if (errands->list->len >= ERRANDS_MAX) {
                transport_call_fail(call, "this node is busy");
                return;
        }
        errand = g_new0(Errand, 1);
        errand->errands = errands;
        errand->from = g_strdup(from);
        errand->params = TAKE_PTR(decoded);
        errand->call = call;
        errand->deadline = now_boottime() + MIN(errand->params->within, ERRAND_MAX_USEC);
        errand->patience = now_boottime() + CATCH_UP_USEC;
        g_ptr_array_add(errands->list, errand);
        errands_update(errands);
}
