/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/object-form.h"

#include <assert.h>
#include <errno.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "base/limits.h"
#include "model/credential.h"

#define NUMBER_MAX_BYTES 20   /* of INT64_MAX, and one too many */
#define DURATION_MAX_BYTES 64 /* plenty */
#define SUBJECT_LINES 2
#define BODY_LINES 6

/* ---- flags and fields ---- */

static bool is_field(const Flag *flag) {
        return flag->field && !flag->file_of;
}

/* An input's name is its field's, but for a credential's, which shares the field of the secret. */
static const char *input_name_of(const Flag *flag) {
        return flag->stands_for ? flag->name : flag->field;
}

static const Flag *flag_in(const Flag *flags, const char *name) {
        for (; flags && flags->name; flags++)
                if (strcmp(flags->name, name) == 0)
                        return flags;
        return NULL;
}

/* The flags that the form has inputs for, in order. */
typedef struct Flags {
        const Form *form;
        const Flag *next;
} Flags;

static const Flag *flags_next(Flags *flags) {
        while (flags->next->name) {
                const Flag *flag = flags->next++;

                if (is_field(flag) && (!flags->form || form_input(flags->form, input_name_of(flag))))
                        return flag;
        }
        return NULL;
}

#define FOREACH_FLAG(flag, form_, kind_)                                                                    \
        for (Flags flags_ = { .form = (form_), .next = (kind_)->edit->flags }, *once_ = &flags_; once_;     \
             once_ = NULL)                                                                                  \
                for (const Flag *flag; (flag = flags_next(&flags_));)

static const Field *field_of(const ObjectKind *kind, const Flag *flag) {
        const Field *field = object_field(kind->type, flag->field);

        assert(field);
        return field;
}

static InputKind kind_of(const ObjectKind *kind, const Flag *flag) {
        if (flag->bits & FLAG_ALERTS)
                return INPUT_SET;
        if (flag->bits & FLAG_SECRET)
                return INPUT_SECRET;
        if (flag->stands_for)
                return INPUT_LINE;
        switch (field_of(kind, flag)->type) {
        case FIELD_BOOL:
                return INPUT_BOOL;
        case FIELD_UINT:
                return INPUT_NUMBER;
        case FIELD_DURATION:
                return INPUT_DURATION;
        case FIELD_STRV:
                return INPUT_WORDS;
        default:
                return field_of(kind, flag)->max == TEMPLATE_MAX_BYTES ? INPUT_LINES : INPUT_LINE;
        }
}

static size_t max_of(const ObjectKind *kind, const Flag *flag, InputKind input) {
        const Field *field = field_of(kind, flag);

        if (flag->stands_for)
                return CREDENTIAL_NAME_MAX_BYTES;
        switch (input) {
        case INPUT_NUMBER:
                return NUMBER_MAX_BYTES;
        case INPUT_DURATION:
                return DURATION_MAX_BYTES;
        case INPUT_WORDS:
                return field->max * DETAIL_MAX_BYTES;
        default:
                return field->max > 0 ? field->max : DETAIL_MAX_BYTES;
        }
}

/* ---- values of a row ---- */

/* of a secret that is not shown: {"kept": true} or {"credential": NAME} */
static char *credential_in(const char *json) {
        g_autoptr(JsonNode) node = json && *json ? json_from_string(json, NULL) : NULL;

        if (!node || !JSON_NODE_HOLDS_OBJECT(node))
                return NULL;
        return g_strdup(json_object_get_string_member_with_default(
                        json_node_get_object(node), "credential", NULL));
}

/* The text that an input begins with; caller frees. */
static char *row_text(const ObjectKind *kind, const Flag *flag, const void *row) {
        const Field *field = object_field(kind->row_type, flag->field);

        if (!row || !field)
                return g_strdup("");
        switch (field->type) {
        case FIELD_BOOL:
                return g_strdup(*FIELD_AT(const bool, field, row) ? "true" : "false");
        case FIELD_UINT:
                return *FIELD_AT(const uint64_t, field, row) == 0
                                       ? g_strdup("")
                                       : g_strdup_printf("%" G_GUINT64_FORMAT,
                                                         *FIELD_AT(const uint64_t, field, row));
        case FIELD_STRV:
                return *FIELD_AT(char **const, field, row)
                                       ? g_strjoinv(", ", *FIELD_AT(char **const, field, row))
                                       : g_strdup("");
        case FIELD_JSON: {
                g_autofree char *credential = credential_in(*FIELD_AT(char *const, field, row));

                if (flag->stands_for)
                        return g_strdup(credential ?: "");
                return g_strdup(credential || !*FIELD_AT(char *const, field, row) ? "" : "set");
        }
        default:
                return g_strdup(*FIELD_AT(char *const, field, row) ?: "");
        }
}

static char **row_words(const ObjectKind *kind, const Flag *flag, const void *row) {
        const Field *field = object_field(kind->row_type, flag->field);

        return row && field ? *FIELD_AT(char **const, field, row) : NULL;
}

/* ---- making the form ---- */

/* ".Check.Name .Check.Type …", from the lines of the verb's help that have them; caller frees. */
static char *hint_of(const char *text) {
        g_auto(GStrv) lines = g_strsplit(text ?: "", "\n", -1);
        GString *hint = g_string_new("Variables, each as {{.When}}:");

        for (char **line = lines; *line; line++) {
                const char *end = strstr(*line, "}}");

                if (g_str_has_prefix(*line, "  {{") && end)
                        g_string_append_printf(hint, " %.*s", (int) (end - *line - 4), *line + 4);
        }
        return g_string_free(hint, /* free_segment= */ FALSE);
}

/* What stands as words on the command line: its name, then its target, if there is one. */
static char *help_of_word(const Verb *add, const Flag *flag) {
        g_auto(GStrv) words = g_strsplit(add->args, " ", -1);

        if (strcmp(flag->field, "name") == 0 || g_strv_length(words) < 2)
                return g_strdup("what people call it");
        return g_strdup_printf("what is watched, as %s", words[1]);
}

/* What a flag's help says of how it is given on a command line is no help in a form. */
static char *help_of(const Flag *flag, InputKind input) {
        switch (input) {
        case INPUT_SET:
                return g_strdup_printf("%s: Space takes one or leaves it", flag->help);
        case INPUT_WORDS:
                return g_strdup_printf(
                                "%.*s, separated by commas", (int) strcspn(flag->help, ";"), flag->help);
        case INPUT_SECRET:
                return g_strndup(flag->help, strcspn(flag->help, ";"));
        default:
                return g_strdup(flag->help);
        }
}

/* Choices of a set: ids and names, in turn. Those that a default alert need not be named for are left out
 * where only these make a difference. */
static const char **choices_of(const Flag *flag, const GPtrArray *alerts) {
        const bool defaults = strcmp(flag->field, "suppress_alert_ids") == 0;
        GPtrArray *choices = g_ptr_array_new();

        for (unsigned i = 0; alerts && i < alerts->len; i++) {
                const AlertRow *alert = g_ptr_array_index(alerts, i);

                if ((defaults && !alert->is_default) || !alert->id || !alert->name)
                        continue;
                g_ptr_array_add(choices, alert->id);
                g_ptr_array_add(choices, alert->name);
        }
        g_ptr_array_add(choices, NULL);
        return (const char **) g_ptr_array_free(choices, /* free_segment= */ FALSE);
}

static Input *
make_input(const ObjectKind *kind,
           const Verb *add,
           const Flag *flag,
           const void *row,
           const GPtrArray *alerts,
           const char *hint) {
        const InputKind input = kind_of(kind, flag);
        const Flag *added = flag_in(add->flags, flag->name), *shown = row || !added ? flag : added;
        const bool is_word = !row && !added && flag_in(kind->edit->flags, flag->name) == flag;
        g_autofree char *help = is_word ? help_of_word(add, flag) : help_of(shown, input);
        /* what the daemon would not fill in by itself */
        const bool is_filled_in = !row && added && added->standard && !(added->bits & FLAG_DAEMON_DEFAULT);
        g_autofree char *value = is_filled_in ? g_strdup(added->standard) : row_text(kind, flag, row);
        g_autofree const char **choices = NULL;
        const bool is_body = g_str_has_prefix(flag->field, "body");
        InputSpec spec = {
                .name = input_name_of(flag),
                .label = flag->name,
                .kind = input,
                .max = max_of(kind, flag, input),
                .standard = added ? added->standard : NULL,
                .help = help,
                .hint = input == INPUT_LINES ? hint : NULL,
                .height = is_body ? BODY_LINES : SUBJECT_LINES,
        };

        if (input == INPUT_SET) {
                choices = choices_of(flag, alerts);
                spec.standard = "(there are none to choose from)";
                return input_new_set(&spec, choices, row_words(kind, flag, row));
        }
        return input_new(&spec, value);
}

static bool is_shown(const ObjectKind *kind, const Flag *flag, const char *type) {
        if (flag->only && strcmp(flag->only, type) != 0)
                return false;
        return !kind->is_idle || !kind->is_idle(type, flag->field);
}

Form *object_form_make(
                const ObjectKind *kind,
                const Verb *add,
                const char *type,
                const void *row,
                const GPtrArray *alerts) {
        g_autofree char *hint = hint_of(kind->edit->more), *title = NULL;
        Form *form;

        assert(kind);
        assert(add);
        assert(type);

        title = row ? g_strdup_printf("Edit %s %s", type, kind->noun)
                    : g_strdup_printf("Add %s %s", type, kind->noun);
        form = form_new(title);
        FOREACH_FLAG(flag, /* form_= */ NULL, kind)
        if (is_shown(kind, flag, type))
                form_add(form, make_input(kind, add, flag, row, alerts, hint));
        return form;
}

/* ---- reading it ---- */

typedef enum SecretChange {
        SECRET_SAME,
        SECRET_TYPED,      /* the text of the hidden input */
        SECRET_CREDENTIAL, /* the name of a credential */
        SECRET_CLEARED,
        SECRET_BOTH /* which cannot be */
} SecretChange;

static const Input *credential_input(const Form *form, const ObjectKind *kind, const char *field) {
        FOREACH_FLAG(flag, form, kind)
        if (flag->stands_for && strcmp(flag->field, field) == 0)
                return form_input(form, flag->name);
        return NULL;
}

static SecretChange secret_change(const Input *secret, const Input *credential) {
        const bool renamed = credential && input_is_changed(credential);
        const bool named = credential && *input_text(credential);

        if (input_secret(secret) == INPUT_SECRET_TYPED)
                return renamed && named ? SECRET_BOTH : SECRET_TYPED;
        if (renamed)
                return named ? SECRET_CREDENTIAL : SECRET_CLEARED;
        return input_secret(secret) == INPUT_SECRET_REMOVED ? SECRET_CLEARED : SECRET_SAME;
}

/* Where one is kept nobody here knows it; the rules want one that could be. */
static const char *some_secret(const Field *field) {
        return strcmp(field->name, "discord_webhook") == 0 ? "https://discord.com/api/webhooks/1/kept"
                                                           : "kept";
}

static char *read_secret(const Form *form, const ObjectKind *kind, const Input *secret, const Field *field) {
        const Input *credential = credential_input(form, kind, field->name);

        switch (secret_change(secret, credential)) {
        case SECRET_SAME:
                if (credential && *input_text(credential))
                        return credential_mark(input_text(credential));
                return input_secret(secret) == INPUT_SECRET_KEPT ? g_strdup(some_secret(field)) : NULL;
        case SECRET_TYPED:
        case SECRET_BOTH:
                return g_strdup(input_text(secret));
        case SECRET_CREDENTIAL:
                return credential_mark(input_text(credential));
        case SECRET_CLEARED:
                break;
        }
        return NULL;
}

/* A time-out that was not typed may be the standard one, which follows the interval. */
static bool is_left_to_daemon(const Input *input, const Field *field) {
        return strcmp(field->name, "timeout") == 0 && !input_is_changed(input);
}

static void read_input(const Form *form, const ObjectKind *kind, const Flag *flag, void *object) {
        const Field *field = field_of(kind, flag);
        const Input *input = form_input(form, input_name_of(flag));

        if (flag->stands_for)
                return; /* read with the secret */
        switch (input_kind(input)) {
        case INPUT_BOOL:
                *FIELD_AT(bool, field, object) = input_bool(input);
                break;
        case INPUT_NUMBER:
                *FIELD_AT(uint64_t, field, object) = g_ascii_strtoull(input_text(input), NULL, 10);
                break;
        case INPUT_DURATION:
                if (!is_left_to_daemon(input, field))
                        (void) usec_from_duration(input_text(input), FIELD_AT(usec_t, field, object));
                break;
        case INPUT_WORDS:
        case INPUT_SET:
                *FIELD_AT(char **, field, object) = input_words(input);
                break;
        case INPUT_SECRET:
                *FIELD_AT(char *, field, object) = read_secret(form, kind, input, field);
                break;
        case INPUT_LINE:
        case INPUT_LINES:
                *FIELD_AT(char *, field, object) = g_strdup(input_text(input));
                break;
        }
}

void *object_form_read(const Form *form, const ObjectKind *kind, const char *type) {
        const Field *field = object_field(kind->type, "type");
        void *object = object_new(kind->type);

        assert(field);
        *FIELD_AT(int, field, object) = strtab_from_string(field->names, type);
        FOREACH_FLAG(flag, form, kind)
        read_input(form, kind, flag, object);
        return object;
}

void object_form_forget(const ObjectKind *kind, void *object) {
        for (size_t i = 0; i < kind->type->n_fields; i++) {
                const Field *field = &kind->type->fields[i];
                char *secret = field->flags & FIELD_SECRET ? *FIELD_AT(char *, field, object) : NULL;

                if (secret)
                        explicit_bzero(secret, strlen(secret));
        }
        (void) object_free(kind->type, object);
}

/* ---- judging it ---- */

/* The input for a complaint about a field of the object: that of the credential, where that is what is
 * wrong. */
static const char *name_of_field(const Form *form, const ObjectKind *kind, const char *field) {
        const Input *input = field ? form_input(form, field) : NULL;
        const Input *credential = field ? credential_input(form, kind, field) : NULL;

        if (!input)
                return NULL;
        if (credential && input_kind(input) == INPUT_SECRET && *input_text(credential) &&
            input_secret(input) != INPUT_SECRET_TYPED)
                return input_name(credential);
        return input_name(input);
}

static char *complaint_text(const Complaint *complaint) {
        if (complaint->line > 0)
                return g_strdup_printf(
                                "line %u, column %u: %s",
                                complaint->line,
                                complaint->column,
                                complaint->text);
        return g_strdup(complaint->text);
}

char *object_form_judge(
                const Form *form,
                const ObjectKind *kind,
                const char *type,
                const void *row,
                const char **ret_name) {
        _cleanup_(complaint_freep) Complaint *complaint = NULL;
        char *text = NULL;
        void *object;

        for (unsigned i = 0; form_input_at(form, i); i++) {
                const Input *input = form_input_at(form, i);
                const Input *credential = credential_input(form, kind, input_name(input));
                const char *problem = NULL;

                if (input_kind(input) == INPUT_SECRET && secret_change(input, credential) == SECRET_BOTH)
                        problem = "type it, or name the credential that holds it, not both";
                else if (input_kind(input) == INPUT_NUMBER || input_kind(input) == INPUT_DURATION)
                        problem = input_misread(input);
                if (problem) {
                        *ret_name = input_name(input);
                        return g_strdup(problem);
                }
        }

        object = object_form_read(form, kind, type);
        if (kind->judge(object, row, &complaint) < 0) {
                *ret_name = name_of_field(form, kind, complaint->field);
                text = *ret_name || !complaint->field
                                       ? complaint_text(complaint)
                                       : g_strdup_printf("%s: %s", complaint->field, complaint->text);
        }
        object_form_forget(kind, object);
        return text;
}

/* ---- sending it ---- */

static int append_words(sd_bus_message *request, const char *field, char **words) {
        int r;

        r = sd_bus_message_open_container(request, 'e', "sv");
        if (r < 0)
                return r;
        r = sd_bus_message_append_basic(request, 's', field);
        if (r < 0)
                return r;
        r = sd_bus_message_open_container(request, 'v', "as");
        if (r < 0)
                return r;
        r = sd_bus_message_append_strv(request, words);
        if (r < 0)
                return r;
        r = sd_bus_message_close_container(request);
        if (r < 0)
                return r;
        return sd_bus_message_close_container(request);
}

static int
append_secret(const Form *form,
              const ObjectKind *kind,
              const Flag *flag,
              const Input *input,
              sd_bus_message *request) {
        const Input *credential = credential_input(form, kind, flag->field);

        switch (secret_change(input, credential)) {
        case SECRET_TYPED:
                return sd_bus_message_append(request, "{sv}", flag->field, "s", input_text(input));
        case SECRET_CREDENTIAL:
                return sd_bus_message_append(
                                request,
                                "{sv}",
                                flag->field,
                                "a{sv}",
                                1,
                                "credential",
                                "s",
                                input_text(credential));
        case SECRET_CLEARED:
                return sd_bus_message_append(request, "{sv}", flag->field, "s", "");
        case SECRET_SAME:
                return 0;
        case SECRET_BOTH:
                break;
        }
        return -EINVAL;
}

/* whether there is something to say of it in a new object: what is filled in, and a no as well as a yes */
static bool has_value(const Input *input) {
        return input_kind(input) == INPUT_BOOL || (input_kind(input) != INPUT_SET && *input_text(input));
}

static int
append_input(const Form *form,
             const ObjectKind *kind,
             const Flag *flag,
             bool is_new,
             sd_bus_message *request) {
        const Input *input = form_input(form, input_name_of(flag));
        g_auto(GStrv) words = NULL;

        if (flag->stands_for)
                return 0; /* sent with the secret */
        if (input_kind(input) == INPUT_SECRET)
                return append_secret(form, kind, flag, input, request);
        if (!input_is_changed(input) && !(is_new && has_value(input)))
                return 0;
        switch (input_kind(input)) {
        case INPUT_BOOL:
                return sd_bus_message_append(request, "{sv}", flag->field, "b", (int) input_bool(input));
        case INPUT_NUMBER:
                return sd_bus_message_append(
                                request,
                                "{sv}",
                                flag->field,
                                "t",
                                (uint64_t) g_ascii_strtoull(input_text(input), NULL, 10));
        case INPUT_WORDS:
        case INPUT_SET:
                words = input_words(input);
                return append_words(request, flag->field, words);
        default:
                return sd_bus_message_append(request, "{sv}", flag->field, "s", input_text(input));
        }
}

int object_form_append(
                const Form *form,
                const ObjectKind *kind,
                bool is_new,
                uint64_t revision,
                sd_bus_message *request) {
        FOREACH_FLAG(flag, form, kind) {
                int r = append_input(form, kind, flag, is_new, request);

                if (r < 0)
                        return r;
        }
        return revision == 0 ? 0 : sd_bus_message_append(request, "{sv}", "revision", "t", revision);
}

/* ---- what others do meanwhile ---- */

bool object_form_rebase(Form *form, const ObjectKind *kind, const void *row) {
        bool collided = false;

        FOREACH_FLAG(flag, form, kind) {
                Input *input = form_input(form, input_name_of(flag));
                g_autofree char *value = row_text(kind, flag, row), *complaint = NULL;
                const bool same = input_kind(input) == INPUT_SET
                                                  ? input_rebase_set(input, row_words(kind, flag, row))
                                                  : input_rebase(input, value);

                if (same)
                        continue;
                collided = true;
                complaint = input_kind(input) == INPUT_SET || input_kind(input) == INPUT_SECRET
                                            ? g_strdup("somebody else has changed it, too; saving "
                                                       "overwrites that")
                                            : g_strdup_printf("somebody else has made it \"%.200s\"; saving "
                                                              "overwrites that",
                                                              value);
                input_complain(input, complaint);
        }
        return collided;
}
