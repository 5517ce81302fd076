/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A frame: 4 bytes of length, big-endian, then that many bytes. The reader never allocates what was only
 * announced: its buffer grows with what arrives, and a length over its limit is refused at once. */

#include <glib.h>

typedef struct FrameReader {
        GByteArray *buffer;
        size_t limit; /* of one frame's body; may be raised between frames */
} FrameReader;

void frame_reader_init(FrameReader *reader, size_t limit);
void frame_reader_done(FrameReader *reader);

/* Feeds bytes and takes the first whole frame, if any. 1: *ret is it (caller unrefs); feed with size 0 to get
 * the next. 0: more bytes are needed. -EMSGSIZE: announced more than the limit; the connection is useless. */
int frame_reader_feed(FrameReader *reader, const void *bytes, size_t size, GBytes **ret);

GBytes *frame_encode(const void *body, size_t size);
