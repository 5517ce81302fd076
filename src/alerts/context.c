/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/context.h"

#include <assert.h>

#include "alerts/mentions.h"

#define NSEC_PER_USEC 1000

struct MessageContext {
        TemplateContext context;
        TemplateCheck check;
        GPtrArray *texts; /* owned: strings, and arrays of TemplateString */
        bool breaks_mentions;
};

/* consumed */
static TemplateString keep(MessageContext *context, char *text) {
        if (text && context->breaks_mentions) {
                char *broken = mentions_break(text);

                g_free(text);
                text = broken;
        }
        if (text)
                g_ptr_array_add(context->texts, text);
        return template_string(text);
}

static TemplateString keep_copy(MessageContext *context, const char *text) {
        return keep(context, g_strdup(text));
}

static TemplateList keep_list(MessageContext *context, char *const *list) {
        guint n = list ? g_strv_length((char **) list) : 0;
        TemplateString *items;

        if (n == 0)
                return (TemplateList){ 0 };
        items = g_new0(TemplateString, n);
        g_ptr_array_add(context->texts, items);
        for (guint i = 0; i < n; i++)
                items[i] = keep_copy(context, list[i]);
        return (TemplateList){ items, n, n };
}

static void fill_check(MessageContext *context, const Check *check) {
        context->check = (TemplateCheck){
                .id = keep_copy(context, check->id),
                .name = keep_copy(context, check->name),
                .type = template_string(check_kind_to_string(check->type)),
                .target = keep(context, check_target_masked(check)),
                .interval_nsec = (int64_t) check_interval(check) * NSEC_PER_USEC,
                .timeout_nsec = (int64_t) check_timeout(check) * NSEC_PER_USEC,
                .expect_status =
                                (int64_t) (check->type == CHECK_HTTP ? check_expect_status(check)
                                                                     : check->expect_status),
                .body_match = keep_copy(context, check->body_match),
                .alert_ids = keep_list(context, check->alert_ids),
                .suppress_alert_ids = keep_list(context, check->suppress_alert_ids),
        };
        context->context.check = &context->check;
}

static TemplateTime to_time(usec_t when) {
        return template_time(
                        (int64_t) (when / USEC_PER_SEC), (unsigned) (when % USEC_PER_SEC) * NSEC_PER_USEC);
}

MessageContext *message_context_new(const Notice *notice, bool breaks_mentions) {
        MessageContext *context = g_new0(MessageContext, 1);
        const Transition *transition = notice->transition;
        const char *verb = notice_event_verb(notice->event);

        assert(notice);
        assert(transition);
        assert(transition->check);

        context->texts = g_ptr_array_new_with_free_func(g_free);
        context->breaks_mentions = breaks_mentions;
        fill_check(context, transition->check);
        context->context.from = template_string(check_state_to_string(transition->from));
        context->context.to = template_string(check_state_to_string(transition->to));
        context->context.verb = template_string(verb);
        context->context.verb_lower = keep(context, g_ascii_strdown(verb, -1));
        context->context.node_id = keep_copy(context, transition->node_id);
        context->context.when =
                        keep(context, usec_to_rfc3339(transition->when, /* without_fraction= */ true));
        context->context.snapshot = (TemplateSnapshot){
                .check_id = context->check.id,
                .state = context->context.to,
                .reports = (int64_t) (transition->ok + transition->not_ok),
                .ok_count = (int64_t) transition->ok,
                .not_ok = (int64_t) transition->not_ok,
                .detail = keep_copy(context, transition->detail),
                .update_at = to_time(transition->when),
        };
        return context;
}

MessageContext *message_context_free(MessageContext *context) {
        if (!context)
                return NULL;
        g_ptr_array_unref(context->texts);
        g_free(context);
        return NULL;
}

const TemplateContext *message_context_get(const MessageContext *context) {
        return &context->context;
}
