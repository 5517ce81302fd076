/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/limits.h"
#include "model/check.h"
#include "model/document.h"
#include "model/observation.h"
#include "wire/codec.h"
#include "wire/envelope.h"

/* one of each type of field */
typedef struct Thing {
        char *string;
        bool flag;
        uint64_t count;
        int64_t offset;
        usec_t duration;
        usec_t instant;
        usec_t time;
        int state;
        char **words;
        Check *check;
        GPtrArray *checks;
        char *json;
        bool kept;
        char *extra;
} Thing;
DECLARE_OBJECT(Thing, thing);

static const Field thing_fields[] = {
        FIELD(Thing, string, FIELD_STRING, .max = 16),
        FIELD(Thing, flag, FIELD_BOOL),
        FIELD(Thing, count, FIELD_UINT),
        FIELD(Thing, offset, FIELD_INT),
        FIELD(Thing, duration, FIELD_DURATION),
        FIELD(Thing, instant, FIELD_USEC),
        FIELD(Thing, time, FIELD_TIME),
        FIELD(Thing, state, FIELD_ENUM, .names = &check_state_table),
        FIELD(Thing, words, FIELD_STRV, .max = 3),
        FIELD(Thing, check, FIELD_OBJECT, .object = &check_type),
        FIELD(Thing, checks, FIELD_LIST, .object = &check_type, .max = 2),
        FIELD(Thing, json, FIELD_JSON, .max = 32),
        FIELD(Thing, kept, FIELD_BOOL, .flags = FIELD_KEEP_EMPTY),
        FIELD(Thing, extra, FIELD_EXTRA, .max = 64),
};
const ObjectType thing_type = OBJECT_TYPE(Thing, "thing", thing_fields);

static Thing *decoded(const char *text) {
        g_autofree char *error = NULL;
        void *object = NULL;
        int r = codec_decode(&thing_type, text, strlen(text), &object, &error);

        if (r < 0)
                g_error("%s: %s", text, error);
        g_assert_null(error);
        return object;
}

static void refused_as(const ObjectType *type, const char *text, const char *why) {
        g_autofree char *error = NULL;
        void *object = NULL;

        g_assert_cmpint(codec_decode(type, text, strlen(text), &object, &error), ==, -EBADMSG);
        g_assert_null(object);
        g_assert_cmpstr(error, ==, why);
}

static void refused(const char *text, const char *why) {
        refused_as(&thing_type, text, why);
}

/* encodes to the same bytes again */
static void same(const char *text) {
        _cleanup_(thing_freep) Thing *thing = decoded(text);
        _cleanup_(thing_freep) Thing *copy = thing_copy(thing);
        g_autofree char *again = codec_encode_text(&thing_type, copy);

        g_assert_cmpstr(again, ==, text);
        g_assert_true(thing_equal(thing, copy));
}

static void test_round_trip(void) {
        same("{\"kept\":false}");
        same("{\"string\":\"a\",\"flag\":true,\"count\":9223372036854775807,\"offset\":-9223372036854775808,"
             "\"duration\":\"1m30s\",\"instant\":17,\"time\":\"2026-05-12T15:01:32.250000Z\",\"state\":"
             "\"down\","
             "\"words\":[\"x\",\"y\"],\"check\":{\"id\":\"c\",\"type\":\"tcp\"},"
             "\"checks\":[{\"type\":\"http\"},{\"name\":\"n\",\"type\":\"icmp\",\"later\":[1]}],"
             "\"json\":{\"any\": [1, null]},\"kept\":true,\"newer\":{\"a\":1},\"other\":\"\xc3\xa9\"}");
        same("{\"string\":\"\\\"\\\\\\n\\u0001\x7f\xf0\x9f\x98\x80\",\"kept\":false}");
}

static void test_time_fraction(void) {
        _cleanup_(thing_freep) Thing *thing = decoded("{\"time\":\"2026-05-12T17:01:32+02:00\"}");
        g_autofree char *text = codec_encode_text(&thing_type, thing);

        g_assert_cmpstr(text, ==, "{\"time\":\"2026-05-12T15:01:32Z\",\"kept\":false}");
}

static void test_lenient_order(void) {
        _cleanup_(thing_freep) Thing *thing =
                        decoded(" { \"kept\" : true , \"str\\u0069ng\" : \"b\\/\\u00e9\" , \"flag\" : null,"
                                "\"words\":[],\"checks\":[],\"json\":null } ");

        g_assert_true(thing->kept);
        g_assert_cmpstr(thing->string, ==, "b/\xc3\xa9");
        g_assert_null(thing->words);
        g_assert_null(thing->json);
}

static void test_canonical(void) {
        _cleanup_(thing_freep) Thing *a = decoded("{\"zzz\":1,\"kept\":false,\"flag\":true,\"count\":3}");
        g_autofree char *text = codec_encode_text(&thing_type, a);

        g_assert_cmpstr(text, ==, "{\"flag\":true,\"count\":3,\"kept\":false,\"zzz\":1}");
}

static void test_not_utf8(void) {
        _cleanup_(thing_freep) Thing *thing = thing_new();
        _cleanup_(thing_freep) Thing *back = NULL;
        g_autofree char *text = NULL;

        thing->string = g_strdup("a\xff\xc3z");
        text = codec_encode_text(&thing_type, thing);
        back = decoded(text);
        g_assert_cmpstr(back->string, ==, "a\xef\xbf\xbd\xef\xbf\xbdz");
}

static void test_extra_by_hand(void) {
        _cleanup_(thing_freep) Thing *thing = thing_new();
        g_autofree char *text = NULL;

        thing->extra = g_strdup(" { \"a\": {} } ");
        text = codec_encode_text(&thing_type, thing);
        g_assert_cmpstr(text, ==, "{\"kept\":false,\"a\": {}}");
        g_free(thing->extra);
        thing->extra = g_strdup("{ }");
        g_free(text);
        text = codec_encode_text(&thing_type, thing);
        g_assert_cmpstr(text, ==, "{\"kept\":false}");
}

static void test_messages(void) {
        refused("[]", "thing: not an object");
        refused("{\"string\":1}", "thing.string: not a text");
        refused("{\"string\":\"12345678901234567\"}", "thing.string: longer than 16 bytes");
        refused("{\"flag\":1}", "thing.flag: neither true nor false");
        refused("{\"flag\":tru}", "thing.flag: not JSON at byte 8: not a JSON value");
        refused("{\"count\":-1}", "thing.count: negative");
        refused("{\"count\":1.0}", "thing.count: not JSON at byte 12: not a whole number");
        refused("{\"count\":9223372036854775808}",
                "thing.count: not JSON at byte 27: a number that 64 bits cannot hold");
        refused("{\"count\":\"1\"}", "thing.count: not a number");
        refused("{\"duration\":5}", "thing.duration: not a text");
        refused("{\"duration\":\"5\"}", "thing.duration: not a duration");
        refused("{\"duration\":\"-5s\"}", "thing.duration: not a duration");
        refused("{\"time\":\"yesterday\"}", "thing.time: not an RFC 3339 time");
        refused("{\"state\":\"sideways\"}", "thing.state: none of unknown, up, down");
        refused("{\"words\":[\"a\",1]}", "thing.words[1]: not a text");
        refused("{\"words\":[\"a\",\"b\",\"c\",\"d\"]}", "thing.words: more than 3 entries");
        refused("{\"check\":{\"type\":\"tcp\",\"interval\":\"x\"}}", "thing.check.interval: not a duration");
        refused("{\"checks\":[{\"type\":\"tcp\"},{}]}", "thing.checks[1].type: missing");
        refused("{\"checks\":[{\"type\":\"tcp\"},{\"type\":\"tcp\"},{\"type\":\"tcp\"}]}",
                "thing.checks: more than 2 entries");
        refused("{\"json\":\"123456789012345678901234567890123\"}", "thing.json: longer than 32 bytes");
        refused("{\"json\":{\"a\":1,\"a\":1}}",
                "thing.json: not JSON at byte 21: an object with the same member twice");
        refused("{\"kept\":true,\"kept\":true}", "thing: kept stands there twice");
        refused("{\"k\\u0065pt\":true,\"kept\":true}", "thing: kept stands there twice");
        refused("{\"new\":1,\"n\\u0065w\":1}",
                "thing: not JSON at byte 22: an object with the same member twice");
        refused("{\"new\":\"12345678901234567890123456789012345678901234567890123456789012345\"}",
                "thing: more than 64 bytes of unknown members");
        refused("{} {}", "thing: not JSON at byte 3: more than one value");
        refused_as(&observation_type, "{\"result\":\"ok\"}", "observation.check_id: missing");
        refused_as(&observation_type,
                   "{\"check_id\":\"\",\"result\":\"ok\"}",
                   "observation.check_id: missing");
}

static void test_ignores_without_extra(void) {
        static const char text[] = "{\"check_id\":\"c\",\"later\":{\"x\":[]},\"result\":\"failed\"}";
        g_autofree char *again = NULL, *error = NULL;
        void *object = NULL;

        g_assert_cmpint(codec_decode(&observation_type, text, strlen(text), &object, &error), ==, 0);
        again = codec_encode_text(&observation_type, object);
        g_assert_cmpstr(again, ==, "{\"check_id\":\"c\",\"result\":\"failed\"}");
        (void) object_free(&observation_type, object);
}

static void test_truncated(void) {
        static const char text[] = "{\"string\":\"\\u00e9\",\"words\":[\"a\",\"b\"],\"check\":{\"type\":"
                                   "\"tcp\",\"x\":1},"
                                   "\"checks\":[{\"type\":\"http\"}],\"json\":[{}],\"n\":{\"x\":1}}";

        for (size_t n = 0; n < strlen(text); n++) {
                g_autofree char *copy = g_memdup2(text, n);
                void *object;

                g_assert_cmpint(codec_decode(&thing_type, copy, n, &object, NULL), ==, -EBADMSG);
        }
        same("{\"kept\":false}");
}

static void test_depth(void) {
        GString *s = g_string_new("{\"json\":");

        for (unsigned i = 0; i < DEPTH_MAX_JSON; i++)
                g_string_append_c(s, '[');
        for (unsigned i = 0; i < DEPTH_MAX_JSON; i++)
                g_string_append_c(s, ']');
        g_string_append_c(s, '}');
        refused(s->str, "thing.json: not JSON at byte 39: nested too deeply");
        g_string_free(s, TRUE);
}

static void test_envelope(void) {
        static const char text[] = "{\"method\":\"ping\",\"id\":7,\"params\":{\"term\":3}}";
        g_autofree char *again = NULL;
        void *object = NULL;

        g_assert_cmpint(codec_decode(&envelope_type, text, strlen(text), &object, NULL), ==, 0);
        g_assert_cmpstr(((Envelope *) object)->params, ==, "{\"term\":3}");
        again = codec_encode_text(&envelope_type, object);
        g_assert_cmpstr(again, ==, text);
        (void) envelope_free(object);
        refused_as(&envelope_type, "{\"id\":-1}", "message.id: negative");
}

/* not a bound, only a figure: printed under --verbose */
static void test_speed(void) {
        static const char text[] =
                        "{\"check_id\":\"5b0c3a52-6f0e-4d3c-9b57-0c9a3f1d2e4b\",\"revision\":17,\"round\":4,"
                        "\"result\":\"failed\",\"detail\":\"connect: connection refused by the target\","
                        "\"address\":\"192.0.2.10\",\"age\":15000,\"total\":30000,\"resolve\":100,"
                        "\"connect\":200,"
                        "\"tls\":3000,\"first_byte\":4000}";
        const unsigned n = 20000;
        GString *s = g_string_new(NULL);
        void *object = NULL;
        double decode, encode;

        g_test_timer_start();
        for (unsigned i = 0; i < n; i++) {
                g_assert_cmpint(codec_decode(&observation_type, text, strlen(text), &object, NULL), ==, 0);
                if (i + 1 < n)
                        (void) object_free(&observation_type, object);
        }
        decode = g_test_timer_elapsed();
        g_test_timer_start();
        for (unsigned i = 0; i < n; i++) {
                g_string_truncate(s, 0);
                codec_encode(&observation_type, object, s);
        }
        encode = g_test_timer_elapsed();
        g_assert_cmpstr(s->str, ==, text);
        g_test_message("%zu bytes: decode %.2f us, encode %.2f us",
                       strlen(text),
                       decode * 1e6 / n,
                       encode * 1e6 / n);
        (void) object_free(&observation_type, object);
        g_string_free(s, TRUE);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/wire/codec/round-trip", test_round_trip);
        g_test_add_func("/wire/codec/time-fraction", test_time_fraction);
        g_test_add_func("/wire/codec/lenient-order", test_lenient_order);
        g_test_add_func("/wire/codec/canonical", test_canonical);
        g_test_add_func("/wire/codec/not-utf8", test_not_utf8);
        g_test_add_func("/wire/codec/extra-by-hand", test_extra_by_hand);
        g_test_add_func("/wire/codec/messages", test_messages);
        g_test_add_func("/wire/codec/ignores-without-extra", test_ignores_without_extra);
        g_test_add_func("/wire/codec/truncated", test_truncated);
        g_test_add_func("/wire/codec/depth", test_depth);
        g_test_add_func("/wire/codec/envelope", test_envelope);
        g_test_add_func("/wire/codec/speed", test_speed);
        return g_test_run();
}
