/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "template/template.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "template/error.h"
#include "template/parser.h"
#include "template/tree.h"

int template_parse(const char *name, const char *text, size_t n, Template **ret, TemplateError **reterr) {
        _cleanup_(template_freep) Template *template = NULL;
        int r;

        assert(name);
        assert(text || n == 0);
        assert(ret);

        template = g_new0(Template, 1);
        template->arena = arena_new();
        template->name.n = strlen(name);
        template->name.bytes = arena_copy(template->arena, name, template->name.n);
        if (n > TEMPLATE_MAX_BYTES) {
                template->text = arena_copy(template->arena, "", 0);
                if (reterr)
                        *reterr = error_new(
                                        template,
                                        TEMPLATE_LIMIT,
                                        0,
                                        0,
                                        g_strdup_printf("longer than %d bytes", TEMPLATE_MAX_BYTES));
                return -E2BIG;
        }
        template->text = arena_copy(template->arena, text, n);
        template->n = n;
        r = parser_parse(template, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(template);
        return 0;
}

Template *template_free(Template *template) {
        if (!template)
                return NULL;
        (void) arena_free(template->arena);
        g_free(template);
        return NULL;
}

bool template_used_superset(const Template *template) {
        assert(template);

        return template->used_superset;
}

size_t template_size(const Template *template) {
        assert(template);

        return arena_size(template->arena);
}

const Definition *template_find(const Template *template, Bytes name) {
        for (const Definition *definition = template->definitions; definition; definition = definition->next)
                if (bytes_equal(definition->name, name))
                        return definition;
        return NULL;
}
