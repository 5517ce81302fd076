/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes as a member may forward them, one a line, each planned against what those before it made. What is
 * planned can be sent, read back, and written as a cluster.yaml that obeys the rules; what is refused says
 * why, and the same change asked again gets the same answer. */
#include "base/limits.h"
#include "cluster/message.h"
#include "cluster/register.h"
#include "config/validate.h"
#include "config/yaml.h"
#include "promise.h"
#include "wire/codec.h"

#define CHANGES_MAX 24
#define FINGERPRINT "sha256:1111111111111111111111111111111111111111111111111111111111111111"

static char *next_id(void *userdata) {
        return g_strdup_printf("fuzz-%u", ++*(unsigned *) userdata);
}

static void put(Delta *delta, RecordKind kind, const char *id, const char *body) {
        Record *record;

        PROMISE(record_decode(kind, id, body, strlen(body), &record, NULL) == 0);
        delta_put(delta, record);
}

static Value *first_value(void) {
        const Peer self = { .node_id = (char *) "n1", .fingerprint = (char *) FINGERPRINT };
        _cleanup_(value_unrefp) Value *alone = register_first_value("k", &self, 1);
        _cleanup_(delta_freep) Delta *delta = delta_new();

        put(delta,
            RECORD_CHECK,
            "c1",
            "{\"id\":\"c1\",\"name\":\"web\",\"type\":\"http\",\"target\":\"https://u:p@a/\",\"order\":3,"
            "\"revision\":1,\"later\":[1]}");
        put(delta, RECORD_STATUS, "c1", "{\"check_id\":\"c1\",\"state\":\"down\",\"transitions\":1}");
        put(delta,
            RECORD_ALERT,
            "a1",
            "{\"id\":\"a1\",\"name\":\"ops\",\"type\":\"discord\",\"discord_webhook\":\"https://d/w/"
            "secret\",\"order\":4,\"revision\":1}");
        return value_apply(alone, delta);
}

/* what goes to the other nodes comes to the same there */
static void check_wire(const Value *before, const Value *after, const Delta *delta) {
        _cleanup_(delta_freep) Delta *there = NULL;
        _cleanup_(value_unrefp) Value *copy = NULL;
        g_autoptr(GPtrArray) wire = delta_to_wire(delta);
        g_autofree char *error = NULL;

        PROMISE(delta_from_wire(wire, &there, &error) == 0);
        copy = value_apply(before, there);
        PROMISE(memcmp(value_hash(copy), value_hash(after), sizeof(RecordDigest)) == 0);
        for (unsigned i = 0; i < wire->len; i++)
                (void) object_free(&wire_record_type, g_ptr_array_index(wire, i));
}

static void check_file(const Value *value) {
        _cleanup_(document_freep) Document *document = value_document(value), *back = NULL;
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        g_autofree char *text = yaml_emit(&document_type, document, NULL, YAML_END_MARK), *again = NULL;
        void *object = NULL;

        PROMISE(document_validate(document, NULL) == 0);
        PROMISE(yaml_parse(&document_type,
                           text,
                           strlen(text),
                           YAML_KEEP_UNKNOWN,
                           &object,
                           NULL,
                           &complaint) == 0);
        back = object;
        again = yaml_emit(&document_type, back, NULL, YAML_END_MARK);
        PROMISE(strcmp(text, again) == 0);
}

static void check_done(const Value *before, const Value *after, const Delta *delta) {
        PROMISE(value_meta(after) && value_n_voters(after) > 0);
        PROMISE(value_meta(after)->version >= value_meta(before)->version &&
                value_meta(after)->version <= value_meta(before)->version + 1);
        check_wire(before, after, delta);
        check_file(after);
}

static void check_answer(const ChangeAnswer *answer) {
        g_autofree char *text = codec_encode_text(&change_answer_type, answer);
        void *back;

        PROMISE(codec_decode(&change_answer_type, text, strlen(text), &back, NULL) == 0);
        PROMISE(change_answer_equal(answer, back));
        (void) change_answer_free(back);
        if (answer->outcome != CHANGE_DONE)
                promise_sentence(answer->text, CHANGE_TEXT_MAX_BYTES);
}

static void plan(Value **value, const Change *change, unsigned *n_ids) {
        _cleanup_(change_answer_freep) ChangeAnswer *answer = NULL, *again = NULL;
        _cleanup_(delta_freep) Delta *delta = NULL, *second = NULL;
        Value *after;

        change_plan(*value, change, 1700000000000000, "n1", next_id, n_ids, &delta, &answer);
        PROMISE((delta != NULL) == (answer->outcome == CHANGE_DONE));
        check_answer(answer);
        if (!delta)
                return;

        after = value_apply(*value, delta);
        check_done(*value, after, delta);
        (void) value_unref(*value);
        *value = after;
        if (!value_find(after, RECORD_CHANGE, change->id))
                return; /* only what changes something is remembered */
        change_plan(after, change, 1700000000000001, "n1", next_id, n_ids, &second, &again);
        PROMISE(again->outcome == CHANGE_DONE && again->version == answer->version &&
                g_strcmp0(again->object_id, answer->object_id) == 0);
        PROMISE(!second || delta_is_empty(second));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Input input = input_of(data, size);
        Value *value = first_value();
        unsigned n_ids = 0;

        for (unsigned i = 0; i < CHANGES_MAX && input.n > 0; i++) {
                g_autofree char *line = input_line(&input);
                _cleanup_(change_freep) Change *change = NULL;
                void *object;

                if (codec_decode(&change_type, line, strlen(line), &object, NULL) < 0)
                        continue;
                change = object;
                if (change->id && *change->id)
                        plan(&value, change, &n_ids);
        }
        (void) value_unref(value);
        return 0;
}
