/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config/handedit.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/names.h"
#include "config/adopt.h"
#include "config/lists.h"
#include "config/secret.h"
#include "config/unknown.h"
#include "config/validate.h"
#include "config/yaml.h"

/* An edit on its way through the rules. */
typedef struct Judge {
        const HandEditInput *input;
        HandEdit *edit;
        Document *edited;
        Document *base;
        bool base_is_known; /* the text's own `version:` is kept, so that what is missing was removed */
} Judge;

HandEdit *hand_edit_free(HandEdit *edit) {
        if (!edit)
                return NULL;
        (void) document_free(edit->merged);
        if (edit->differences)
                g_ptr_array_unref(edit->differences);
        g_free(edit->removed_peer);
        (void) complaint_free(edit->complaint);
        g_free(edit->reason);
        g_free(edit);
        return NULL;
}

/* verdicts: each returns false, so that the rules below read as a chain */

static bool reject(Judge *judge, HandEditReason why, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool reject(Judge *judge, HandEditReason why, const char *format, ...) {
        va_list args;

        judge->edit->verdict = HAND_EDIT_REJECT;
        judge->edit->why = why;
        va_start(args, format);
        judge->edit->reason = g_strdup_vprintf(format, args);
        va_end(args);
        return false;
}

static bool reject_complaint(Judge *judge, Complaint *consumed) {
        yaml_locate_one(consumed, judge->input->text, judge->input->size);
        judge->edit->verdict = HAND_EDIT_REJECT;
        judge->edit->complaint = consumed;
        /* who sent it knows better what the file is called */
        judge->edit->reason = complaint_to_string(consumed, judge->input->asked ? NULL : FILE_CLUSTER);
        return false;
}

static bool
reject_field(Judge *judge,
             const DocumentList *list,
             unsigned index,
             const char *field,
             char *text_consumed) {
        Complaint *complaint = complaint_new(0, 0, field, text_consumed);

        complaint_prefix(complaint, list->name, index);
        return reject_complaint(judge, complaint);
}

/* adopting */

/* What the original cannot have had stays as it is in the cluster. */
static void keep_what_it_lacks(const DocumentList *list, Document *edited, const Document *current) {
        const Field *extra = &list->type->fields[list->type->n_fields - 1];
        g_autoptr(GHashTable) adopted = document_list_index(list, edited);
        const GPtrArray *objects = document_list_get(list, current);
        GPtrArray **where = document_list_at(list, edited);

        for (unsigned i = 0; objects && i < objects->len; i++) {
                const void *object = g_ptr_array_index(objects, i);
                void *same = g_hash_table_lookup(adopted, document_list_id(list, object));

                if (same) {
                        object_copy_field(extra, same, object);
                        continue;
                }
                if (!*where)
                        *where = object_list_new(list->type);
                g_ptr_array_add(*where, object_copy(list->type, object));
        }
}

static void drop_peers(Document *document) {
        for (unsigned i = 0; document->peers && i < document->peers->len; i++)
                (void) peer_free(g_ptr_array_index(document->peers, i));
        g_clear_pointer(&document->peers, g_ptr_array_unref);
}

static bool adopt_text(Judge *judge) {
        const HandEditInput *input = judge->input;
        Complaint *complaint = NULL;
        Document *edited;

        if (document_adopt_text(
                            input->text,
                            input->size,
                            input->next_id,
                            input->userdata,
                            &edited,
                            input->warnings,
                            &complaint) < 0)
                return reject_complaint(judge, complaint);
        judge->edited = edited;
        drop_peers(edited);
        for (size_t i = 0; i < DOCUMENT_N_LISTS; i++)
                keep_what_it_lacks(&document_lists[i], edited, input->current);
        if (edited->election_timeout == 0)
                edited->election_timeout = input->current->election_timeout;
        g_free(edited->extra);
        edited->extra = g_strdup(input->current->extra);
        return true;
}

/* the text */

static bool text_equals(const HandEditInput *input, const char *text) {
        return text && strlen(text) == input->size && memcmp(text, input->text, input->size) == 0;
}

static bool has_end_mark(const char *text, size_t size) {
        while (size > 0 && g_ascii_isspace(text[size - 1]))
                size--;
        return size >= 3 && memcmp(text + size - 3, "...", 3) == 0 && (size == 3 || text[size - 4] == '\n');
}

static bool text_is_whole(Judge *judge) {
        if (!judge->input->in_place || has_end_mark(judge->input->text, judge->input->size))
                return true;
        judge->edit->verdict = HAND_EDIT_CUT_OFF;
        judge->edit->reason = g_strdup("the file was saved in place and does not end with the line \"...\", "
                                       "so it may be cut off; "
                                       "save it again with that line at its end");
        return false;
}

static bool parse_text(Judge *judge) {
        Complaint *complaint = NULL;
        void *document = NULL;

        if (judge->input->adopt)
                return adopt_text(judge);
        if (yaml_parse(&document_type,
                       judge->input->text,
                       judge->input->size,
                       YAML_KEEP_UNKNOWN,
                       &document,
                       NULL,
                       &complaint) < 0)
                return reject_complaint(judge, complaint);
        judge->edited = document;
        return true;
}

/* the base */

static Document *parse_own(const char *text) {
        void *document = NULL;

        if (!text ||
            yaml_parse(&document_type, text, strlen(text), YAML_KEEP_UNKNOWN, &document, NULL, NULL) < 0)
                return NULL;
        return document;
}

static bool reject_restore(Judge *judge, uint64_t version) {
        return reject(judge,
                      HAND_EDIT_OLD,
                      "this is the text of version %" G_GUINT64_FORMAT
                      ", put back; the cluster is at version %" G_GUINT64_FORMAT
                      ", and going back would undo what was changed since; if that is wanted, write "
                      "\"version: %" G_GUINT64_FORMAT "\" into it",
                      version,
                      judge->input->current->version,
                      judge->input->current->version);
}

static bool find_base(Judge *judge) {
        const HandEditInput *input = judge->input;
        uint64_t version = input->base_version > 0 ? input->base_version : judge->edited->version;
        const char *kept = version > 0 && input->kept_text && !input->adopt
                                           ? input->kept_text(version, input->userdata)
                                           : NULL;
        Document *last;

        /* what the daemon would write now, or wrote just before it was killed, sooner than the mark that the
         * version is committed: nothing */
        if (text_equals(input, kept) && version >= input->current->version)
                return false;
        if (text_equals(input, kept))
                return reject_restore(judge, version);

        judge->base = parse_own(kept);
        judge->base_is_known = judge->base;
        if (judge->base)
                return true;

        last = parse_own(input->last_text);
        judge->base = last ?: document_copy(input->current);
        judge->base_is_known = input->adopt || (version > 0 && judge->base->version == version);
        return true;
}

/* the edit's own rules: each complaint has a place in the text */

static bool
is_kept_field(const Document *document, const DocumentList *list, const Field *extra, const char *name) {
        const GPtrArray *objects = document_list_get(list, document);

        for (unsigned i = 0; objects && i < objects->len; i++) {
                g_auto(GStrv) names =
                                unknown_names(*FIELD_AT(char *const, extra, g_ptr_array_index(objects, i)));

                if (g_strv_contains((const char *const *) names, name))
                        return true;
        }
        return false;
}

static const Field *extra_field(const ObjectType *type) {
        return &type->fields[type->n_fields - 1]; /* every table of the document closes with it */
}

static char *unknown_text(const ObjectType *type, const char *name) {
        const char *nearest = object_nearest_field(type, name);

        return nearest ? g_strdup_printf("no such field; is \"%s\" meant?", nearest)
                       : g_strdup("no such field");
}

static bool check_unknown(Judge *judge, const DocumentList *list) {
        const Field *extra = extra_field(list->type);
        const GPtrArray *objects = document_list_get(list, judge->edited);

        for (unsigned i = 0; objects && i < objects->len; i++) {
                g_auto(GStrv) names =
                                unknown_names(*FIELD_AT(char *const, extra, g_ptr_array_index(objects, i)));

                for (char **name = names; *name; name++)
                        if (!is_kept_field(judge->base, list, extra, *name) &&
                            !is_kept_field(judge->input->current, list, extra, *name))
                                return reject_field(judge, list, i, *name, unknown_text(list->type, *name));
        }
        return true;
}

static bool check_unknown_top(Judge *judge) {
        g_auto(GStrv) names = unknown_names(judge->edited->extra);
        g_auto(GStrv) base = unknown_names(judge->base->extra),
                      current = unknown_names(judge->input->current->extra);

        for (char **name = names; *name; name++)
                if (!g_strv_contains((const char *const *) base, *name) &&
                    !g_strv_contains((const char *const *) current, *name))
                        return reject_complaint(
                                        judge,
                                        complaint_new(0, 0, *name, unknown_text(&document_type, *name)));
        return true;
}

static bool check_unknown_fields(Judge *judge) {
        for (size_t i = 0; i < DOCUMENT_N_LISTS; i++)
                if (!check_unknown(judge, &document_lists[i]))
                        return false;
        return check_unknown_top(judge);
}

static bool resolve_secrets(Judge *judge) {
        if (secret_resolve(&document_type, judge->edited, judge->base, NULL) < 0)
                return reject(judge, HAND_EDIT_WRONG, "there is no unknown field to keep; give its value");
        for (size_t i = 0; i < DOCUMENT_N_LISTS; i++) {
                const DocumentList *list = &document_lists[i];
                g_autoptr(GHashTable) before = document_list_index(list, judge->base);
                const GPtrArray *objects = document_list_get(list, judge->edited);

                for (unsigned j = 0; objects && j < objects->len; j++) {
                        void *object = g_ptr_array_index(objects, j);
                        const void *old = g_hash_table_lookup(before, document_list_id(list, object));
                        const Field *field = NULL;

                        if (secret_resolve(list->type, object, old, &field) < 0)
                                return reject_field(
                                                judge,
                                                list,
                                                j,
                                                field->name,
                                                g_strdup(secret_nothing_kept(field)));
                }
        }
        return true;
}

static bool check_rules(Judge *judge) {
        Complaint *complaint = NULL;

        if (document_validate(judge->edited, &complaint) < 0)
                return reject_complaint(judge, complaint);
        return true;
}

/* Against a base that is not the edit's own, a missing object may simply be one that the editor never saw.
 */
static bool check_removals(Judge *judge) {
        if (judge->base_is_known)
                return true;

        for (size_t i = 0; i < DOCUMENT_N_LISTS; i++) {
                const DocumentList *list = &document_lists[i];
                g_autoptr(GHashTable) edited = document_list_index(list, judge->edited);
                const GPtrArray *objects = document_list_get(list, judge->base);

                for (unsigned j = 0; objects && j < objects->len; j++) {
                        const void *object = g_ptr_array_index(objects, j);

                        if (!g_hash_table_contains(edited, document_list_id(list, object)))
                                return reject(judge,
                                              HAND_EDIT_OLD,
                                              "the text has no \"version:\" that this node knows, and %s "
                                              "\"%s\" is missing from it; start from %s to remove "
                                              "something",
                                              list->type->name,
                                              document_list_label(list, object),
                                              judge->input->asked ? "what \"quctl config show\" prints"
                                                                  : "the present " FILE_CLUSTER);
                }
        }
        return true;
}

/* What a reader got is no text that this node has written: it is told by what it says. */
static bool check_restore(Judge *judge) {
        g_autoptr(GPtrArray) differences = NULL;
        const Document *base = judge->base;

        if (!judge->input->asked || judge->input->adopt || !judge->base_is_known ||
            base->version >= judge->input->current->version)
                return true;
        differences = document_diff(base, judge->edited);
        return differences->len > 0 || reject_restore(judge, base->version);
}

/* peers */

static bool check_peer(Judge *judge, const Peer *peer, unsigned index) {
        const DocumentList *list = &document_lists[0];
        const Peer *before = document_peer(judge->base, peer->node_id);

        if (!before)
                before = document_peer(judge->input->current, peer->node_id);
        if (!before)
                return reject_field(
                                judge,
                                list,
                                index,
                                "node_id",
                                g_strdup("a peer is not added by editing; use quctl node add HOST:PORT"));

        for (size_t i = 0; i < peer_type.n_fields; i++) {
                const Field *field = &peer_type.fields[i];

                if (field->flags & FIELD_FIXED && !object_field_equal(field, before, peer))
                        return reject_field(
                                        judge,
                                        list,
                                        index,
                                        field->name,
                                        g_strdup("belongs to the peer's identity and is not edited; put it "
                                                 "back"));
        }
        return true;
}

static bool note_removed_peer(Judge *judge, const Peer *before) {
        const Peer *now = document_peer(judge->input->current, before->node_id);

        if (now && judge->edit->removed_peer)
                return reject(judge,
                              HAND_EDIT_WRONG,
                              "peers %s and %s are removed at once; remove one at a time, as quctl node "
                              "remove does",
                              judge->edit->removed_peer,
                              before->node_id);
        if (now && !document_object_equal(&document_lists[0], before, now, /* without_id= */ false))
                return reject(judge,
                              HAND_EDIT_CONFLICT,
                              "peer \"%s\" was removed here, but changed in the cluster",
                              before->node_id);
        if (now)
                judge->edit->removed_peer = g_strdup(before->node_id);

        /* back in its place: the merge leaves membership alone */
        if (!judge->edited->peers)
                judge->edited->peers = object_list_new(&peer_type);
        g_ptr_array_add(judge->edited->peers, peer_copy(before));
        return true;
}

static bool check_peers(Judge *judge) {
        const GPtrArray *edited = judge->edited->peers, *base = judge->base->peers;

        for (unsigned i = 0; edited && i < edited->len; i++)
                if (!check_peer(judge, g_ptr_array_index(edited, i), i))
                        return false;
        for (unsigned i = 0; base && i < base->len; i++) {
                const Peer *before = g_ptr_array_index(base, i);

                if (!document_peer(judge->edited, before->node_id) && !note_removed_peer(judge, before))
                        return false;
        }
        return true;
}

/* the merge */

static void add_removed_peer(HandEdit *edit) {
        Difference *difference = g_new0(Difference, 1);

        difference->kind = DIFFERENCE_REMOVED;
        difference->list = document_lists[0].name;
        difference->id = g_strdup(edit->removed_peer);
        difference->name = g_strdup(edit->removed_peer);
        g_ptr_array_insert(edit->differences, 0, difference);
}

static bool merge(Judge *judge) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        const HandEditInput *input = judge->input;
        HandEdit *edit = judge->edit;
        g_autofree char *text = NULL;

        if (document_merge(judge->base, judge->edited, input->current, NULL, NULL, &edit->merged, &text) < 0)
                return reject(judge, HAND_EDIT_CONFLICT, "%s", text);
        edit->differences = document_diff(input->current, edit->merged);
        edit->changes_document = edit->differences->len > 0;
        if (edit->changes_document && document_validate(edit->merged, &complaint) < 0) {
                g_autofree char *problem = complaint_to_string(complaint, NULL);

                return reject(judge,
                              HAND_EDIT_CONFLICT,
                              "together with what the cluster changed meanwhile: %s",
                              problem);
        }
        if (edit->removed_peer)
                add_removed_peer(edit);
        if (edit->differences->len > 0)
                edit->verdict = HAND_EDIT_PROPOSE;
        return true;
}

/* A verdict that is no proposal carries none of its parts. */
static void drop_proposal(HandEdit *edit) {
        edit->merged = document_free(edit->merged);
        g_clear_pointer(&edit->differences, g_ptr_array_unref);
        g_clear_pointer(&edit->removed_peer, g_free);
        edit->changes_document = false;
}

HandEdit *hand_edit_judge(const HandEditInput *input) {
        HandEdit *edit = g_new0(HandEdit, 1);
        Judge judge = { .input = input, .edit = edit };

        assert(input);
        assert(input->current);

        edit->verdict = HAND_EDIT_NOTHING;
        if (!text_equals(input, input->last_text) && text_is_whole(&judge) && parse_text(&judge) &&
            find_base(&judge) && check_unknown_fields(&judge)) {
                document_fill_ids(judge.edited, judge.base, input->next_id, input->userdata);
                (void) (resolve_secrets(&judge) && check_rules(&judge) && check_removals(&judge) &&
                        check_restore(&judge) && check_peers(&judge) && merge(&judge));
        }
        if (edit->verdict != HAND_EDIT_PROPOSE)
                drop_proposal(edit);

        (void) document_free(judge.edited);
        (void) document_free(judge.base);
        return edit;
}
