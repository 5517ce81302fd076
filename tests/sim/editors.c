/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who edits cluster.yaml by hand, on any node: well, badly, cut off in the middle, from an old copy. What a
 * bad edit would bring with it has a name that must never be seen in a committed value. */

#include <string.h>

#include "config/yaml.h"
#include "sim.h"

void file_done(SimFile *file) {
        g_clear_pointer(&file->text, g_free);
        g_clear_pointer(&file->last_text, g_free);
        g_clear_pointer(&file->kept, g_hash_table_unref);
}

void file_format(SimFile *file) {
        file_done(file);
        *file = (SimFile){ .kept = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free) };
}

/* ---- the daemon's hands ---- */

static const char *kept_text(uint64_t version, void *userdata) {
        const SimNode *node = userdata;

        return g_hash_table_lookup(node->file.kept, &version);
}

static Sim *naming; /* whose names next_id() counts */

static char *next_id(void *userdata) {
        return g_strdup_printf("edited-%u", ++naming->next_name);
}

static EditingInput input(Sim *sim, SimNode *node) {
        naming = sim;
        return (EditingInput){
                .last_text = node->file.last_text,
                .value = register_committed(node->reg),
                .has_leader = *register_leader(node->reg),
                .kept_text = kept_text,
                .next_id = next_id,
                .userdata = node,
        };
}

void editors_write(Sim *sim, SimNode *node) {
        const Value *value = register_committed(node->reg);
        _cleanup_(document_freep) Document *document = NULL;
        SimFile *file = &node->file;

        if (node->editing || node->edit_waits || !value_meta(value)) /* the edit's own end writes */
                return;
        document = value_document(value);
        g_free(file->last_text);
        g_free(file->text);
        file->last_text = yaml_emit(&document_type, document, NULL, YAML_END_MARK);
        file->text = g_strdup(file->last_text);
        file->written_version = document->version;
        g_hash_table_replace(
                        file->kept,
                        g_memdup2(&document->version, sizeof(document->version)),
                        g_strdup(file->last_text));
}

static void carry_out(Sim *sim, SimNode *node, EditingStep *step) {
        switch (step->kind) {
        case EDITING_PROPOSE:
                node_submit_own(sim, node, TAKE_PTR(step->change), "edit", OWNER_EDITING, 0);
                break;
        case EDITING_REJECT:
                sim_say(sim, node, "keeps the edit aside: %s", step->reason);
                /* fall through */
        case EDITING_DONE:
                node->editing = editing_free(node->editing);
                editors_write(sim, node);
                break;
        }
        editing_step_done(step);
}

static void judge(Sim *sim, SimNode *node, bool in_place) {
        EditingInput now = input(sim, node);
        EditingStep step;

        node->editing = editing_new(node->file.text, strlen(node->file.text), in_place);
        editing_judge(node->editing, &now, &step);
        carry_out(sim, node, &step);
}

void editors_answered(Sim *sim, SimNode *node, const ChangeAnswer *answer) {
        EditingInput now = input(sim, node);
        EditingStep step;

        if (!node->editing)
                return;
        editing_answered(node->editing, answer->outcome, answer->text, &now, &step);
        carry_out(sim, node, &step);
}

/* What stands in the file when the daemon starts is its own text, or an edit, which waits for a master. */
void editors_look(Sim *sim, SimNode *node) {
        node->edit_waits = node->file.text && g_strcmp0(node->file.text, node->file.last_text) != 0;
        editors_write(sim, node);
}

void editors_leadership(Sim *sim, SimNode *node) {
        if (!node->edit_waits || !*register_leader(node->reg))
                return;
        node->edit_waits = false;
        judge(sim, node, /* in_place= */ true);
}

/* ---- people ---- */

static void add_check(Sim *sim, Document *document, bool good) {
        Check *check = operators_check(sim);

        g_clear_pointer(&check->id, g_free);
        if (!document->checks)
                document->checks = object_list_new(&check_type);
        if (!good) {
                g_free(check->name);
                check->name = g_strdup_printf(BAD_NAME "-%u", ++sim->next_name);
                if (sim_chance(sim, 50))
                        check->interval = 1; /* far too short */
                else {
                        g_free(check->target);
                        check->target = g_strdup("no port");
                }
        }
        g_ptr_array_add(document->checks, check);
}

static void change_document(Sim *sim, Document *document) {
        guint n = document->checks ? document->checks->len : 0;

        switch (sim_random(sim, 4)) {
        case 0:
                add_check(sim, document, /* good= */ true);
                break;
        case 1:
                if (n > 0)
                        ((Check *) g_ptr_array_index(document->checks, sim_random(sim, n)))->interval =
                                        (2 + sim_random(sim, 5)) * USEC_PER_SEC;
                break;
        case 2:
                if (n > 1)
                        (void) check_free(g_ptr_array_steal_index(
                                        document->checks, (guint) sim_random(sim, n)));
                break;
        default:
                if (document->peers && document->peers->len > 1 && sim_chance(sim, 15))
                        (void) peer_free(g_ptr_array_steal_index(
                                        document->peers, (guint) sim_random(sim, document->peers->len)));
                break;
        }
}

static const char *some_old_text(Sim *sim, SimNode *node) {
        uint64_t version = 1 + sim_random(sim, node->file.written_version);

        return g_hash_table_lookup(node->file.kept, &version);
}

void editors_edit(Sim *sim, SimNode *node) {
        unsigned how = (unsigned) sim_random(sim, 10);
        const char *from = how == 9 ? some_old_text(sim, node) : node->file.last_text;
        void *document = NULL;

        if (!node_runs(sim, node) || node->editing || node->edit_waits || !from ||
            yaml_parse(&document_type, from, strlen(from), YAML_KEEP_UNKNOWN, &document, NULL, NULL) < 0)
                return;
        sim->count.edits++;
        if (how < 3)
                add_check(sim, document, /* good= */ false);
        else
                change_document(sim, document);
        g_free(node->file.text);
        node->file.text = yaml_emit(&document_type, document, NULL, YAML_END_MARK);
        if (how == 3 || how == 4) /* half a file, or with a word that means nothing */
                node->file.text[strlen(node->file.text) * 2 / 3] = how == 3 ? '\0' : ']';
        sim->count.bad_edits += how < 5;
        sim_say(sim,
                node,
                "has its cluster.yaml edited%s",
                how < 3    ? ", wrongly"
                : how == 3 ? " and cut off"
                : how == 4 ? " and garbled"
                : how == 9 ? " from an old copy"
                           : "");
        (void) document_free(document);
        judge(sim, node, /* in_place= */ true);
}
