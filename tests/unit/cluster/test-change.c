/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib.h>
#include <string.h>

#include "base/limits.h"
#include "cluster/register.h"
#include "wire/codec.h"

#define CERTIFICATE "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"

typedef struct Fixture {
        Value *value;
        unsigned n_ids;
        ChangeAnswer *answer; /* of the last plan */
        Delta *delta;
} Fixture;

static char *next_id(void *userdata) {
        return g_strdup_printf("id-%u", ++((Fixture *) userdata)->n_ids);
}

static Peer *some_peer(unsigned number) {
        Peer *peer = peer_new();

        peer->node_id = g_strdup_printf("p%u", number);
        peer->advertise = g_strdup_printf("127.0.0.1:%u", 9900 + number);
        peer->fingerprint = g_strdup_printf("sha256:%064x", number);
        peer->cert_pem = g_strdup(CERTIFICATE);
        return peer;
}

static void set_up(Fixture *f, gconstpointer data) {
        _cleanup_(peer_freep) Peer *peer = some_peer(1);

        (void) data;
        f->value = register_first_value("k", peer, 1);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        (void) value_unref(f->value);
        (void) change_answer_free(f->answer);
        (void) delta_free(f->delta);
}

/* plans, and applies what was planned */
static ChangeOutcome plan(Fixture *f, const Change *change) {
        f->answer = change_answer_free(f->answer);
        f->delta = delta_free(f->delta);
        change_plan(f->value, change, 1000, "leader", next_id, f, &f->delta, &f->answer);

        g_assert_true((f->delta != NULL) == (f->answer->outcome == CHANGE_DONE));
        if (f->answer->outcome != CHANGE_DONE)
                g_assert_cmpstr(f->answer->text, !=, "");
        if (f->delta) {
                Value *next = value_apply(f->value, f->delta);

                (void) value_unref(f->value);
                f->value = next;
        }
        return f->answer->outcome;
}

static ChangeOutcome
ask(Fixture *f,
    ChangeKind kind,
    const char *object_kind,
    const char *target,
    uint64_t base,
    const char *body) {
        static unsigned n;
        g_autofree char *id = g_strdup_printf("ask-%u", ++n);
        Change change = {
                .id = id,
                .kind = kind,
                .object_kind = (char *) object_kind,
                .target = (char *) target,
                .base_revision = base,
                .base_version = base,
                .body = (char *) body,
        };

        return plan(f, &change);
}

static uint64_t version(const Fixture *f) {
        return value_meta(f->value)->version;
}

#define ADD(kind, body) ask(f, CHANGE_ADD, kind, NULL, 0, body)
#define MAIL                                                                                                \
        "{\"name\":\"mail\",\"type\":\"smtp\",\"smtp_host\":\"relay\",\"smtp_from\":\"a@b.c\","             \
        "\"smtp_to\":[\"d@e.f\"],\"smtp_password\":\"hush\"}"

static void test_add(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_cmpint(ADD("check", "{\"name\":\"web\",\"type\":\"http\",\"target\":\"http://a/\"}"),
                        ==,
                        CHANGE_DONE);
        g_assert_cmpuint(version(f), ==, 2);
        g_assert_cmpuint(f->answer->version, ==, 2);
        g_assert_cmpstr(f->answer->object_id, ==, "id-1");
        g_assert_cmpuint(value_check(f->value, "web")->revision, ==, 2);
        g_assert_cmpstr(value_meta(f->value)->updated_by, ==, "leader");

        g_assert_cmpint(ADD("check", "{\"name\":\"web\",\"type\":\"tcp\",\"target\":\"a:1\"}"),
                        ==,
                        CHANGE_EXISTS);
        g_assert_cmpint(ADD("check", "{\"id\":\"id-1\",\"name\":\"x\",\"type\":\"tcp\",\"target\":\"a:1\"}"),
                        ==,
                        CHANGE_EXISTS);
        g_assert_cmpint(ADD("check", "{\"name\":\"id-1\",\"type\":\"tcp\",\"target\":\"a:1\"}"),
                        ==,
                        CHANGE_EXISTS);
        g_assert_cmpint(ADD("check", "{\"name\":\"y\",\"type\":\"tcp\",\"target\":\"no port\"}"),
                        ==,
                        CHANGE_INVALID);
        g_assert_cmpint(ADD("check",
                            "{\"name\":\"y\",\"type\":\"tcp\",\"target\":\"a:1\",\"alert_ids\":[\"none\"]}"),
                        ==,
                        CHANGE_INVALID);
        g_assert_cmpint(ADD("check", "{\"name\":\"y\""), ==, CHANGE_INVALID);
        g_assert_cmpint(ADD("check", NULL), ==, CHANGE_INVALID);
        g_assert_cmpint(ADD("horse", "{}"), ==, CHANGE_INVALID);
        g_assert_cmpuint(version(f), ==, 2);
}

static void test_edit(Fixture *f, gconstpointer data) {
        (void) data;
        (void) ADD("check",
                   "{\"name\":\"web\",\"type\":\"http\",\"target\":\"http://a/\",\"expect_status\":204}");
        (void) ADD("check", "{\"name\":\"other\",\"type\":\"tcp\",\"target\":\"a:1\"}");

        g_assert_cmpint(ask(f, CHANGE_EDIT, "check", "web", 2, "{\"target\":\"http://b/\"}"),
                        ==,
                        CHANGE_DONE);
        g_assert_cmpstr(value_check(f->value, "web")->target, ==, "http://b/");
        g_assert_cmpuint(value_check(f->value, "web")->expect_status, ==, 204);
        g_assert_cmpuint(version(f), ==, 4);
        g_assert_cmpint(ask(f, CHANGE_EDIT, "check", "web", 2, "{\"target\":\"http://c/\"}"),
                        ==,
                        CHANGE_CONFLICT);

        /* nothing differs: done, and no new version */
        g_assert_cmpint(ask(f, CHANGE_EDIT, "check", "web", 0, "{\"target\":\"http://b/\"}"),
                        ==,
                        CHANGE_DONE);
        g_assert_true(delta_is_empty(f->delta));
        g_assert_cmpuint(version(f), ==, 4);

        g_assert_cmpint(ask(f, CHANGE_EDIT, "check", "web", 0, "{\"name\":\"other\"}"), ==, CHANGE_EXISTS);
        g_assert_cmpint(ask(f, CHANGE_EDIT, "check", "web", 0, "{\"targe\":\"x\"}"), ==, CHANGE_INVALID);
        g_assert_nonnull(strstr(f->answer->text, "did you mean \"target\""));
        g_assert_cmpint(ask(f, CHANGE_EDIT, "check", "web", 0, "{\"revision\":7}"), ==, CHANGE_INVALID);
        g_assert_cmpint(ask(f, CHANGE_EDIT, "check", "web", 0, "{\"id\":\"else\"}"), ==, CHANGE_INVALID);
        g_assert_cmpint(ask(f, CHANGE_EDIT, "check", "gone", 0, "{}"), ==, CHANGE_NOT_FOUND);
}

/* only the named fields count, whatever else the body has */
static void test_edit_takes_named_fields_only(Fixture *f, gconstpointer data) {
        char *fields[] = { (char *) "interval", NULL };
        Change change = {
                .id = (char *) "one",
                .kind = CHANGE_EDIT,
                .object_kind = (char *) "check",
                .target = (char *) "web",
                .body = (char *) "{\"target\":\"http://b/\",\"interval\":\"40s\"}",
                .fields = fields,
        };

        (void) data;
        (void) ADD("check", "{\"name\":\"web\",\"type\":\"http\",\"target\":\"http://a/\"}");
        g_assert_cmpint(plan(f, &change), ==, CHANGE_DONE);
        g_assert_cmpstr(value_check(f->value, "web")->target, ==, "http://a/");
        g_assert_cmpuint(value_check(f->value, "web")->interval, ==, 40 * USEC_PER_SEC);
}

static void test_secrets_are_kept(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_cmpint(ADD("alert", MAIL), ==, CHANGE_DONE);
        g_assert_cmpint(ask(f,
                            CHANGE_EDIT,
                            "alert",
                            "mail",
                            0,
                            "{\"smtp_password\":{\"kept\":true},\"smtp_user\":\"r2\"}"),
                        ==,
                        CHANGE_DONE);
        g_assert_cmpstr(value_alert(f->value, "mail")->smtp_password, ==, "hush");
        g_assert_cmpstr(value_alert(f->value, "mail")->smtp_user, ==, "r2");
        g_assert_cmpint(ask(f, CHANGE_EDIT, "alert", "mail", 0, "{\"smtp_password\":\"new\"}"),
                        ==,
                        CHANGE_DONE);
        g_assert_cmpstr(value_alert(f->value, "mail")->smtp_password, ==, "new");
        g_assert_cmpint(ADD("alert",
                            "{\"name\":\"m2\",\"type\":\"smtp\",\"smtp_password\":{\"kept\":true}}"),
                        ==,
                        CHANGE_INVALID);

        g_assert_cmpint(ADD("check", "{\"name\":\"web\",\"type\":\"http\",\"target\":\"https://u:p@a/x\"}"),
                        ==,
                        CHANGE_DONE);
        g_assert_cmpint(ask(f, CHANGE_EDIT, "check", "web", 0, "{\"target\":\"https://***@a/y\"}"),
                        ==,
                        CHANGE_DONE);
        g_assert_cmpstr(value_check(f->value, "web")->target, ==, "https://u:p@a/y");
}

/* Nobody has a password carried to another host or port, or in plain, who cannot read it: not by an edit
 * that a member forwards, and not by a document. */
static void test_secrets_stay_in_place(Fixture *f, gconstpointer data) {
        static const char *const elsewhere[] = {
                "http://***@a/x",       "https://***@evil/x", "https://***@a:8443/x",
                "https://***@a.evil/x", "http://***@a:443/x",
        };

        (void) data;
        g_assert_cmpint(ADD("check",
                            "{\"id\":\"c1\",\"name\":\"web\",\"type\":\"http\",\"target\":\"https://u:p@a/"
                            "x\"}"),
                        ==,
                        CHANGE_DONE);
        for (size_t i = 0; i < G_N_ELEMENTS(elsewhere); i++) {
                g_autofree char *edit = g_strdup_printf("{\"target\":\"%s\"}", elsewhere[i]);
                g_autofree char *document = g_strdup_printf(
                                "{\"checks\":[{\"id\":\"c1\",\"name\":\"web\",\"type\":\"http\","
                                "\"target\":\"%s\"}]}",
                                elsewhere[i]);

                g_assert_cmpint(ask(f, CHANGE_EDIT, "check", "web", 0, edit), ==, CHANGE_INVALID);
                g_assert_nonnull(strstr(f->answer->text, "give the user and password again"));
                g_assert_cmpint(ask(f, CHANGE_DOCUMENT, NULL, NULL, version(f), document),
                                ==,
                                CHANGE_INVALID);
                g_assert_nonnull(strstr(f->answer->text, "give the user and password again"));
                g_assert_cmpstr(value_check(f->value, "web")->target, ==, "https://u:p@a/x");
        }
}

/* The same for the password of mail, whether it is kept by a mark or by not being named. */
static void test_passwords_stay_in_place(Fixture *f, gconstpointer data) {
        static const char *const elsewhere[] = {
                "\"smtp_host\":\"evil\",\"smtp_starttls\":true",
                "\"smtp_host\":\"relay\",\"smtp_starttls\":true,\"smtp_port\":25",
                "\"smtp_host\":\"relay\",\"smtp_starttls\":false",
        };
        static const char *const kept[] = { "", "\"smtp_password\":{\"kept\":true}," };

        (void) data;
        g_assert_cmpint(ADD("alert", MAIL), ==, CHANGE_DONE);
        g_assert_cmpint(ask(f,
                            CHANGE_EDIT,
                            "alert",
                            "mail",
                            0,
                            "{\"smtp_starttls\":true,\"smtp_host\":\"RELAY\",\"smtp_port\":587}"),
                        ==,
                        CHANGE_DONE);
        for (size_t i = 0; i < G_N_ELEMENTS(elsewhere); i++) {
                g_autofree char *given = g_strdup_printf("{%s,\"smtp_password\":\"hush\"}", elsewhere[i]);
                g_autofree char *back =
                                g_strdup("{\"smtp_host\":\"relay\",\"smtp_port\":0,\"smtp_starttls\":true,"
                                         "\"smtp_password\":\"hush\"}");
                g_autofree char *document = g_strdup_printf(
                                "{\"alerts\":[{\"id\":\"%s\",\"name\":\"mail\",\"type\":\"smtp\","
                                "\"smtp_from\":\"a@b.c\",\"smtp_to\":[\"d@e.f\"],%s%s}]}",
                                value_alert(f->value, "mail")->id,
                                kept[1],
                                elsewhere[i]);

                for (size_t j = 0; j < G_N_ELEMENTS(kept); j++) {
                        g_autofree char *edit = g_strdup_printf("{%s%s}", kept[j], elsewhere[i]);

                        g_assert_cmpint(ask(f, CHANGE_EDIT, "alert", "mail", 0, edit), ==, CHANGE_INVALID);
                        g_assert_nonnull(strstr(
                                        f->answer->text, "smtp_password: there is no password to keep"));
                }
                g_assert_cmpint(ask(f, CHANGE_DOCUMENT, NULL, NULL, version(f), document),
                                ==,
                                CHANGE_INVALID);
                g_assert_nonnull(strstr(f->answer->text, "smtp_password: there is no password to keep"));
                /* who knows it may */
                g_assert_cmpint(ask(f, CHANGE_EDIT, "alert", "mail", 0, given), ==, CHANGE_DONE);
                g_assert_cmpint(ask(f, CHANGE_EDIT, "alert", "mail", 0, back), ==, CHANGE_DONE);
        }
        /* none is kept, or none is in the document */
        g_assert_cmpint(ask(f,
                            CHANGE_EDIT,
                            "alert",
                            "mail",
                            0,
                            "{\"smtp_host\":\"r2\",\"smtp_password\":{\"credential\":\"mail\"}}"),
                        ==,
                        CHANGE_DONE);
        g_assert_cmpint(ask(f, CHANGE_EDIT, "alert", "mail", 0, "{\"smtp_host\":\"r3\"}"), ==, CHANGE_DONE);
        g_assert_cmpint(ask(f, CHANGE_EDIT, "alert", "mail", 0, "{\"smtp_password\":\"\"}"),
                        ==,
                        CHANGE_DONE);
        g_assert_cmpint(ask(f, CHANGE_EDIT, "alert", "mail", 0, "{\"smtp_host\":\"r4\"}"), ==, CHANGE_DONE);
}

static void
put_notice(Fixture *f, const char *id, const char *check_id, const char *alert_id, const char *hash) {
        g_autofree char *body = g_strdup_printf(
                        "{\"id\":\"%s\",\"check_id\":\"%s\",\"alert_id\":\"%s\",\"event\":\"DOWN\","
                        "\"body_template_hash\":\"%s\",\"transition\":{\"check\":{\"type\":\"tcp\"}}}",
                        id,
                        check_id,
                        alert_id,
                        hash);
        ChangeOp notice = {
                .kind = (char *) "notice", .id = (char *) id, .expect = (char *) "", .body = body
        };
        ChangeOp text = {
                .kind = (char *) "template",
                .id = (char *) "h",
                .expect = (char *) "*",
                .body = (char *) "{\"hash\":\"h\",\"text\":\"t\"}",
        };
        g_autoptr(GPtrArray) ops = g_ptr_array_new();
        Change change = { .id = (char *) id, .kind = CHANGE_RECORDS, .ops = ops };

        g_ptr_array_add(ops, &notice);
        g_ptr_array_add(ops, &text);
        g_assert_cmpint(plan(f, &change), ==, CHANGE_DONE);
}

static void test_remove_alert(Fixture *f, gconstpointer data) {
        size_t n;
        uint64_t before;

        (void) data;
        (void) ADD("alert", MAIL);
        (void) ADD("check",
                   "{\"id\":\"c1\",\"name\":\"web\",\"type\":\"tcp\",\"target\":\"a:1\",\"alert_ids\":["
                   "\"mail\"]}");
        (void) ADD("check",
                   "{\"id\":\"c2\",\"name\":\"db\",\"type\":\"tcp\",\"target\":\"a:2\",\"suppress_alert_"
                   "ids\":[\"id-1\"]}");
        put_notice(f, "n1", "c1", "id-1", "h");
        g_assert_nonnull(value_find(f->value, RECORD_TEMPLATE, "h"));

        before = version(f);
        g_assert_cmpint(ask(f, CHANGE_REMOVE, "alert", "mail", 0, NULL), ==, CHANGE_DONE);
        g_assert_cmpuint(version(f), ==, before + 1);
        g_assert_null(value_alert(f->value, "mail"));
        g_assert_cmpuint(g_strv_length(f->answer->affected), ==, 2);
        g_assert_cmpstr(f->answer->affected[0], ==, "web");
        g_assert_true(object_field_is_empty(
                        object_field(&check_type, "alert_ids"), value_check(f->value, "web")));
        g_assert_cmpuint(value_check(f->value, "db")->revision, ==, before + 1);
        /* what it was owed is dropped, and the text that nothing is rendered from any more */
        (void) value_slice(f->value, RECORD_NOTICE, &n);
        g_assert_cmpuint(n, ==, 0);
        g_assert_null(value_find(f->value, RECORD_TEMPLATE, "h"));
}

static void test_rename_alert(Fixture *f, gconstpointer data) {
        (void) data;
        (void) ADD("alert", MAIL);
        (void) ADD("check",
                   "{\"name\":\"web\",\"type\":\"tcp\",\"target\":\"a:1\",\"alert_ids\":[\"mail\"]}");
        g_assert_cmpint(ask(f, CHANGE_EDIT, "alert", "mail", 0, "{\"name\":\"post\"}"), ==, CHANGE_DONE);
        g_assert_cmpstr(value_check(f->value, "web")->alert_ids[0], ==, "post");
}

static void test_records(Fixture *f, gconstpointer data) {
        ChangeOp op = {
                .kind = (char *) "status",
                .id = (char *) "c1",
                .expect = (char *) "",
                .body = (char *) "{\"check_id\":\"c1\",\"state\":\"up\"}",
        };
        g_autoptr(GPtrArray) ops = g_ptr_array_new();
        Change change = { .id = (char *) "r", .kind = CHANGE_RECORDS, .ops = ops };
        char hex[RECORD_DIGEST_TEXT_SIZE];

        (void) data;
        g_ptr_array_add(ops, &op);
        g_assert_cmpint(plan(f, &change), ==, CHANGE_CONFLICT); /* there is no such check */
        (void) ADD("check", "{\"id\":\"c1\",\"name\":\"web\",\"type\":\"tcp\",\"target\":\"a:1\"}");
        g_assert_cmpint(plan(f, &change), ==, CHANGE_DONE);
        g_assert_cmpuint(version(f), ==, 2); /* the daemon's own records are not the document */
        g_assert_cmpint(plan(f, &change), ==, CHANGE_CONFLICT);
        op.expect = record_digest_to_string(&value_find(f->value, RECORD_STATUS, "c1")->digest, hex);
        op.body = (char *) "{\"check_id\":\"c1\",\"state\":\"down\"}";
        g_assert_cmpint(plan(f, &change), ==, CHANGE_DONE);
        g_assert_cmpint(((const CheckStatus *) value_object(f->value, RECORD_STATUS, "c1"))->state,
                        ==,
                        CHECK_DOWN);
        op.kind = (char *) "peer";
        g_assert_cmpint(plan(f, &change), ==, CHANGE_INVALID);

        g_assert_cmpint(ask(f, CHANGE_REMOVE, "check", "c1", 0, NULL), ==, CHANGE_DONE);
        g_assert_null(value_find(f->value, RECORD_STATUS, "c1"));
}

static ChangeOutcome join(Fixture *f, unsigned number) {
        _cleanup_(peer_freep) Peer *peer = some_peer(number);
        g_autofree char *body = codec_encode_text(&peer_type, peer);

        return ADD("peer", body);
}

static void test_peers(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_cmpint(ask(f, CHANGE_REMOVE, "peer", "p1", 0, NULL), ==, CHANGE_REFUSED); /* the last */
        g_assert_cmpint(join(f, 1), ==, CHANGE_EXISTS);
        g_assert_cmpint(join(f, 2), ==, CHANGE_DONE);
        g_assert_true(value_peer(f->value, "p2")->joining);
        g_assert_cmpuint(value_n_voters(f->value), ==, 1);
        g_assert_cmpint(join(f, 3), ==, CHANGE_REFUSED); /* one at a time */
        g_assert_nonnull(strstr(f->answer->text, "p2"));
        g_assert_cmpstr(f->answer->object_id, ==, "p2");

        g_assert_cmpint(join(f, 2), ==, CHANGE_DONE); /* an invitation that was interrupted is made again */
        g_assert_cmpint(ask(f, CHANGE_WITHDRAW, NULL, "p2", 0, NULL), ==, CHANGE_DONE);
        g_assert_null(value_peer(f->value, "p2"));
        g_assert_cmpint(ask(f, CHANGE_WITHDRAW, NULL, "p2", 0, NULL), ==, CHANGE_DONE);
        g_assert_cmpint(join(f, 2), ==, CHANGE_DONE); /* it was not barred */

        g_assert_cmpint(ask(f, CHANGE_PROMOTE, NULL, "p2", 0, NULL), ==, CHANGE_DONE);
        g_assert_cmpuint(value_n_voters(f->value), ==, 2);
        g_assert_cmpint(join(f, 2), ==, CHANGE_EXISTS);
        g_assert_cmpint(ask(f, CHANGE_WITHDRAW, NULL, "p2", 0, NULL), ==, CHANGE_REFUSED); /* no voter */
        g_assert_cmpint(ask(f, CHANGE_PROMOTE, NULL, "p9", 0, NULL), ==, CHANGE_NOT_FOUND);
        g_assert_cmpint(ask(f, CHANGE_REMOVE, "peer", "p2", 0, NULL), ==, CHANGE_DONE);
        g_assert_cmpuint(value_n_voters(f->value), ==, 1);
        g_assert_cmpint(join(f, 2), ==, CHANGE_REFUSED); /* barred for good */
        g_assert_cmpint(ADD("peer", "{\"node_id\":\"p7\",\"advertise\":\"a:1\"}"), ==, CHANGE_INVALID);
}

static ChangeOutcome ask_document(Fixture *f, const Document *document) {
        g_autofree char *body = codec_encode_text(&document_type, document);

        return ask(f, CHANGE_DOCUMENT, NULL, NULL, document->version, body);
}

static void test_document(Fixture *f, gconstpointer data) {
        _cleanup_(document_freep) Document *document = NULL;
        Check *check;
        uint64_t before;

        (void) data;
        (void) ADD("alert", MAIL);
        (void) ADD("check", "{\"id\":\"c1\",\"name\":\"web\",\"type\":\"tcp\",\"target\":\"a:1\"}");
        (void) ADD("check", "{\"id\":\"c2\",\"name\":\"db\",\"type\":\"tcp\",\"target\":\"a:2\"}");
        before = version(f);

        document = value_document(f->value);
        g_assert_cmpint(ask_document(f, document), ==, CHANGE_DONE);
        g_assert_true(delta_is_empty(f->delta));

        /* as it comes from a file: without what is the daemon's own */
        check = check_new();
        check->name = g_strdup("third");
        check->type = CHECK_TCP;
        check->target = g_strdup("a:3");
        g_ptr_array_add(document->checks, check);
        check = g_ptr_array_index(document->checks, 0);
        check->interval = 50 * USEC_PER_SEC;
        check->order = check->revision = 0;
        (void) check_free(g_ptr_array_steal_index(document->checks, 1));
        document->election_timeout = 2 * USEC_PER_SEC;
        g_assert_cmpint(ask_document(f, document), ==, CHANGE_DONE);
        g_assert_cmpuint(version(f), ==, before + 1);
        g_assert_null(value_check(f->value, "db"));
        g_assert_cmpuint(value_check(f->value, "third")->revision, ==, before + 1);
        g_assert_cmpuint(value_check(f->value, "web")->interval, ==, 50 * USEC_PER_SEC);
        g_assert_cmpuint(value_meta(f->value)->election_timeout, ==, 2 * USEC_PER_SEC);
        g_assert_cmpuint(value_alert(f->value, "mail")->revision, ==, 2);

        g_assert_cmpint(ask_document(f, document), ==, CHANGE_CONFLICT); /* made for the version before */
}

/* However it is written that a value stays. */
static void test_document_keeps_secrets(Fixture *f, gconstpointer data) {
        static const char *const kept[] = { "{\"kept\":true}", "{\"\\u006bept\":true}" };

        (void) data;
        (void) ADD("alert", MAIL);
        for (unsigned i = 0; i < G_N_ELEMENTS(kept); i++) {
                _cleanup_(document_freep) Document *document = value_document(f->value);
                Alert *alert = g_ptr_array_index(document->alerts, 0);
                g_autofree char *secret = g_strdup(alert->smtp_password), *quoted = NULL, *body = NULL;
                g_auto(GStrv) parts = NULL;

                g_free(alert->name);
                alert->name = g_strdup_printf("other-%u", i);
                quoted = g_strdup_printf("\"%s\"", secret);
                body = codec_encode_text(&document_type, document);
                parts = g_strsplit(body, quoted, 2);
                g_assert_nonnull(parts[1]);
                g_free(body);
                body = g_strjoinv(kept[i], parts);
                g_assert_cmpint(ask(f, CHANGE_DOCUMENT, NULL, NULL, document->version, body),
                                ==,
                                CHANGE_DONE);
                g_assert_cmpstr(value_alert(f->value, alert->id)->name, ==, alert->name);
                g_assert_cmpstr(value_alert(f->value, alert->id)->smtp_password, ==, secret);
        }
}

static void test_document_and_peers(Fixture *f, gconstpointer data) {
        _cleanup_(document_freep) Document *document = NULL;

        (void) data;
        for (unsigned i = 2; i < 5; i++) {
                g_autofree char *id = g_strdup_printf("p%u", i);

                g_assert_cmpint(join(f, i), ==, CHANGE_DONE);
                g_assert_cmpint(ask(f, CHANGE_PROMOTE, NULL, id, 0, NULL), ==, CHANGE_DONE);
        }

        document = value_document(f->value);
        g_ptr_array_add(document->peers, some_peer(9));
        g_assert_cmpint(ask_document(f, document), ==, CHANGE_INVALID);
        g_assert_nonnull(strstr(f->answer->text, "quctl node add"));

        (void) peer_free(g_ptr_array_steal_index(document->peers, 4));
        (void) peer_free(g_ptr_array_steal_index(document->peers, 3));
        g_assert_cmpint(ask_document(f, document), ==, CHANGE_DONE);
        g_assert_null(value_peer(f->value, "p4"));
        g_assert_cmpint(join(f, 4), ==, CHANGE_REFUSED); /* barred */

        document->version = version(f);
        (void) peer_free(g_ptr_array_steal_index(document->peers, 2));
        (void) peer_free(g_ptr_array_steal_index(document->peers, 1));
        g_assert_cmpint(ask_document(f, document), ==, CHANGE_REFUSED);
}

/* a retry gets the first one's answer; the oldest are forgotten */
static void test_answers_are_remembered(Fixture *f, gconstpointer data) {
        Change first = {
                .id = (char *) "first",
                .kind = CHANGE_ADD,
                .object_kind = (char *) "check",
                .body = (char *) "{\"id\":\"c\",\"name\":\"web\",\"type\":\"tcp\",\"target\":\"a:1\"}",
        };
        size_t n;

        (void) data;
        g_assert_cmpint(plan(f, &first), ==, CHANGE_DONE);
        g_assert_cmpint(plan(f, &first), ==, CHANGE_DONE);
        g_assert_true(delta_is_empty(f->delta));
        g_assert_cmpuint(f->answer->version, ==, 2);
        g_assert_cmpstr(f->answer->object_id, ==, "c");

        for (unsigned i = 0; i < CHANGES_REMEMBERED; i++) {
                g_autofree char *body = g_strdup_printf("{\"target\":\"a:%u\"}", i + 2);

                g_assert_cmpint(ask(f, CHANGE_EDIT, "check", "c", 0, body), ==, CHANGE_DONE);
        }
        (void) value_slice(f->value, RECORD_CHANGE, &n);
        g_assert_cmpuint(n, ==, CHANGES_REMEMBERED);
        g_assert_cmpint(plan(f, &first), ==, CHANGE_EXISTS);
        g_assert_cmpuint(version(f), ==, 2 + CHANGES_REMEMBERED);
}

int main(int argc, char **argv) {
        static const struct {
                const char *path;
                void (*test)(Fixture *f, gconstpointer data);
        } tests[] = {
                { "/change/add", test_add },
                { "/change/edit", test_edit },
                { "/change/edit-named-fields", test_edit_takes_named_fields_only },
                { "/change/secrets-are-kept", test_secrets_are_kept },
                { "/change/secrets-stay-in-place", test_secrets_stay_in_place },
                { "/change/passwords-stay-in-place", test_passwords_stay_in_place },
                { "/change/remove-alert", test_remove_alert },
                { "/change/rename-alert", test_rename_alert },
                { "/change/records", test_records },
                { "/change/peers", test_peers },
                { "/change/document", test_document },
                { "/change/document-keeps-secrets", test_document_keeps_secrets },
                { "/change/document-and-peers", test_document_and_peers },
                { "/change/answers-are-remembered", test_answers_are_remembered },
        };

        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
                g_test_add(tests[i].path, Fixture, NULL, set_up, tests[i].test, tear_down);
        return g_test_run();
}
