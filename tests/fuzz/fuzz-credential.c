/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A credential as systemd hands it over (store/credential.h): a file with the bytes of the input. What is
 * taken is one line of UTF-8 without control characters, and the input but for one line end; what is refused
 * has a sentence that does not hold it. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "model/credential.h"
#include "promise.h"
#include "store/credential.h"

#define SENTENCE_MAX 300

/* the one file of all inputs, in memory; its name below /proc/self/fd */
static const char *file_with(const uint8_t *data, size_t n) {
        static char name[16];
        static int fd = -1;

        if (fd < 0) {
                fd = memfd_create("credential", MFD_CLOEXEC);
                PROMISE(fd >= 0);
                (void) snprintf(name, sizeof(name), "%d", fd);
        }
        PROMISE(ftruncate(fd, 0) == 0 && pwrite(fd, data, n, 0) == (ssize_t) n);
        return name;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        g_autofree char *secret = NULL, *sentence = NULL;
        const char *name = file_with(data, size);
        int r;

        PROMISE(credential_name_is_valid(name));
        r = credential_read("/proc/self/fd", name, &secret, &sentence);
        if (r < 0) {
                PROMISE(!secret && (r == -EBADMSG || r == -EFBIG));
                promise_clean(sentence, SENTENCE_MAX);
                if (r == -EFBIG)
                        PROMISE(size > SECRET_FIELD_MAX_BYTES);
                return 0;
        }
        PROMISE(!sentence);
        /* it stands in no document, so what YAML does not carry is fine here */
        PROMISE(g_utf8_validate(secret, -1, NULL) && strlen(secret) <= SECRET_FIELD_MAX_BYTES);
        for (const char *p = secret; *p; p = g_utf8_next_char(p))
                PROMISE(!g_unichar_iscntrl(g_utf8_get_char(p)));
        PROMISE(*secret && strlen(secret) <= size && size - strlen(secret) <= 1);
        PROMISE(memcmp(secret, data, strlen(secret)) == 0);
        return 0;
}
