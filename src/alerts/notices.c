/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/notices.h"

#include <assert.h>

#include "alerts/alerts.h"
#include "base/limits.h"

enum { HASH_CHARS = 16 };

static char *hash_of(const char *text) {
        return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text ? text : "", -1);
}

static bool is_set(const char *text) {
        return text && *text;
}

char *notice_make_id(const Transition *transition, const char *alert_id) {
        g_autofree char *check_hash = NULL, *seed = NULL, *alert_hash = NULL;

        assert(transition);
        assert(transition->check);

        check_hash = hash_of(transition->check->id);
        seed = g_strdup_printf(
                        "%s\n%s\n%" G_GUINT64_FORMAT, alert_id, transition->check->id, transition->when);
        alert_hash = hash_of(seed);
        return g_strdup_printf(
                        "%.*s-%010" G_GUINT64_FORMAT "-%.*s",
                        HASH_CHARS,
                        check_hash,
                        transition->number,
                        HASH_CHARS,
                        alert_hash);
}

/* first record whose id does not sort before prefix, looking at its first HASH_CHARS bytes only; or after it
 */
static size_t bound(Record *const *records, size_t n, const char *prefix, bool after) {
        size_t low = 0, high = n;

        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = strncmp(records[middle]->id, prefix, HASH_CHARS);

                if (order < 0 || (after && order == 0))
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

Record *const *notices_of_check(const Value *value, const char *check_id, size_t *ret_n) {
        g_autofree char *prefix = hash_of(check_id);
        size_t n, first;
        Record *const *records = value_slice(value, RECORD_NOTICE, &n);

        first = bound(records, n, prefix, /* after= */ false);
        *ret_n = bound(records, n, prefix, /* after= */ true) - first;
        return records ? records + first : NULL;
}

static void add_recipient(Notice *notice, const char *address) {
        Recipient *recipient;

        if (notice_recipient(notice, address))
                return;
        recipient = recipient_new();
        recipient->address = g_strdup(address);
        recipient->state = DELIVERY_OWED;
        g_ptr_array_add(notice->recipients, recipient);
}

Notice *notice_compose(const Alert *alert, const Transition *transition, NoticeEvent event) {
        _cleanup_(notice_freep) Notice *notice = notice_new();

        assert(alert);
        assert(transition);

        notice->id = notice_make_id(transition, alert->id);
        notice->check_id = g_strdup(transition->check->id);
        notice->alert_id = g_strdup(alert->id);
        notice->alert_name = g_strdup(alert->name);
        notice->sequence = transition->number;
        notice->event = event;
        notice->transition = transition_copy(transition);
        notice->created = transition->when;
        if (is_set(alert->subject_template))
                notice->subject_template_hash = hash_of(alert->subject_template);
        if (is_set(alert->body_template))
                notice->body_template_hash = hash_of(alert->body_template);

        notice->recipients = object_list_new(&recipient_type);
        if (alert->type != ALERT_SMTP)
                add_recipient(notice, RECIPIENT_WEBHOOK);
        else
                for (char **p = alert->smtp_to; p && *p; p++)
                        add_recipient(notice, *p);
        return notice->recipients->len > 0 ? TAKE_PTR(notice) : NULL;
}

guint notice_n_recipients(const Notice *notice) {
        return notice->recipients ? notice->recipients->len : 0;
}

Recipient *notice_recipient(const Notice *notice, const char *address) {
        for (guint i = 0; notice->recipients && i < notice->recipients->len; i++) {
                Recipient *recipient = g_ptr_array_index(notice->recipients, i);

                if (g_strcmp0(recipient->address, address) == 0)
                        return recipient;
        }
        return NULL;
}

void notice_remove_recipient(Notice *notice, guint index) {
        (void) recipient_free(g_ptr_array_remove_index(notice->recipients, index));
}

bool alert_has_recipient(const Alert *alert, const char *address) {
        if (alert->disabled)
                return false;
        if (alert->type != ALERT_SMTP)
                return g_strcmp0(address, RECIPIENT_WEBHOOK) == 0;
        return alert->smtp_to && g_strv_contains((const char *const *) alert->smtp_to, address);
}

bool notice_has_failed(const Notice *notice) {
        for (guint i = 0; notice->recipients && i < notice->recipients->len; i++) {
                const Recipient *recipient = g_ptr_array_index(notice->recipients, i);

                if (recipient->state == DELIVERY_REFUSED || recipient->state == DELIVERY_GAVE_UP)
                        return true;
        }
        return false;
}

bool notice_is_current_down(const Notice *notice, const CheckStatus *status) {
        return notice->event == NOTICE_DOWN && status && status->state == CHECK_DOWN &&
               notice->sequence == status->transitions;
}

static bool uses_template(const Notice *notice, const char *hash) {
        return g_strcmp0(notice->subject_template_hash, hash) == 0 ||
               g_strcmp0(notice->body_template_hash, hash) == 0;
}

static bool is_used(const Value *value, const char *hash) {
        size_t n;
        Record *const *records = value_slice(value, RECORD_NOTICE, &n);

        for (size_t i = 0; i < n; i++)
                if (uses_template(records[i]->object, hash))
                        return true;
        return false;
}

static bool may_leave_templates(const Value *value, const Delta *delta) {
        size_t n_templates;
        bool deletes = false;

        (void) value_slice(value, RECORD_TEMPLATE, &n_templates);
        for (guint i = 0; i < delta->ops->len; i++) {
                const DeltaOp *op = g_ptr_array_index(delta->ops, i);

                deletes = deletes || (op->kind == RECORD_NOTICE && !op->record);
                n_templates += op->kind == RECORD_TEMPLATE;
        }
        return deletes && n_templates > 0;
}

void notices_sweep_templates(const Value *value, Delta *delta) {
        _cleanup_(value_unrefp) Value *next = NULL;
        Record *const *templates;
        size_t n;

        if (!may_leave_templates(value, delta))
                return;

        next = value_apply(value, delta);
        templates = value_slice(next, RECORD_TEMPLATE, &n);
        for (size_t i = 0; i < n; i++)
                if (!is_used(next, templates[i]->id))
                        delta_delete(delta, RECORD_TEMPLATE, templates[i]->id);
}

static int compare_created(gconstpointer a, gconstpointer b) {
        const Notice *x = *(const Notice *const *) a, *y = *(const Notice *const *) b;

        return x->created != y->created ? (x->created < y->created ? -1 : 1) : strcmp(x->id, y->id);
}

/* With the one that has just failed there are NOTICES_FAILED_KEPT of this alert at most: the oldest leave.
 */
static void make_room_for_failed(const Value *value, Delta *delta, const Notice *failed) {
        g_autoptr(GPtrArray) kept = g_ptr_array_new();
        size_t n;
        Record *const *records = value_slice(value, RECORD_NOTICE, &n);

        for (size_t i = 0; i < n; i++) {
                Notice *notice = records[i]->object;

                if (g_strcmp0(notice->alert_id, failed->alert_id) != 0 ||
                    strcmp(notice->id, failed->id) == 0 || notice_is_owed(notice) ||
                    !notice_has_failed(notice) ||
                    notice_is_current_down(notice, value_object(value, RECORD_STATUS, notice->check_id)))
                        continue;
                g_ptr_array_add(kept, notice);
        }
        g_ptr_array_sort(kept, compare_created);
        for (guint i = 0; i + NOTICES_FAILED_KEPT <= kept->len; i++)
                delta_delete(delta, RECORD_NOTICE, ((const Notice *) g_ptr_array_index(kept, i))->id);
}

void notices_settle(const Value *value, Delta *delta, Notice *notice, const CheckStatus *status) {
        _cleanup_(notice_freep) Notice *given = notice;
        bool owed = notice_is_owed(notice);
        /* RECOVERED will go where this went */
        bool is_of_use = notice_is_current_down(notice, status) && notice_n_recipients(notice) > 0;

        if (!owed && !is_of_use) {
                if (!notice_has_failed(notice)) {
                        delta_delete(delta, RECORD_NOTICE, notice->id);
                        return;
                }
                make_room_for_failed(value, delta, notice);
        }
        delta_put_object(delta, RECORD_NOTICE, TAKE_PTR(given));
}

void notices_sweep_check(
                const Value *value, Delta *delta, const Notice *settled, const CheckStatus *status) {
        size_t n;
        Record *const *records = notices_of_check(value, settled->check_id, &n);

        for (size_t i = 0; i < n; i++) {
                const Notice *notice = records[i]->object;

                if (strcmp(notice->id, settled->id) != 0 && !notice_is_owed(notice) &&
                    !notice_has_failed(notice) && !notice_is_current_down(notice, status))
                        delta_delete(delta, RECORD_NOTICE, notice->id);
        }
}

static void put_template(const Value *value, Delta *delta, const char *text, const char *hash) {
        TemplateText *template;

        if (!is_set(hash) || value_find(value, RECORD_TEMPLATE, hash))
                return;
        template = template_text_new();
        template->hash = g_strdup(hash);
        template->text = g_strdup(text);
        delta_put_object(delta, RECORD_TEMPLATE, template);
}

void notices_put_new(const Value *value, Delta *delta, const Alert *alert, Notice *notice) {
        put_template(value, delta, alert->subject_template, notice->subject_template_hash);
        put_template(value, delta, alert->body_template, notice->body_template_hash);
        delta_put_object(delta, RECORD_NOTICE, notice);
}

/* control characters, U+0080 and up among them, line ends that are none, and marks that turn the text
 * around */
static bool is_unwanted(gunichar c) {
        return g_unichar_iscntrl(c) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

char *text_clean(const char *text, size_t max) {
        g_autofree char *valid = g_utf8_make_valid(text ? text : "", -1);
        const char *end = valid + strlen(valid);

        if ((size_t) (end - valid) > max) {
                end = valid + max;
                while (end > valid && ((uint8_t) *end & 0xc0) == 0x80)
                        end--;
        }
        valid[end - valid] = '\0';

        for (char *p = valid; *p; p = g_utf8_next_char(p))
                if (is_unwanted(g_utf8_get_char(p)))
                        memset(p, ' ', (size_t) (g_utf8_next_char(p) - p));
        return TAKE_PTR(valid);
}

void object_clean(const ObjectType *type, void *object) {
        assert(type);
        assert(object);

        for (size_t i = 0; i < type->n_fields; i++) {
                const Field *field = &type->fields[i];

                if (field->type == FIELD_STRING) {
                        char **text = FIELD_AT(char *, field, object);
                        char *cleaned = *text ? text_clean(*text, field->max ?: DETAIL_MAX_BYTES) : NULL;

                        g_free(*text);
                        *text = cleaned;
                } else if (field->type == FIELD_LIST) {
                        GPtrArray *list = *FIELD_AT(GPtrArray *, field, object);

                        for (guint j = 0; list && j < list->len; j++)
                                object_clean(field->object, g_ptr_array_index(list, j));
                }
        }
}
