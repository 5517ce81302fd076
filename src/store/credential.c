/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/credential.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "config/text.h"
#include "model/credential.h"
#include "store/file.h"

static int refuse(int r, const char *name, const char *why, char **reterr_text) {
        if (reterr_text)
                *reterr_text = g_strdup_printf("the credential \"%s\" %s", name, why);
        return r;
}

/* also the one end of line that an editor or `echo` leaves */
static void strip_line_end(char *text, size_t *size) {
        if (*size > 0 && text[*size - 1] == '\n')
                text[--*size] = 0;
}

int credential_read(const char *directory, const char *name, char **ret, char **reterr_text) {
        _cleanup_(secret_freep) char *text = NULL;
        g_autofree char *path = NULL;
        size_t size;
        int r;

        assert(name);
        assert(ret);

        if (!credential_name_is_valid(name)) /* it becomes part of a path */
                return refuse(-EINVAL, "?", "has a name that no credential has", reterr_text);
        if (!directory || !*directory)
                return refuse(-ENOENT, name, "is not on this node", reterr_text);

        path = g_build_filename(directory, name, NULL);
        r = file_read(path, SECRET_FIELD_MAX_BYTES + 1, &text, &size);
        if (r == -ENOENT)
                return refuse(r, name, "is not on this node", reterr_text);
        if (r == -EFBIG)
                return refuse(r, name, "is too long for a secret", reterr_text);
        if (r < 0)
                return refuse(r, name, g_strerror(-r), reterr_text);

        if (strlen(text) != size) {
                explicit_bzero(text, size);
                return refuse(-EBADMSG, name, "holds a zero byte", reterr_text);
        }
        strip_line_end(text, &size);
        if (size == 0)
                return refuse(-EBADMSG, name, "is empty", reterr_text);
        if (size > SECRET_FIELD_MAX_BYTES)
                return refuse(-EFBIG, name, "is too long for a secret", reterr_text);
        if (!g_utf8_validate(text, (gssize) size, NULL) || text_has_control(text, ""))
                return refuse(-EBADMSG, name, "is no line of UTF-8 text", reterr_text);

        *ret = TAKE_PTR(text);
        return 0;
}
