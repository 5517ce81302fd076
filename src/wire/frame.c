/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "wire/frame.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/limits.h"

void frame_reader_init(FrameReader *reader, size_t limit) {
        assert(reader);
        *reader = (FrameReader){ .limit = limit };
}

void frame_reader_done(FrameReader *reader) {
        assert(reader);

        g_clear_pointer(&reader->buffer, g_byte_array_unref);
        g_clear_pointer(&reader->message, g_byte_array_unref);
        reader->consumed = 0;
}

static void append(FrameReader *reader, const void *bytes, size_t size) {
        if (size == 0)
                return;
        if (!reader->buffer)
                reader->buffer = g_byte_array_new();
        if (reader->consumed > 0) {
                g_byte_array_remove_range(reader->buffer, 0, (guint) reader->consumed);
                reader->consumed = 0;
        }
        g_byte_array_append(reader->buffer, bytes, (guint) size);
}

static uint32_t read_word(const uint8_t *p) {
        return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16 | (uint32_t) p[2] << 8 | p[3];
}

static int check_header(const FrameReader *reader, uint32_t word) {
        size_t length = word & ~(FRAME_PART | FRAME_MORE);
        size_t before = word & FRAME_PART && reader->message ? reader->message->len : 0;

        if (length == 0 || (word & FRAME_MORE && !(word & FRAME_PART)))
                return -EBADMSG;
        if (length > FRAME_PIECE || length > reader->limit || before > reader->limit - length)
                return -EMSGSIZE;
        return 0;
}

/* a piece; 1 when it was the last of its message */
static int take_piece(FrameReader *reader, uint32_t word, const uint8_t *body, size_t size, GBytes **ret) {
        if (!reader->message) {
                if (!(word & FRAME_MORE))
                        return -EBADMSG; /* would be a whole message */
                reader->message = g_byte_array_new();
        }
        g_byte_array_append(reader->message, body, (guint) size);
        if (word & FRAME_MORE)
                return 0;
        *ret = g_byte_array_free_to_bytes(g_steal_pointer(&reader->message));
        return 1;
}

int frame_reader_feed(FrameReader *reader, const void *bytes, size_t size, GBytes **ret) {
        assert(reader);
        assert(ret);

        append(reader, bytes, size);

        while (reader->buffer && reader->buffer->len - reader->consumed >= FRAME_HEADER_BYTES) {
                const uint8_t *p = reader->buffer->data + reader->consumed;
                uint32_t word = read_word(p);
                size_t length = word & ~(FRAME_PART | FRAME_MORE);
                int r;

                r = check_header(reader, word);
                if (r < 0)
                        return r;
                if (reader->buffer->len - reader->consumed - FRAME_HEADER_BYTES < length)
                        return 0;

                reader->consumed += FRAME_HEADER_BYTES + length;
                p += FRAME_HEADER_BYTES;
                if (!(word & FRAME_PART)) {
                        *ret = g_bytes_new(p, length);
                        return 1;
                }
                r = take_piece(reader, word, p, length, ret);
                if (r != 0)
                        return r;
        }

        /* an idle connection keeps no buffer */
        if (reader->buffer && reader->consumed == reader->buffer->len) {
                g_clear_pointer(&reader->buffer, g_byte_array_unref);
                reader->consumed = 0;
        }
        return 0;
}

static void append_frame(GByteArray *out, const uint8_t *body, size_t size, uint32_t flags) {
        uint32_t word = (uint32_t) size | flags;
        uint8_t header[FRAME_HEADER_BYTES] = {
                word >> 24, word >> 16 & 0xFF, word >> 8 & 0xFF, word & 0xFF
        };

        g_byte_array_append(out, header, sizeof header);
        g_byte_array_append(out, body, (guint) size);
}

void frame_queue_init(FrameQueue *queue) {
        assert(queue);

        *queue = (FrameQueue){};
        g_queue_init(&queue->urgent);
        g_queue_init(&queue->ordinary);
        g_queue_init(&queue->large);
}

void frame_queue_done(FrameQueue *queue) {
        assert(queue);

        g_queue_clear_full(&queue->urgent, (GDestroyNotify) g_bytes_unref);
        g_queue_clear_full(&queue->ordinary, (GDestroyNotify) g_bytes_unref);
        g_queue_clear_full(&queue->large, (GDestroyNotify) g_bytes_unref);
        queue->bytes = queue->sent = 0;
}

void frame_queue_push(FrameQueue *queue, GBytes *message_consumed, bool urgent) {
        size_t size = g_bytes_get_size(message_consumed);

        assert(queue);
        assert(size > 0);

        queue->bytes += size;
        if (size > FRAME_PIECE)
                g_queue_push_tail(&queue->large, message_consumed);
        else
                g_queue_push_tail(urgent ? &queue->urgent : &queue->ordinary, message_consumed);
}

bool frame_queue_is_empty(const FrameQueue *queue) {
        assert(queue);
        return queue->bytes == 0;
}

static void pull_whole(FrameQueue *queue, GQueue *from, GByteArray *out) {
        g_autoptr(GBytes) message = g_queue_pop_head(from);
        size_t size;
        const uint8_t *body = g_bytes_get_data(message, &size);

        append_frame(out, body, size, 0);
        queue->bytes -= size;
}

static void pull_piece(FrameQueue *queue, GByteArray *out) {
        GBytes *message = g_queue_peek_head(&queue->large);
        size_t size, piece;
        const uint8_t *body = g_bytes_get_data(message, &size);

        piece = MIN(size - queue->sent, (size_t) FRAME_PIECE);
        append_frame(out,
                     body + queue->sent,
                     piece,
                     FRAME_PART | (queue->sent + piece < size ? FRAME_MORE : 0));
        queue->sent += piece;
        queue->bytes -= piece;
        if (queue->sent == size) {
                g_bytes_unref(g_queue_pop_head(&queue->large));
                queue->sent = 0;
        }
}

/* Ordinary ones and pieces share the line half and half, by bytes. */
static bool ordinary_is_next(const FrameQueue *queue) {
        if (queue->ordinary.length == 0)
                return false;
        return queue->large.length == 0 || queue->passed < FRAME_PIECE;
}

void frame_queue_pull(FrameQueue *queue, GByteArray *out, size_t enough) {
        assert(queue);
        assert(out);

        while (out->len < enough) {
                if (!g_queue_is_empty(&queue->urgent))
                        pull_whole(queue, &queue->urgent, out);
                else if (ordinary_is_next(queue)) {
                        size_t before = out->len;

                        pull_whole(queue, &queue->ordinary, out);
                        queue->passed += out->len - before;
                } else if (!g_queue_is_empty(&queue->large)) {
                        pull_piece(queue, out);
                        queue->passed = 0;
                        return;
                } else
                        return;
        }
}

GBytes *frame_encode(const void *body, size_t size) {
        GByteArray *out = g_byte_array_new();
        FrameQueue queue;

        frame_queue_init(&queue);
        frame_queue_push(&queue, g_bytes_new(body, size), /* urgent= */ false);
        while (!frame_queue_is_empty(&queue))
                frame_queue_pull(&queue, out, G_MAXSIZE);
        frame_queue_done(&queue);
        return g_byte_array_free_to_bytes(out);
}
