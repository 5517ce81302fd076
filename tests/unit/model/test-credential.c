/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/limits.h"
#include "model/credential.h"
#include "wire/codec.h"

static void test_names(void) {
        static const char *const bad[] = { "",     ".",    "..",       "...", "a/b",   "a:b",  "a\tb",
                                           "a\nb", "\x7f", "\xc3\xa4", "/",   "../up", "\001a" };
        static const char *const good[] = { "smtp-ops", "a", ".hidden", "a b", "a.b_c@d", "\"{}\\" };
        g_autofree char *longest = g_strnfill(CREDENTIAL_NAME_MAX_BYTES, 'n');
        g_autofree char *too_long = g_strconcat(longest, "n", NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
                g_assert_false(credential_name_is_valid(bad[i]));
        for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
                g_assert_true(credential_name_is_valid(good[i]));
        g_assert_true(credential_name_is_valid(longest));
        g_assert_false(credential_name_is_valid(too_long));
        g_assert_false(credential_name_is_valid(NULL));
}

static Alert *decoded(const char *json) {
        void *alert = NULL;
        g_autofree char *error = NULL;

        (void) codec_decode(&alert_type, json, strlen(json), &alert, &error);
        g_assert_cmpstr(error, ==, NULL);
        return alert;
}

static void test_json(void) {
        static const char text[] = "{\"id\":\"a\",\"type\":\"smtp\","
                                   "\"smtp_password\":{\"credential\":\"a \\\"b\\\"\"}}";
        _cleanup_(alert_freep) Alert *alert = decoded(text);
        g_autofree char *again = codec_encode_text(&alert_type, alert);

        g_assert_cmpstr(alert_credential(alert), ==, "a \"b\"");
        g_assert_cmpstr(alert_credential_field(alert)->name, ==, "smtp_password");
        g_assert_cmpstr(again, ==, text);
}

static void test_none(void) {
        _cleanup_(alert_freep) Alert *alert =
                        decoded("{\"type\":\"smtp\",\"smtp_password\":\"credential smtp\"}");

        g_assert_null(alert_credential(alert));
        g_assert_null(alert_credential_field(alert));
}

static void refused(const char *json, const char *why) {
        g_autofree char *error = NULL;
        void *alert = NULL;

        g_assert_cmpint(codec_decode(&alert_type, json, strlen(json), &alert, &error), ==, -EBADMSG);
        g_assert_cmpstr(error, ==, why);
}

static void test_refused(void) {
        refused("{\"type\":\"smtp\",\"smtp_password\":{}}",
                "alert.smtp_password.credential: no name of a credential");
        refused("{\"type\":\"smtp\",\"smtp_password\":{\"credential\":\"a/b\"}}",
                "alert.smtp_password.credential: no name of a credential");
        refused("{\"type\":\"smtp\",\"smtp_password\":{\"credential\":7}}",
                "alert.smtp_password.credential: not a text");
        refused("{\"type\":\"smtp\",\"smtp_password\":{\"kept\":true}}",
                "alert.smtp_password: neither a text nor {\"credential\": NAME}");
        refused("{\"type\":\"smtp\",\"smtp_password\":{\"credential\":\"a\",\"b\":1}}",
                "alert.smtp_password: neither a text nor {\"credential\": NAME}");
        refused("{\"type\":\"smtp\",\"smtp_user\":{\"credential\":\"a\"}}", "alert.smtp_user: not a text");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/credential/names", test_names);
        g_test_add_func("/credential/json", test_json);
        g_test_add_func("/credential/none", test_none);
        g_test_add_func("/credential/refused", test_refused);
        return g_test_run();
}
