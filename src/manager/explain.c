/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/explain.h"

#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "manager/internal.h"
#include "manager/messages.h"
#include "manager/timing.h"
#include "transport/transport.h"
#include "wire/codec.h"

/* A question under way: it holds what is known so far. The transport ends it before the manager goes. */
typedef struct Inquiry {
        Manager *manager;
        Call *call;
        Explanation *explanation;
        unsigned n_waiting;
} Inquiry;

/* what this node knows by itself; NULL: no such check */
static Explanation *explain_here(Manager *m, const Check *check) {
        const CheckView *view = judge_view(m->judge, check->id, /* with_votes= */ true);
        Judgement judgement;
        ManagerStatus status;
        Explanation *explanation;

        if (!view || judge_judgement(m->judge, check->id, &judgement) < 0)
                return NULL;
        manager_status(m, &status);
        explanation = explanation_new_of(&(ExplanationSources){
                        .value = m->value,
                        .check = check,
                        .view = view,
                        .judgement = &judgement,
                        .told = m->told,
                        .node_id = status.node_id,
                        .master = status.master,
                        .term = status.term,
                        .quorum = status.quorum,
        });
        judgement_done(&judgement);
        return explanation;
}

void explain_call(Manager *m, const char *params, TransportCall *call) {
        _cleanup_(explain_params_freep) ExplainParams *decoded = NULL;
        _cleanup_(explanation_freep) Explanation *explanation = NULL;
        g_autofree char *error = NULL, *text = NULL;
        const Check *check;

        if (codec_decode(&explain_params_type, params, strlen(params), (void **) &decoded, &error) < 0) {
                transport_call_fail(call, error);
                return;
        }
        check = value_object(m->value, RECORD_CHECK, decoded->check);
        explanation = check ? explain_here(m, check) : NULL;
        if (!explanation) {
                transport_call_fail(call, "no such check");
                return;
        }
        text = codec_encode_text(&explanation_type, explanation);
        transport_call_reply(call, text);
}

/* ---- what relays said ---- */

void explain_sent(Manager *m, const Notice *notice, const Recipient *outcome, const char *node_id) {
        g_autofree char *text = NULL;
        ToldParams params = { .check = notice->check_id };
        Record *const *peers;
        size_t n;

        told_add(m->told, notice, outcome, node_id, now_realtime());
        params.telling = (Telling *) told_find(m->told, notice->id, outcome->address);
        text = codec_encode_text(&told_params_type, &params);
        peers = value_slice(m->value, RECORD_PEER, &n);
        for (size_t i = 0; i < n; i++)
                if (strcmp(peers[i]->id, manager_node_id(m)) != 0)
                        manager_send_text(m, peers[i]->id, METHOD_TOLD, text, /* urgent= */ false);
}

int explain_heard(Manager *m, const char *from, const char *params, char **reterr_text) {
        _cleanup_(told_params_freep) ToldParams *decoded = NULL;
        int r;

        /* who does not lead sends nothing, so it has nothing to tell */
        if (strcmp(from, manager_master(m)) != 0)
                return 0;
        r = codec_decode(&told_params_type, params, strlen(params), (void **) &decoded, reterr_text);
        if (r < 0)
                return r;
        if (value_find(m->value, RECORD_CHECK, decoded->check)) /* of others nobody can ask */
                told_hear(m->told, decoded->check, TAKE_PTR(decoded->telling));
        return 0;
}

/* ---- asking ---- */

/* One node that is asked. */
typedef struct Question {
        Inquiry *inquiry;
        char *node_id;
} Question;

static void inquiry_settle(Inquiry *inquiry) {
        if (--inquiry->n_waiting > 0)
                return;
        call_answer(inquiry->call,
                    &(ManagerAnswer){ .outcome = CHANGE_DONE, .explanation = inquiry->explanation });
        inquiry->manager->n_inquiries--;
        (void) explanation_free(inquiry->explanation);
        g_free(inquiry);
}

static void on_explained(void *userdata, int error, const char *result, const char *text) {
        _cleanup_(explanation_freep) Explanation *theirs = NULL;
        Question *question = userdata;
        Inquiry *inquiry = question->inquiry;

        (void) text;

        /* an older node does not know the question: it counts as silent, as does who speaks for another node
         * or of another check */
        if (error >= 0 &&
            codec_decode(&explanation_type, result, strlen(result), (void **) &theirs, NULL) >= 0 &&
            g_strcmp0(theirs->node_id, question->node_id) == 0 &&
            g_strcmp0(theirs->id, inquiry->explanation->id) == 0) {
                inquiry->explanation->answered++;
                explanation_merge(inquiry->explanation, TAKE_PTR(theirs));
        }
        g_free(question->node_id);
        g_free(question);
        inquiry_settle(inquiry);
}

static bool is_within_reach(const Manager *m, const char *node_id) {
        return transport_is_up(m->transport, node_id) &&
               transport_silence(m->transport, node_id) < timing()->cluster.dead_after;
}

static void ask(Manager *m, Inquiry *inquiry, const char *node_id, const char *params) {
        Question *question;
        int r;

        inquiry->explanation->asked++;
        /* everybody may ask, and a connection carries so many calls: the register's must get through */
        if (m->n_inquiries > EXPLAIN_AT_ONCE || !is_within_reach(m, node_id))
                return;
        inquiry->n_waiting++;
        question = g_new0(Question, 1);
        *question = (Question){ .inquiry = inquiry, .node_id = g_strdup(node_id) };
        r =
                        transport_call(m->transport,
                                       node_id,
                                       METHOD_EXPLAIN,
                                       params,
                                       /* urgent= */ false,
                                       now_boottime() + EXPLAIN_ASK_USEC,
                                       on_explained,
                                       question);
        if (r >= 0)
                return;
        g_free(question->node_id);
        g_free(question);
        inquiry->n_waiting--;
}

void manager_check_explain(Manager *m, const char *id_or_name, manager_answer_t done, void *userdata) {
        Call *call = call_new(m->calls, done, userdata);
        const Check *check = value_check(m->value, id_or_name);
        Explanation *explanation = check && m->replica ? explain_here(m, check) : NULL;
        g_autofree char *params = NULL;
        Record *const *peers;
        Inquiry *inquiry;
        size_t n;

        if (!explanation) {
                call_fail(call, CHANGE_NOT_FOUND, "no check named \"%s\"", id_or_name);
                return;
        }
        inquiry = g_new0(Inquiry, 1);
        *inquiry = (Inquiry){ .manager = m, .call = call, .explanation = explanation, .n_waiting = 1 };
        m->n_inquiries++;
        params = codec_encode_text(&explain_params_type, &(ExplainParams){ .check = check->id });
        peers = value_slice(m->value, RECORD_PEER, &n);
        for (size_t i = 0; i < n; i++)
                if (strcmp(peers[i]->id, manager_node_id(m)) != 0)
                        ask(m, inquiry, peers[i]->id, params);
        inquiry_settle(inquiry);
}
