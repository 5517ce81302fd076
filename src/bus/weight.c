/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/weight.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/limits.h"

#define PART_BYTES 8 /* alignment, a length, a number: at most, mostly */

typedef struct Weight {
        size_t bytes;
        unsigned n_parts;
} Weight;

static bool is_text(char type) {
        return type == SD_BUS_TYPE_STRING || type == SD_BUS_TYPE_OBJECT_PATH ||
               type == SD_BUS_TYPE_SIGNATURE;
}

/* sd_bus_message_read_array() gives such arrays as they are, without a look at each element */
static bool is_block(char type, const char *contents) {
        return type == SD_BUS_TYPE_ARRAY && strlen(contents) == 1 && strchr("ynqiuxtd", *contents);
}

static int weigh_all(sd_bus_message *m, Weight *weight);

static int weigh_part(sd_bus_message *m, char type, const char *contents, Weight *weight) {
        const char *text;
        const void *block;
        uint64_t number;
        size_t size;
        int r;

        if (++weight->n_parts > MESSAGE_PARTS_MAX)
                return -E2BIG;
        weight->bytes += PART_BYTES;
        if (is_text(type)) {
                r = sd_bus_message_read_basic(m, type, &text);
                if (r >= 0)
                        weight->bytes += strlen(text);
                return r;
        }
        if (is_block(type, contents)) {
                r = sd_bus_message_read_array(m, *contents, &block, &size);
                if (r >= 0)
                        weight->bytes += size;
                return r;
        }
        if (!contents)
                return sd_bus_message_read_basic(m, type, &number);

        r = sd_bus_message_enter_container(m, type, contents);
        if (r < 0)
                return r;
        r = weigh_all(m, weight);
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int weigh_all(sd_bus_message *m, Weight *weight) {
        const char *contents;
        char type;
        int r;

        while ((r = sd_bus_message_peek_type(m, &type, &contents)) > 0) {
                r = weigh_part(m, type, contents, weight);
                if (r < 0)
                        return r;
        }
        return r;
}

int message_weigh(sd_bus_message *message, size_t *ret) {
        Weight weight = {};
        int r;

        assert(message);
        assert(ret);

        r = sd_bus_message_rewind(message, /* complete= */ true);
        if (r >= 0)
                r = weigh_all(message, &weight);
        if (r >= 0)
                r = sd_bus_message_rewind(message, /* complete= */ true);
        if (r < 0)
                return r;
        *ret = weight.bytes;
        return 0;
}
