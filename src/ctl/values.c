/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ctl/values.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "ctl/ask.h"
#include "ctl/text.h"

static const Flag *flag_find(const Flag *flags, const char *name) {
        for (; flags && flags->name; flags++)
                if (strcmp(flags->name, name) == 0)
                        return flags;
        return NULL;
}

static ExitStatus set(Arguments *arguments, const Flag *flag, const char *text) {
        g_autofree char *error = NULL;

        if (arguments_set(arguments, flag->name, text, &error) < 0)
                return fail(STATUS_USAGE, "%s", error);
        return STATUS_DONE;
}

static ExitStatus ask(Arguments *arguments, const Flag *flag) {
        _cleanup_(secret_freep) char *secret = NULL;
        g_autofree char *prompt = g_strdup_printf("%s (typed text stays hidden):", flag->name);
        int r;

        r = ask_hidden(prompt, flag->max ?: DETAIL_MAX_BYTES, &secret);
        if (r == -ECANCELED)
                return fail(STATUS_FAILED, "aborted");
        if (r < 0)
                return fail(STATUS_FAILED, "cannot ask for --%s: %s", flag->name, g_strerror(-r));
        if (!*secret)
                return fail(STATUS_USAGE, "--%s is empty", flag->name);
        return set(arguments, flag, secret);
}

static ExitStatus read_failed(const Flag *flag, const char *path, int error, size_t max) {
        switch (-error) {
        case EBUSY:
                return fail(STATUS_USAGE, "only one option can read standard input");
        case EFBIG:
                return fail(STATUS_FAILED, "--%s: %s is longer than %zu bytes", flag->name, path, max);
        case EBADMSG:
                return fail(STATUS_FAILED, "--%s: %s is not text in UTF-8", flag->name, path);
        default:
                return fail(STATUS_FAILED, "--%s: cannot read %s: %s", flag->name, path, g_strerror(-error));
        }
}

/* flag gets the value that the file holds; named: the option that the person gave, for messages */
static ExitStatus
load(Context *context, Arguments *arguments, const Flag *flag, const Flag *named, const char *path) {
        _cleanup_(secret_freep) char *text = NULL;
        size_t max = flag->max ?: DETAIL_MAX_BYTES, n;
        int r;

        if (flag->bits & FLAG_SECRET && g_str_equal(path, "-") && ask_possible())
                return ask(arguments, flag);

        r = read_value(context, path, max + 2 /* its line end */, &text);
        if (r < 0)
                return read_failed(named, path, r, max);

        n = strlen(text);
        if (flag->bits & FLAG_ONE_LINE && n > 0 && text[n - 1] == '\n')
                text[--n] = '\0';
        if (flag->bits & FLAG_ONE_LINE && n > 0 && text[n - 1] == '\r')
                text[--n] = '\0';
        if (flag->bits & FLAG_SECRET && n == 0)
                return fail(STATUS_FAILED, "--%s: %s is empty", named->name, path);
        return set(arguments, flag, text);
}

static ExitStatus complete_file(Context *context, const Verb *verb, const Flag *file, Arguments *arguments) {
        const Flag *flag = flag_find(verb->flags, file->file_of);

        assert(flag);
        if (!arguments_given(arguments, file->name) || arguments_given(arguments, flag->name))
                return STATUS_DONE;
        return load(context, arguments, flag, file, arguments_text(arguments, file->name));
}

/* the flag that was given and names a credential for this one, or NULL */
static const Flag *credential_flag(const Verb *verb, const Flag *flag, const Arguments *arguments) {
        for (const Flag *other = verb->flags; other && other->name; other++)
                if (g_strcmp0(other->stands_for, flag->name) == 0 && arguments_given(arguments, other->name))
                        return other;
        return NULL;
}

static ExitStatus check_credential(const Verb *verb, const Flag *flag, const Arguments *arguments) {
        const Flag *credential = credential_flag(verb, flag, arguments);

        if (credential && arguments_given(arguments, flag->name))
                return fail(STATUS_USAGE,
                            "--%s and --%s: give only one of them",
                            flag->name,
                            credential->name);
        return STATUS_DONE;
}

static ExitStatus complete_secret(Context *context, const Flag *flag, Arguments *arguments) {
        bool needed = flag->bits & FLAG_REQUIRED || arguments_wants_value(arguments, flag->name) ||
                      (flag->asked_with && arguments_given(arguments, flag->asked_with));

        if (g_strcmp0(arguments_text(arguments, flag->name), "-") == 0)
                return load(context, arguments, flag, flag, "-");
        if (arguments_given(arguments, flag->name))
                return STATUS_DONE;
        if (needed && ask_possible())
                return ask(arguments, flag);
        if (arguments_wants_value(arguments, flag->name))
                return fail(STATUS_USAGE, "--%s needs a value: %s", flag->name, flag->value);
        return STATUS_DONE;
}

ExitStatus values_complete(Context *context, const Verb *verb, Arguments *arguments) {
        ExitStatus status = STATUS_DONE;

        for (const Flag *flag = verb->flags; flag && flag->name && status == STATUS_DONE; flag++)
                if (flag->file_of)
                        status = complete_file(context, verb, flag, arguments);

        for (const Flag *flag = verb->flags; flag && flag->name && status == STATUS_DONE; flag++)
                if (flag->bits & FLAG_SECRET)
                        status = check_credential(verb, flag, arguments);

        /* before anyone types a secret: is the rest there? */
        for (const Flag *flag = verb->flags; flag && flag->name && status == STATUS_DONE; flag++)
                if (flag->bits & FLAG_REQUIRED && !arguments_given(arguments, flag->name) &&
                    !credential_flag(verb, flag, arguments) && !(flag->bits & FLAG_SECRET && ask_possible()))
                        status = fail(STATUS_USAGE,
                                      "--%s is missing: \"quctl %s -h\" shows the options",
                                      flag->name,
                                      verb->name);

        for (const Flag *flag = verb->flags; flag && flag->name && status == STATUS_DONE; flag++)
                if (flag->bits & FLAG_SECRET && !credential_flag(verb, flag, arguments))
                        status = complete_secret(context, flag, arguments);
        return status;
}
