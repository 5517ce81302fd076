/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "wire/frame.h"

static GBytes *bytes_of(char c, size_t size) {
        char *p = g_malloc(size);

        memset(p, c, size);
        return g_bytes_new_take(p, size);
}

static void expect(GBytes *message, char c, size_t size) {
        size_t n;
        const char *p = g_bytes_get_data(message, &n);

        g_assert_cmpuint(n, ==, size);
        g_assert_true(p[0] == c && p[n / 2] == c && p[n - 1] == c);
}

static void test_by_bytes(void) {
        static const size_t sizes[] = {
                1, 2, 5, 4096, FRAME_PIECE - 1, FRAME_PIECE, FRAME_PIECE + 1, 3 * FRAME_PIECE
        };

        for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
                g_autoptr(GBytes) body = bytes_of('x', sizes[i]), message = NULL;
                g_autoptr(GBytes) frame = frame_encode(g_bytes_get_data(body, NULL), sizes[i]);
                FrameReader reader;
                size_t n;
                const char *p = g_bytes_get_data(frame, &n);

                frame_reader_init(&reader, sizes[i]);
                for (size_t k = 0; k < n; k++)
                        g_assert_cmpint(frame_reader_feed(&reader, p + k, 1, &message), ==, k + 1 == n);
                expect(message, 'x', sizes[i]);
                g_assert_cmpint(frame_reader_feed(&reader, NULL, 0, &message), ==, 0);
                g_assert_null(reader.buffer);
                frame_reader_done(&reader);
        }
}

static void test_header(void) {
        g_autoptr(GBytes) frame = frame_encode("{}", 2);

        g_assert_cmpmem(g_bytes_get_data(frame, NULL), g_bytes_get_size(frame), "\0\0\0\2{}", 6);
}

static void test_sequence(void) {
        static const char bytes[] = "\0\0\0\2yy\0\0\0\1x\0\0\0\3zz";
        GBytes *message;
        FrameReader reader;

        frame_reader_init(&reader, 4096);
        g_assert_cmpint(frame_reader_feed(&reader, bytes, sizeof bytes - 1, &message), ==, 1);
        expect(message, 'y', 2);
        g_bytes_unref(message);
        g_assert_cmpint(frame_reader_feed(&reader, NULL, 0, &message), ==, 1);
        expect(message, 'x', 1);
        g_bytes_unref(message);
        g_assert_cmpint(frame_reader_feed(&reader, NULL, 0, &message), ==, 0);
        g_assert_cmpint(frame_reader_feed(&reader, "z", 1, &message), ==, 1);
        expect(message, 'z', 3);
        g_bytes_unref(message);
        frame_reader_done(&reader);
}

static int fed(const char *bytes, size_t size, size_t limit) {
        FrameReader reader;
        GBytes *message = NULL;
        int r;

        frame_reader_init(&reader, limit);
        r = frame_reader_feed(&reader, bytes, size, &message);
        while (r > 0) {
                g_bytes_unref(message);
                r = frame_reader_feed(&reader, NULL, 0, &message);
        }
        frame_reader_done(&reader);
        return r;
}

static void test_limits(void) {
        g_assert_cmpint(fed("\0\0\x10\0", 4, 4096), ==, 0);
        g_assert_cmpint(fed("\0\0\x10\1", 4, 4096), ==, -EMSGSIZE);
        g_assert_cmpint(fed("\x3f\xff\xff\xff", 4, 4096), ==, -EMSGSIZE);
        g_assert_cmpint(fed("\x3f\xff\xff\xff", 4, FRAME_MAX_TRUSTED), ==, -EMSGSIZE);
        g_assert_cmpint(fed("\0\1\0\0", 4, FRAME_MAX_TRUSTED), ==, 0);
        g_assert_cmpint(fed("\0\1\0\1", 4, FRAME_MAX_TRUSTED), ==, -EMSGSIZE);
        g_assert_cmpint(fed("\0\0\0\0", 4, 4096), ==, -EBADMSG);
        g_assert_cmpint(fed("\x40\0\0\1x", 5, 4096), ==, -EBADMSG);     /* MORE without PART */
        g_assert_cmpint(fed("\x80\0\0\1x", 5, 4096), ==, -EBADMSG);     /* a last piece of nothing */
        g_assert_cmpint(fed("\xc0\0\0\3abc\x80\0\0\1x", 12, 4), ==, 0); /* 3 + 1 */
        g_assert_cmpint(fed("\xc0\0\0\3abc\x80\0\0\2xy", 13, 4), ==, -EMSGSIZE);
}

/* announcing costs nothing: the buffer is as large as what came */
static void test_announced_only(void) {
        FrameReader reader;
        GBytes *message;

        frame_reader_init(&reader, FRAME_MAX_TRUSTED);
        g_assert_cmpint(frame_reader_feed(&reader, "\xc0\1\0\0ab", 6, &message), ==, 0);
        g_assert_cmpuint(reader.buffer->len, ==, 6);
        frame_reader_done(&reader);
}

static void test_urgent_between_pieces(void) {
        g_autoptr(GByteArray) out = g_byte_array_new();
        FrameQueue queue;
        FrameReader reader;
        GBytes *message;
        GString *order = g_string_new(NULL);

        frame_queue_init(&queue);
        frame_queue_push(&queue, bytes_of('L', 3 * FRAME_PIECE + 7), false);
        frame_queue_push(&queue, bytes_of('M', 2 * FRAME_PIECE), true); /* too long to be urgent */
        frame_queue_push(&queue, bytes_of('o', 10), false);
        frame_queue_pull(&queue, out, 16384);
        g_assert_cmpuint(out->len, ==, 4 + 10 + 4 + FRAME_PIECE);

        for (unsigned i = 0; !frame_queue_is_empty(&queue); i++) {
                size_t before = out->len;

                frame_queue_push(&queue, bytes_of((char) ('0' + i), 5), true);
                frame_queue_pull(&queue, out, before + 1);
                g_assert_cmpuint(out->len - before, ==, 9); /* the urgent one alone */
                frame_queue_pull(&queue, out, out->len + 1);
        }
        g_assert_cmpuint(queue.bytes, ==, 0);
        frame_queue_done(&queue);

        frame_reader_init(&reader, FRAME_MAX_TRUSTED);
        g_assert_cmpint(frame_reader_feed(&reader, out->data, out->len, &message), ==, 1);
        do {
                g_string_append_c(order, *(const char *) g_bytes_get_data(message, NULL));
                if (order->str[order->len - 1] == 'L')
                        expect(message, 'L', 3 * FRAME_PIECE + 7);
                if (order->str[order->len - 1] == 'M')
                        expect(message, 'M', 2 * FRAME_PIECE);
                g_bytes_unref(message);
        } while (frame_reader_feed(&reader, NULL, 0, &message) == 1);
        g_assert_cmpstr(order->str, ==, "o012L34M");
        frame_reader_done(&reader);
        g_string_free(order, TRUE);
}

/* many ordinary ones do not starve a large one, nor it them */
static void test_fair(void) {
        g_autoptr(GByteArray) out = g_byte_array_new();
        FrameQueue queue;

        frame_queue_init(&queue);
        for (unsigned i = 0; i < 10; i++)
                frame_queue_push(&queue, bytes_of('o', FRAME_PIECE / 2), false);
        frame_queue_push(&queue, bytes_of('L', 3 * FRAME_PIECE), false);
        frame_queue_pull(&queue, out, G_MAXSIZE);
        g_assert_cmpuint(queue.large.length, ==, 1);
        g_assert_cmpuint(queue.sent, ==, FRAME_PIECE);
        g_assert_cmpuint(queue.ordinary.length, ==, 8);
        frame_queue_done(&queue);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wire/frame/header", test_header);
        g_test_add_func("/wire/frame/by-bytes", test_by_bytes);
        g_test_add_func("/wire/frame/sequence", test_sequence);
        g_test_add_func("/wire/frame/limits", test_limits);
        g_test_add_func("/wire/frame/announced-only", test_announced_only);
        g_test_add_func("/wire/frame/urgent-between-pieces", test_urgent_between_pieces);
        g_test_add_func("/wire/frame/fair", test_fair);
        return g_test_run();
}
