/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Corners of the language that follow from Go's documentation; what Go itself says of thousands more is in
 * tests/data/template/. Besides: errors with their place, and limits. */
#include <string.h>

#include "base/limits.h"
#include "template/template.h"

static const TemplateString ids[] = { { "oncall", 6 }, { "ops", 3 } };

static const TemplateCheck check = {
        .id = { "id-1", 4 },
        .name = { "homepage", 8 },
        .type = { "http", 4 },
        .target = { "https://example.com", 19 },
        .interval_nsec = 90500000000,
        .timeout_nsec = 1500,
        .expect_status = 200,
        .alert_ids = { ids, 2, 2 },
};

static TemplateContext context_of(const TemplateCheck *of) {
        TemplateContext context = {
                .check = of,
                .from = template_string("up"),
                .to = template_string("down"),
                .verb = template_string("DOWN"),
                .verb_lower = template_string("down"),
                .node_id = template_string("n1"),
                .when = template_string("2026-05-15T04:05:30Z"),
        };

        context.snapshot = (TemplateSnapshot){
                .check_id = template_string("id-1"),
                .state = template_string("down"),
                .reports = 3,
                .ok_count = 1,
                .not_ok = 2,
                .detail = template_string("refused"),
                .update_at = template_time(1778817929, 123456000),
        };
        return context;
}

typedef struct Case {
        const char *template;
        const char *text; /* NULL: an error of the kind below */
        TemplateFault fault;
} Case;

static void run_case(const Case *c) {
        _cleanup_(template_freep) Template *template = NULL;
        _cleanup_(template_error_freep) TemplateError *error = NULL;
        g_autoptr(GString) to = g_string_new(NULL);
        TemplateContext context = context_of(&check);
        int r;

        r = template_parse("body", c->template, strlen(c->template), &template, &error);
        if (r >= 0)
                r = template_run(template, &context, to, &error);
        if (c->text) {
                if (r < 0)
                        g_error("%s: %s", c->template, error->text);
                if (strcmp(to->str, c->text) != 0)
                        g_error("%s: %s, expected %s", c->template, to->str, c->text);
                return;
        }
        if (r >= 0)
                g_error("%s: %s, expected an error", c->template, to->str);
        if (error->fault != c->fault)
                g_error("%s: %s, a fault of kind %d", c->template, error->text, error->fault);
}

static void run_cases(const Case *cases, size_t n) {
        for (size_t i = 0; i < n; i++)
                run_case(&cases[i]);
}

#define OK(template, text)                                                                                  \
        { (template), (text), 0 }
#define SYNTAX(template)                                                                                    \
        { (template), NULL, TEMPLATE_SYNTAX }
#define FAILS(template)                                                                                     \
        { (template), NULL, TEMPLATE_EXECUTION }
#define LIMITED(template)                                                                                   \
        { (template), NULL, TEMPLATE_LIMIT }

static void test_constants(void) {
        static const Case cases[] = {
                OK("{{-0}}", "0"),
                OK("{{-0.0}} {{+5}} {{0X1P-2}} {{0x.8p1}}", "-0 5 0.25 1"),
                OK("{{1e-400}} {{1e20}} {{999999.0}} {{1000000.0}} {{0.0001}} {{0.00001}}",
                   "0 1e+20 999999 1e+06 0.0001 1e-05"),
                OK("{{5e-324}} {{1.7976931348623157e308}} {{5.684341886080802e-14}} {{0.1}} "
                   "{{9007199254740993.0}}",
                   "5e-324 1.7976931348623157e+308 5.684341886080802e-14 0.1 9.007199254740992e+15"),
                OK("{{printf \"%T %T %T %T\" -0xe 0xe 1e3 '\\x00'}}", "float64 int float64 int"),
                OK("{{0_1}} {{0x_f}} {{1_000.5}} {{0b1_0}} {{0o17}} {{017}}", "1 15 1000.5 2 15 15"),
                OK("{{'\\377'}} {{'\\u00e9'}} {{'\"'}} {{'\\''}}", "255 233 34 39"),
                OK("{{\"\\377\\x41\\u00e9\\U0001F600\\a\" | printf \"%q\"}}", "\"\\xffAé😀\\a\""),
                OK("{{`a\r\nb` | printf \"%q\"}}", "\"a\\nb\""),
                OK("{{1i}} {{-1.5i}} {{0i}} {{1_0+2i}}", "(0+1i) (0-1.5i) (0+0i) (10+2i)"),
                OK("{{-9223372036854775808}}", "-9223372036854775808"),
                FAILS("{{9223372036854775808}}"),
                SYNTAX("{{-9223372036854775809}}"),
                SYNTAX("{{1_}}"),
                SYNTAX("{{1e}}"),
                SYNTAX("{{0x1.8}}"),
                SYNTAX("{{'\\ud800'}}"),
                SYNTAX("{{'\\\"'}}"),
                SYNTAX("{{\"\\'\"}}"),
                SYNTAX("{{\"\\400\"}}"),
                SYNTAX("{{\"\\U00110000\"}}"),
                SYNTAX("{{_1}}"),
        };

        run_cases(cases, G_N_ELEMENTS(cases));
}

static void test_actions(void) {
        static const Case cases[] = {
                OK("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
                OK("{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"),
                OK("{{$ := 7}}{{$}}", "7"),
                OK("{{range $i, $x := .Check.AlertIDs}}{{if $i}}, {{end}}{{$i}}={{$x}}{{end}}",
                   "0=oncall, 1=ops"),
                OK("{{range $i, $x := .Check.SuppressAlertIDs}}{{else}}{{$i}}{{end}}", "[]"),
                OK("{{range $i := .Check.AlertIDs}}{{$i}} {{end}}", "oncall ops "),
                OK("{{range 5}}{{if eq . 1}}{{continue}}{{end}}{{with .}}{{if eq . "
                   "3}}{{break}}{{end}}{{end}}{{.}}{{end}}",
                   "02"),
                OK("{{$s := \"\"}}{{range .Check.AlertIDs}}{{$s = print $s \"<\" . \">\"}}{{end}}{{$s}}",
                   "<oncall><ops>"),
                OK("{{$x := 0}}{{range $x = .Check.AlertIDs}}{{end}}{{$x}}", "ops"),
                OK("{{with \"\"}}a{{else with \"b\"}}{{.}}{{else}}c{{end}}", "b"),
                OK("{{with $x := \"\"}}a{{else with print $x \"b\"}}{{.}}{{$x}}|{{end}}", "b|"),
                OK("{{template \"t\" $y := 4}}{{$y}}{{define \"t\"}}<{{.}}>{{end}}", "<4>4"),
                OK("{{block \"b\" .Verb}}{{.}}{{$}}{{end}}", "DOWNDOWN"),
                OK("{{define \"n\"}}{{.}}{{.X.Y}}{{end}}{{template \"n\"}}", "<no value><no value>"),
                OK("{{if (or nil nil).X}}{{else}}none{{end}}", "none"),
                OK("a {{- \"b\" -}} c {{- /* d */ -}} e", "abce"),
                OK("{{if eq .Verb \"DOWN\"-}}\n x{{end}}", "x"),
                OK("{{.Verb |}}", "DOWN"),
                SYNTAX("{{else_}}"),
                SYNTAX("{{if eq .Verb `DOWN`-}}x{{end}}"),
                SYNTAX("{{('x'-}}"),
                SYNTAX("{{range 1}}{{else}}{{break}}{{end}}"),
                SYNTAX("{{range 1}}{{block \"b\" .}}{{continue}}{{end}}{{end}}"),
                SYNTAX("{{if $x := 1}}{{end}}{{$x}}"),
                SYNTAX("{{with 1}}{{else if 1}}{{end}}{{end}}"),
                FAILS("{{$x = 1}}"),
                FAILS("{{range 1.5}}{{end}}"),
                FAILS("{{range $i, $x := 3}}{{end}}"),
                FAILS("{{(nil)}}"),
        };

        run_cases(cases, G_N_ELEMENTS(cases));
}

static void test_functions(void) {
        static const Case cases[] = {
                OK("{{and 1 0 .Nope}} {{or 0 \"x\" .Nope}} {{and 1 \"\"}}|{{or nil nil}}",
                   "0 x |<no value>"),
                OK("{{.Verb | and}} {{0 | or 0}} {{.Verb | and \"\"}}|", "DOWN 0 |"),
                OK("{{eq 1 2 3 1}} {{eq .Check.Type \"http\"}} {{eq (index \"a\" 0) 97}} {{eq 'a' 97}}",
                   "true true true true"),
                OK("{{eq 1 1 .Verb}} {{ne nil nil}} {{eq .Check.SuppressAlertIDs nil}}", "true false true"),
                OK("{{lt -1 (index \"a\" 0)}} {{gt \"b\" \"a\" }} {{le 1.5 1.5}} {{ge .Check.Timeout 1500}}",
                   "true true true true"),
                OK("{{eq .Snapshot .Snapshot}} {{eq .Check .Check}} {{eq . .Snapshot}}", "true true false"),
                OK("{{len .Check.AlertIDs}} {{index .Check.AlertIDs 1}} {{slice .Check.AlertIDs 1}}",
                   "2 ops [ops]"),
                OK("{{slice (slice .Check.AlertIDs 0 1) 0 2}} {{len (slice .Verb 4)}}", "[oncall ops] 0"),
                OK("{{print \"a\" nil \"b\"}} {{print 1 2 \"x\" 3}} {{println 1 \"x\"}}",
                   "a<nil>b 1 2x3 1 x\n"),
                OK("{{html .Check.AlertIDs nil}} {{js \"é=\\x7f\\u00a0\"}} {{urlquery \"a b/ü~\"}}",
                   "[oncall ops]&lt;no value&gt; é\\u003D\x7f\\u00A0 a+b%2F%C3%BC~"),
                FAILS("{{eq 1 .Verb 1}}"),
                FAILS("{{eq .Check.AlertIDs .Check.AlertIDs}}"),
                FAILS("{{lt true false}}"),
                FAILS("{{lt nil 1}}"),
                FAILS("{{eq 1}}"),
                FAILS("{{slice (slice .Check.AlertIDs 0 1 1) 0 2}}"),
                FAILS("{{slice .Verb 0 1 2}}"),
                FAILS("{{index .Verb 4}}"),
                FAILS("{{index .Verb 1.0}}"),
                FAILS("{{call .Verb}}"),
                FAILS("{{printf .Check.Type}}"),
                FAILS("{{printf 1}}"),
        };

        run_cases(cases, G_N_ELEMENTS(cases));
}

static void test_printf(void) {
        static const Case cases[] = {
                OK("{{printf \"%d %s\" .Check.AlertIDs .Check.AlertIDs}}",
                   "[%!d(string=oncall) %!d(string=ops)] [oncall ops]"),
                OK("{{printf \"%x % X %#q\" .Check.AlertIDs .Verb .Check.AlertIDs}}",
                   "[6f6e63616c6c 6f7073] 44 4F 57 4E [`oncall` `ops`]"),
                OK("{{printf \"%#v %#v %#v %#v\" .Check.AlertIDs .Check.SuppressAlertIDs .Check.Interval "
                   ".Check.Type}}",
                   "[]string{\"oncall\", \"ops\"} []string(nil) 90500000000 \"http\""),
                OK("{{printf \"%s %d %x %q %8v| %t\" .Check.Interval .Check.Interval .Check.Interval "
                   ".Check.Interval .Check.Timeout .Check.Interval}}",
                   "1m30.5s 90500000000 316d33302e3573 \"1m30.5s\"    1.5µs| "
                   "%!t(time.Duration=90500000000)"),
                OK("{{printf \"%d %v %t\" .Snapshot.UpdateAt .Snapshot.UpdateAt.Month "
                   ".Snapshot.UpdateAt.Weekday}}",
                   "{123456000 63914414729 0} May %!t(time.Weekday=5)"),
                OK("{{printf \"%t %+.3z\" .Snapshot.UpdateAt .Snapshot.UpdateAt}}",
                   "{%!t(uint64=123456000) %!t(int64=63914414729) %!t(*time.Location=<nil>)} "
                   "{%!z(uint64=+123456000) %!z(int64=+63914414729) %!z(*time.Location=<nil>)}"),
                OK("{{range 2}}{{range 0}}{{else}}{{break}}{{end}}y{{end}}", "yy"),
                OK("{{range 2}}{{range 0}}{{else}}{{continue}}{{end}}y{{end}}z", "z"),
                OK("{{range .Snapshot.UpdateAt.Month}}{{.}} {{.String}}|{{end}}",
                   "%!Month(0) %!Month(0)|January January|February February|March March|April April|"),
                OK("{{range $d := .Snapshot.UpdateAt.Weekday}}{{if $d}}{{$d}}{{else}}-{{end}}{{end}}",
                   "-MondayTuesdayWednesdayThursday"),
                OK("{{printf \"%\\x00\" .Snapshot.UpdateAt | printf \"%.22q\"}}",
                   "\"{%!\\x00(uint64=123456000)\""),
                OK("{{printf \"%+w %#.2w\" 65 2.5}}", "%!w(int=65) %!w(float64=2.5)"),
                OK("{{printf \"%p %p %T\" .Verb nil nil}}", "%!p(string=DOWN) %!p(<nil>) <nil>"),
                OK("{{printf \"%w %w\" 1 .Check.Type}}", "%!w(int=1) %!w(config.CheckType=http)"),
                OK("{{printf \"%c|%c|%q|%U|%#U\" -1 0x110000 0xd800 -1 0xad}}",
                   "\ufffd|\ufffd|'\ufffd'|U+FFFFFFFFFFFFFFFF|U+00AD"),
                OK("{{printf \"%+.3e|%#.0f|%#g|%#.3x|%b|%08.2f|%+08d|% d|%x\" 12345.678 3.0 1.0 1.0 1.0 "
                   "-1.5 7 7 -255}}",
                   "+1.235e+04|3.|1.00000|0x1.000p+00|4503599627370496p-52|-0001.50|+0000007| 7|-ff"),
                OK("{{printf \"%6.2v|%-6v|%06v|%.2s|%.0s|%5.1q|\" 3.14159 true \"é\" \"éàü\" \"x\" \"éa\"}}",
                   "   3.1|true  |00000é|éà||  \"é\"|"),
                OK("{{printf \"%[2]*[1]d|%[3]d|%d %[1]d|%.*f|%-*d|\" 7 3}}",
                   "  7|%!d(BADINDEX)|3 7|%!f(MISSING)|%!(BADWIDTH)%!d(MISSING)|"),
                OK("{{printf \"%!|%z|%\" 1 2 3}}", "%!!(int=1)|%!z(int=2)|%!(NOVERB)%!(EXTRA int=3)"),
                OK("{{printf \"%o %O %#o %#b %#X\" 8 8 8 5 255}}", "10 0o10 010 0b101 0XFF"),
                OK("{{printf \"%.0d|%.0d|%5.3d|%-5d|%x\" 0 1 7 7 \"\"}}", "|1|  007|7    |"),
        };

        run_cases(cases, G_N_ELEMENTS(cases));
}

static void test_fields(void) {
        static const Case cases[] = {
                OK("{{.Check.Interval}} {{.Check.Timeout}} {{.Check.Interval.Minutes}}",
                   "1m30.5s 1.5µs 1.5083333333333333"),
                OK("{{.Check.Interval.Round 1e9}} {{.Check.Interval.Truncate .Check.Timeout}}",
                   "1m31s 1m30.4999995s"),
                OK("{{(.Check.Interval).Seconds | printf \"%.0f\"}} {{$d := .Check.Interval}}{{$d.Hours | "
                   "printf \"%.3f\"}}",
                   "90 0.025"),
                OK("{{.Snapshot.UpdateAt}}", "2026-05-15 04:05:29.123456 +0000 UTC"),
                OK("{{.Snapshot.UpdateAt.Format \"Mon _2 Jan 06 3:4:5.000PM Z07:00 002 2006\"}}",
                   "Fri 15 May 26 4:5:29.123AM Z 135 2026"),
                OK("{{.Snapshot.UpdateAt.Format \"Janus Monday_2006 15h04,999 -0700\"}}",
                   "Janus Friday_2026 04h05,123 +0000"),
                OK("{{(.Snapshot.UpdateAt.Add .Check.Interval).Unix}} {{.Snapshot.UpdateAt.YearDay}}",
                   "1778818019 135"),
                OK("{{(.Snapshot.UpdateAt.AddDate 0 9 16).Format \"2006-01-02\"}} "
                   "{{.Snapshot.UpdateAt.Location}}",
                   "2027-03-03 UTC"),
                OK("{{.Snapshot.UpdateAt.Sub (.Snapshot.UpdateAt.Truncate 3600000000000)}}", "5m29.123456s"),
                OK("{{.Check.TLSWarnDays}}|{{.Check.DNSRecord}}|{{.Check.Disabled}}|{{.Check.Resolvers}}",
                   "0||false|[]"),
                OK("{{printf \"%+v\" .Check}}",
                   "&{ID:id-1 Name:homepage Type:http Target:https://example.com Interval:1m30.5s "
                   "Timeout:1.5µs "
                   "ExpectStatus:200 BodyMatch: AlertIDs:[oncall ops] SuppressAlertIDs:[]}"),
                FAILS("{{.Check.Name.X}}"),
                FAILS("{{.Check.Name \"x\"}}"),
                FAILS("{{.Snapshot.UpdateAt.Date}}"),
                FAILS("{{.Snapshot.UpdateAt.wall}}"),
                FAILS("{{.Check.Interval.Round \"1s\"}}"),
                FAILS("{{.Check.Interval.Round .Snapshot.Reports}}"),
                FAILS("{{.Check.Interval.Seconds 1}}"),
                FAILS("{{.Snapshot.UpdateAt.AddDate 0 9223372036854775807 0}}"),
        };

        run_cases(cases, G_N_ELEMENTS(cases));
}

static void test_limits(void) {
        static const Case cases[] = {
                LIMITED("{{range 1000000000}}{{end}}"),
                LIMITED("{{range 1000000000}}{{$x := print .}}{{end}}"),
                LIMITED("{{define \"t\"}}{{template \"t\"}}{{end}}{{template \"t\"}}"),
                LIMITED("{{printf \"%65537d\" 1}}"),
                LIMITED("{{$s := \"0123456789\"}}{{range 30}}{{$s = print $s $s}}{{end}}{{len $s}}"),
                LIMITED("{{printf \"%9000000d%9000000d\" 1 1 | len}}"),
                LIMITED("{{$f := printf \"%1000000d\" 1}}{{range 1000000000}}{{if eq $f $f}}{{end}}{{end}}"),
                OK("{{range 20000}}{{$x := print .}}{{end}}ok", "ok"),
                OK("{{printf \"%9000000d\" 1 | len}}", "9000000"),
        };
        g_autofree char *full = g_strnfill(TEMPLATE_OUTPUT_MAX_BYTES, 'x'), *over = NULL;

        run_cases(cases, G_N_ELEMENTS(cases));
        run_case(&(Case) OK(full, full));
        over = g_strconcat(full, "x", NULL);
        run_case(&(Case) LIMITED(over));
}

static char *nest(unsigned n, const char *open, const char *inside, const char *close) {
        GString *text = g_string_new(NULL);

        for (unsigned i = 0; i < n; i++)
                g_string_append(text, open);
        g_string_append(text, inside);
        for (unsigned i = 0; i < n; i++)
                g_string_append(text, close);
        return g_string_free(text, FALSE);
}

static void test_depth(void) {
        g_autofree char *lists = nest(TEMPLATE_DEPTH_MAX - 2, "{{if 1}}", "x", "{{end}}");
        g_autofree char *lists_over = nest(TEMPLATE_DEPTH_MAX + 1, "{{if 1}}", "x", "{{end}}");
        g_autofree char *parens = nest(TEMPLATE_DEPTH_MAX - 1, "(", "1", ")");
        g_autofree char *parens_over = nest(TEMPLATE_DEPTH_MAX + 1, "(", "1", ")");
        g_autofree char *action = g_strdup_printf("{{%s}}", parens);
        g_autofree char *action_over = g_strdup_printf("{{%s}}", parens_over);
        g_autofree char *chain_middle = nest(3000, "{{else if 0}}", "{{else}}end{{end}}", "");
        g_autofree char *chain = g_strconcat("{{if 0}}", chain_middle, NULL);

        run_case(&(Case) OK(lists, "x"));
        run_case(&(Case) LIMITED(lists_over));
        run_case(&(Case) OK(action, "1"));
        run_case(&(Case) LIMITED(action_over));
        run_case(&(Case) OK(chain, "end")); /* which is no nesting */
}

static void
assert_error(const char *text, size_t n, const char *sentence, const char *token, const char *excerpt) {
        _cleanup_(template_freep) Template *template = NULL;
        _cleanup_(template_error_freep) TemplateError *error = NULL;
        g_autoptr(GString) to = g_string_new(NULL);
        TemplateContext context = context_of(NULL);
        g_autofree char *told = NULL;

        if (template_parse("body", text, n, &template, &error) >= 0)
                g_assert_cmpint(template_run(template, &context, to, &error), <, 0);
        told = template_error_to_string(error);
        g_assert_cmpstr(told, ==, sentence);
        g_assert_cmpstr(error->token, ==, token);
        g_assert_cmpstr(error->excerpt, ==, excerpt);
}

static void test_places(void) {
        g_autofree char *before = g_strnfill(500, '.'), *after = g_strnfill(500, ':');
        g_autofree char *longest = g_strconcat(before, "{{nope}}", after, NULL);

#define TEXT(s) (s), sizeof(s) - 1
        assert_error(TEXT("x\n\té {{upper .Verb}}\ny"),
                     "2:6: function \"upper\" not defined",
                     "upper",
                     " é {{upper .Verb}}\n     ^~~~~");
        assert_error(TEXT("{{.Check.Name}}"),
                     "1:3: nil pointer evaluating *config.Check.Name",
                     ".Check.Name",
                     "{{.Check.Name}}\n  ^~~~~~~~~~~");
        assert_error(TEXT("{{if .Verb}}x"), "1:14: unexpected EOF", "", "{{if .Verb}}x\n             ^");
        assert_error(TEXT(""
                          "{{.Verb}}\n{{index .Verb 9}}"),
                     "2:3: error calling index: index out of range: 9",
                     "index .Verb 9",
                     "{{index .Verb 9}}\n  ^~~~~~~~~~~~~");
        assert_error(TEXT("\xff\x00\x1b{{\xff}}"),
                     "1:6: unrecognized character in action: U+FFFD '\ufffd'",
                     "\ufffd",
                     "\ufffd\ufffd\ufffd{{\ufffd}}\n     ^");
        assert_error(longest,
                     strlen(longest),
                     "1:503: function \"nope\" not defined",
                     "nope",
                     "......................................{{nope}}::::::::::::::::::::::::::\n"
                     "                                        ^~~~");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/template/language/constants", test_constants);
        g_test_add_func("/template/language/actions", test_actions);
        g_test_add_func("/template/language/functions", test_functions);
        g_test_add_func("/template/language/printf", test_printf);
        g_test_add_func("/template/language/fields", test_fields);
        g_test_add_func("/template/language/limits", test_limits);
        g_test_add_func("/template/language/depth", test_depth);
        g_test_add_func("/template/language/places", test_places);
        return g_test_run();
}
