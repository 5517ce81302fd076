/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mark file (store/mark.h). An input is a line with the register's generation, then the file; where that
 * line ends in "=", the file gets the checksum that it should have. Whatever stands there, the node starts,
 * or is refused with a sentence; and it starts exactly with a whole mark that is not before its register, or
 * with one of another register. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/limits.h"
#include "promise.h"
#include "store/mark.h"

#define STATE_ID "0123456789abcdef0123456789abcdef"
#define SENTENCE_MAX 1024

/* the one file of all inputs, in memory */
static const char *file_with(const char *text, size_t n) {
        static char path[64];
        static int fd = -1;

        if (fd < 0) {
                fd = memfd_create("mark", MFD_CLOEXEC);
                PROMISE(fd >= 0);
                (void) snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
        }
        PROMISE(ftruncate(fd, 0) == 0 && pwrite(fd, text, n, 0) == (ssize_t) n);
        return path;
}

static char *with_checksum(const char *text, size_t n) {
        g_autofree char *told = g_strndup(text, n), *sum = NULL;

        sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, told, -1);
        return g_strdup_printf("%schecksum: %s\n", told, sum);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Input input = input_of(data, size);
        g_autofree char *first = input_line(&input), *file = NULL, *sentence = NULL;
        uint64_t generation = g_ascii_strtoull(first, NULL, 10);
        bool whole = g_str_has_suffix(first, "=");
        size_t n;
        int r;

        file = whole ? with_checksum(input.p, input.n) : g_strdup_printf("%.*s", (int) input.n, input.p);
        n = whole ? strlen(file) : input.n;
        r = mark_check(file_with(whole ? file : input.p, n),
                       "/var/lib/quptime/register.db",
                       STATE_ID,
                       generation,
                       &sentence);
        if (r == 0) {
                PROMISE(!sentence && strlen(file) == n);
                PROMISE(strstr(file, "\nstate_id: ") && strstr(file, "\ngeneration: "));
                return 0;
        }
        PROMISE(r == -EBADMSG || r == -ESTALE || r == -EFBIG);
        promise_sentence(sentence, SENTENCE_MAX);
        if (r == -ESTALE)
                PROMISE(strstr(file, "\nstate_id: " STATE_ID "\n") && generation < G_MAXUINT64);
        if (r == -EFBIG)
                PROMISE(n > SMALL_FILE_MAX_BYTES);
        return 0;
}
