/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "alerts/told.h"

#include <assert.h>
#include <string.h>

#include "alerts/notices.h"
#include "base/limits.h"

static const Field telling_fields[] = {
        FIELD(Telling, notice, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Telling, event, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Telling, number, FIELD_UINT),
        FIELD(Telling, alert, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Telling, alert_id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Telling, recipient, FIELD_STRING, .max = ADVERTISE_MAX_BYTES + NAME_MAX_BYTES),
        FIELD(Telling, result, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Telling, attempts, FIELD_UINT),
        FIELD(Telling, answer, FIELD_STRING, .max = DETAIL_MAX_BYTES),
        FIELD(Telling, node_id, FIELD_STRING, .max = NAME_MAX_BYTES),
        FIELD(Telling, created, FIELD_TIME),
        FIELD(Telling, at, FIELD_TIME),
        FIELD(Telling, retry_at, FIELD_TIME),
        FIELD(Telling, kept, FIELD_BOOL),
};
const ObjectType telling_type = OBJECT_TYPE(Telling, "delivery", telling_fields);

typedef struct Entry {
        char *check_id;
        Telling *telling;
} Entry;

struct Told {
        GQueue entries;    /* of Entry, the latest touched last */
        GHashTable *links; /* "notice\nrecipient" -> link */
};

Telling *telling_new_of(const Notice *notice, const Recipient *recipient, const char *node_id) {
        Telling *telling = telling_new();

        assert(notice);
        assert(recipient);

        telling->notice = g_strdup(notice->id);
        telling->event = g_strdup(notice_event_to_string(notice->event));
        telling->number = notice->sequence;
        telling->alert = g_strdup(notice->alert_name);
        telling->alert_id = g_strdup(notice->alert_id);
        telling->recipient = g_strdup(recipient->address);
        telling->result = g_strdup(delivery_state_to_string(recipient->state));
        telling->attempts = recipient->attempts;
        telling->answer = text_clean(recipient->answer, DETAIL_MAX_BYTES);
        telling->node_id = g_strdup(node_id);
        telling->created = notice->created;
        telling->at = recipient->at;
        telling->retry_at = recipient->retry_at;
        return telling;
}

bool telling_is_same(const Telling *a, const Telling *b) {
        return g_strcmp0(a->notice, b->notice) == 0 && g_strcmp0(a->recipient, b->recipient) == 0;
}

static bool is_owed(const Telling *telling) {
        return g_strcmp0(telling->result, delivery_state_to_string(DELIVERY_OWED)) == 0;
}

static bool is_set(const char *text) {
        return text && *text;
}

static void take_text(char **to, char **from) {
        g_free(*to);
        *to = TAKE_PTR(*from);
}

void telling_merge(Telling *telling, Telling *other) {
        bool is_newer = is_owed(telling) && !is_owed(other);

        if (is_owed(telling) == is_owed(other))
                is_newer = other->attempts > telling->attempts;
        if (is_newer)
                take_text(&telling->result, &other->result);
        if (is_newer || (other->attempts == telling->attempts && other->retry_at > 0 && is_owed(telling)))
                telling->retry_at = other->retry_at;
        /* the words are those of the last attempt, where anybody has them */
        if (is_set(other->answer) && (is_newer || !is_set(telling->answer)))
                take_text(&telling->answer, &other->answer);
        if (is_set(other->node_id) && (is_newer || !is_set(telling->node_id)))
                take_text(&telling->node_id, &other->node_id);
        telling->attempts = MAX(telling->attempts, other->attempts);
        if (telling->at == 0 || (is_newer && other->at > 0))
                telling->at = other->at;
        telling->kept = telling->kept || other->kept;
}

/* ---- the memory ---- */

static void entry_free(gpointer p) {
        Entry *entry = p;

        (void) telling_free(entry->telling);
        g_free(entry->check_id);
        g_free(entry);
}

Told *told_new(void) {
        Told *told = g_new0(Told, 1);

        g_queue_init(&told->entries);
        told->links = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        return told;
}

Told *told_free(Told *told) {
        if (!told)
                return NULL;

        g_queue_clear_full(&told->entries, entry_free);
        g_hash_table_unref(told->links);
        g_free(told);
        return NULL;
}

static char *make_key(const char *notice_id, const char *recipient) {
        return g_strdup_printf("%s\n%s", notice_id ?: "", recipient ?: "");
}

static char *key_of(const Telling *telling) {
        return make_key(telling->notice, telling->recipient);
}

static void forget_oldest(Told *told) {
        Entry *oldest = g_queue_peek_head(&told->entries);
        g_autofree char *key = key_of(oldest->telling);

        g_hash_table_remove(told->links, key);
        entry_free(g_queue_pop_head(&told->entries));
}

/* consumed */
static void take(Told *told, const char *check_id, Telling *telling) {
        g_autofree char *key = key_of(telling);
        GList *link = g_hash_table_lookup(told->links, key);
        Entry *entry;

        if (link) {
                telling_merge(((Entry *) link->data)->telling, telling);
                (void) telling_free(telling);
                g_queue_unlink(&told->entries, link);
                g_queue_push_tail_link(&told->entries, link);
                return;
        }

        if (told->entries.length >= TELLINGS_MAX)
                forget_oldest(told);
        entry = g_new0(Entry, 1);
        entry->check_id = g_strdup(check_id);
        entry->telling = telling;
        g_queue_push_tail(&told->entries, entry);
        g_hash_table_insert(told->links, TAKE_PTR(key), told->entries.tail);
}

void told_add(Told *told, const Notice *notice, const Recipient *recipient, const char *node_id, usec_t at) {
        Telling *telling;

        assert(told);

        telling = telling_new_of(notice, recipient, node_id);
        if (telling->at == 0)
                telling->at = at;
        take(told, notice->check_id, telling);
}

bool telling_is_sound(const Telling *telling) {
        assert(telling);
        return delivery_state_from_string(telling->result) >= 0 &&
               notice_event_from_string(telling->event) >= 0;
}

void told_hear(Told *told, const char *check_id, Telling *telling) {
        assert(told);
        assert(telling);

        if (!telling_is_sound(telling)) {
                (void) telling_free(telling);
                return;
        }
        telling->kept = false; /* which our own copy of the register says */
        object_clean(&telling_type, telling);
        take(told, check_id, telling);
}

const Telling *told_find(const Told *told, const char *notice_id, const char *recipient) {
        g_autofree char *key = make_key(notice_id, recipient);
        const GList *link;

        assert(told);

        link = g_hash_table_lookup(told->links, key);
        return link ? ((const Entry *) link->data)->telling : NULL;
}

void told_list(const Told *told, const char *check_id, GPtrArray *tellings) {
        assert(told);
        assert(tellings);

        for (const GList *link = told->entries.head; link; link = link->next) {
                const Entry *entry = link->data;

                if (g_strcmp0(entry->check_id, check_id) == 0)
                        g_ptr_array_add(tellings, telling_copy(entry->telling));
        }
}

size_t told_length(const Told *told) {
        assert(told);
        return told->entries.length;
}
