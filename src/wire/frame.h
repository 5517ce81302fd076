/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Frames: how messages share one stream of bytes.
 *
 * A frame is a word of 4 bytes, big-endian, and a body. The word's low 30 bits are the body's length, which
 * is 1 .. FRAME_PIECE. A message of up to FRAME_PIECE bytes is one frame without flags. A longer one is cut
 * into pieces, each a frame with FRAME_PART set, all but the last with FRAME_MORE as well. Pieces of one
 * message come in order and at most one message is in pieces at a time, but whole messages may stand between
 * its pieces: so a ping waits for one piece of a large message, never for all of it, and the reader needs
 * one buffer for the message in pieces and one for a frame. The price: a short message may arrive before a
 * long one that was sent earlier. Short ones keep their order among themselves (the urgent before the
 * others), and so do long ones.
 *
 * The reader never allocates what was only announced: its buffers grow with what arrives, and a length over
 * the limit is refused at its header. */

#include <stdbool.h>
#include <stdint.h>

#include <glib.h>

#define FRAME_HEADER_BYTES 4
#define FRAME_PART (UINT32_C(1) << 31)
#define FRAME_MORE (UINT32_C(1) << 30)

typedef struct FrameReader {
        GByteArray *buffer;  /* the frame that is coming in; NULL as long as nothing did */
        size_t consumed;     /* of buffer */
        GByteArray *message; /* the message in pieces; NULL: none */
        size_t limit;        /* of one message; may be changed between frames */
} FrameReader;

void frame_reader_init(FrameReader *reader, size_t limit);
void frame_reader_done(FrameReader *reader);

/* Feeds bytes and takes the first whole message, if any. 1: *ret is it (caller unrefs); feed with size 0 to
 * get the next. 0: more bytes are needed. -EMSGSIZE: announced more than the limit; -EBADMSG: an empty
 * frame, or a piece where none may be. After an error the connection is useless. */
int frame_reader_feed(FrameReader *reader, const void *bytes, size_t size, GBytes **ret);

/* The bytes of one message as frames, for tests and simple callers. */
GBytes *frame_encode(const void *body, size_t size);

/* What waits to be sent on one connection, and what goes next. */
typedef struct FrameQueue {
        GQueue urgent; /* of GBytes, each at most FRAME_PIECE */
        GQueue ordinary;
        GQueue large;  /* longer ones; the first may be sent in part */
        size_t sent;   /* of the first large one */
        size_t bytes;  /* that wait, in all */
        size_t passed; /* bytes of ordinary ones since the last piece */
} FrameQueue;

void frame_queue_init(FrameQueue *queue);
void frame_queue_done(FrameQueue *queue);
void frame_queue_push(FrameQueue *queue, GBytes *message_consumed, bool urgent); /* 1 byte or more */
bool frame_queue_is_empty(const FrameQueue *queue);
/* Appends the next frames to out until it has at least `enough` bytes (but whole frames) or nothing waits:
 * the urgent ones first, then pieces and ordinary ones by turns. A piece is always the last appended, so
 * that what becomes urgent meanwhile waits for one at most. */
void frame_queue_pull(FrameQueue *queue, GByteArray *out, size_t enough);
