/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "wire/frame.h"

#define LIMIT 4096

/* The first byte says in what portions the others arrive; no message is over the limit, and the buffers hold
 * no more than has come. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        size_t portion = size > 0 ? data[0] + 1u : 1;
        FrameReader reader;
        GBytes *message;
        int r = 0;

        frame_reader_init(&reader, LIMIT);
        for (size_t at = 1; at < size && r >= 0; at += portion) {
                r = frame_reader_feed(&reader, data + at, MIN(portion, size - at), &message);
                while (r > 0) {
                        if (g_bytes_get_size(message) > LIMIT)
                                __builtin_trap();
                        g_bytes_unref(message);
                        r = frame_reader_feed(&reader, NULL, 0, &message);
                }
                if ((reader.buffer && reader.buffer->len > size) ||
                    (reader.message && reader.message->len > LIMIT))
                        __builtin_trap();
        }
        frame_reader_done(&reader);
        return 0;
}
