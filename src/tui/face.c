/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tui/face.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "ctl/text.h"
#include "tui/help.h"

/* below this there is no room for frames: who we are, and rows */
#define FRAMED_LEAST_HEIGHT 8
#define FRAMED_LEAST_WIDTH 24

static const char *const tab_titles[_TAB_MAX] = { "Peers", "Checks", "Alerts" };

/* ---- lifecycle ---- */

void face_init(Face *face) {
        assert(face);

        *face = (Face){ .tab = TAB_CHECKS };
        for (size_t i = 0; i < _TAB_MAX; i++)
                face->lists[i] = list_new(tab_models[i]);
}

void face_done(Face *face) {
        assert(face);

        for (size_t i = 0; i < _TAB_MAX; i++)
                face->lists[i] = list_free(face->lists[i]);
        g_clear_pointer(&face->event, g_free);
        g_clear_pointer(&face->said, g_free);
        if (face->typing)
                g_string_free(face->typing, /* free_segment= */ TRUE);
        face->typing = NULL;
}

/* ---- what is new ---- */

void face_count(Face *face, const GPtrArray *peers, const GPtrArray *checks, const GPtrArray *alerts) {
        assert(face);

        face->totals[TAB_PEERS] = peers->len;
        face->totals[TAB_CHECKS] = checks->len;
        face->totals[TAB_ALERTS] = alerts->len;
        face->n_dead = face->n_down = face->n_unknown = face->n_owed = 0;
        for (unsigned i = 0; i < peers->len; i++)
                face->n_dead += !((const PeerRow *) g_ptr_array_index(peers, i))->live;
        for (unsigned i = 0; i < checks->len; i++) {
                const char *state = ((const CheckRow *) g_ptr_array_index(checks, i))->state;

                face->n_down += g_strcmp0(state, "down") == 0;
                face->n_unknown += g_strcmp0(state, "unknown") == 0;
        }
        for (unsigned i = 0; i < alerts->len; i++)
                face->n_owed += ((const AlertRow *) g_ptr_array_index(alerts, i))->owed;
}

void face_set_event(Face *face, bool is_good, const char *text, usec_t when) {
        time_t seconds = (time_t) (when / USEC_PER_SEC);
        char clock[16] = "";
        struct tm tm;

        assert(face);

        if (localtime_r(&seconds, &tm))
                (void) strftime(clock, sizeof(clock), "%H:%M:%S", &tm);
        g_free(face->event);
        face->event = g_strdup_printf("%s %s", clock, text);
        face->event_is_good = is_good;
}

/* ---- the filter ---- */

void face_begin_filter(Face *face) {
        assert(face);

        if (!face->typing)
                face->typing = g_string_new(list_filter(face->lists[face->tab]));
}

static void end_filter(Face *face) {
        g_string_free(face->typing, /* free_segment= */ TRUE);
        face->typing = NULL;
}

static void type_character(GString *typing, gunichar c) {
        if (typing->len + 6 <= LIST_FILTER_MAX_BYTES)
                g_string_append_unichar(typing, c);
}

static void untype_character(GString *typing) {
        const char *last = g_utf8_find_prev_char(typing->str, typing->str + typing->len);

        if (last)
                g_string_truncate(typing, (gsize) (last - typing->str));
}

bool face_filter_key(Face *face, const Key *key) {
        List *list;

        assert(face);
        assert(key);

        if (!face->typing)
                return false;

        list = face->lists[face->tab];
        switch (key->kind) {
        case TYPED_CHARACTER:
                type_character(face->typing, key->character);
                break;
        case TYPED_BACKSPACE:
                untype_character(face->typing);
                break;
        case TYPED_CONTROL:
                if (key->character == 'u')
                        g_string_truncate(face->typing, 0);
                break;
        case TYPED_ENTER:
                end_filter(face);
                return true;
        case TYPED_ESCAPE:
                end_filter(face);
                list_set_filter(list, NULL);
                return true;
        case TYPED_TAB:
        case TYPED_BACKTAB:
                end_filter(face);
                return false;
        default:
                (void) list_key(list, key);
                return true;
        }
        list_set_filter(list, face->typing->str);
        return true;
}

/* ---- who we are ---- */

typedef struct Segment {
        char *text;
        Style style;
        unsigned goes; /* where there is no room: 1 before 2 …; 0: never */
} Segment;

#define SEGMENTS_MAX 8
#define SEGMENT_GAP 2

G_GNUC_PRINTF(5, 6)
static void add(Segment *segments, size_t *n, Style style, unsigned goes, const char *format, ...) {
        va_list ap;

        assert(*n < SEGMENTS_MAX);

        va_start(ap, format);
        segments[*n] = (Segment){ g_strdup_vprintf(format, ap), style, goes };
        va_end(ap);
        (*n)++;
}

static bool has_text(const char *text) {
        return text && *text;
}

static void add_master(const NodeStatus *node, Segment *segments, size_t *n) {
        if (!has_text(node->master)) {
                add(segments, n, STYLE_BAD, 0, "no master");
                return;
        }
        add(segments, n, STYLE_BAR, 0, "master %.*s", SHORT_ID_CHARS, node->master);
        if (g_strcmp0(node->master, node->node_id) == 0)
                add(segments, n, STYLE_BAR, 2, "(this node)");
        else if (has_text(node->master_via))
                add(segments, n, STYLE_BAR, 2, "(via %.*s)", SHORT_ID_CHARS, node->master_via);
        else
                add(segments, n, STYLE_BAR, 2, "(follower)");
}

static size_t make_segments(const Face *face, Segment *segments) {
        const NodeStatus *node = face->node;
        size_t n = 0;

        add(segments, &n, STYLE_BAR, 1, "quptime");
        if (!node)
                return n;
        if (has_text(node->node_id))
                add(segments, &n, STYLE_BAR, 5, "node %.*s", SHORT_ID_CHARS, node->node_id);
        if (!node->initialized)
                return n;
        add_master(node, segments, &n);
        add(segments,
            &n,
            node->quorum ? STYLE_GOOD : STYLE_BAD,
            0,
            "%s %" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
            node->quorum ? "● quorum" : "○ NO QUORUM",
            node->quorum_live,
            node->quorum_need);
        add(segments, &n, STYLE_BAR, 4, "term %" G_GUINT64_FORMAT, node->term);
        add(segments, &n, STYLE_BAR, 3, "ver %" G_GUINT64_FORMAT, node->config_version);
        return n;
}

static unsigned segments_width(const Segment *segments, size_t n) {
        unsigned width = 0;

        for (size_t i = 0; i < n; i++)
                if (segments[i].text)
                        width += canvas_text_width(segments[i].text) + SEGMENT_GAP;
        return width > 0 ? width - SEGMENT_GAP : 0;
}

static void drop_segments(Segment *segments, size_t n, unsigned width) {
        for (unsigned turn = 1; turn <= SEGMENTS_MAX && segments_width(segments, n) > width; turn++)
                for (size_t i = 0; i < n; i++)
                        if (segments[i].goes == turn)
                                g_clear_pointer(&segments[i].text, g_free);
}

static void draw_segments(const Face *face, Canvas *canvas, int x, unsigned width) {
        Segment segments[SEGMENTS_MAX] = {};
        const size_t n = make_segments(face, segments);
        const int end = x + (int) width;

        drop_segments(segments, n, width);
        for (size_t i = 0; i < n; i++) {
                if (segments[i].text && x < end) {
                        unsigned needed = MIN(canvas_text_width(segments[i].text), (unsigned) (end - x));

                        (void) canvas_text(canvas, 0, x, needed, segments[i].style, segments[i].text);
                        x += (int) needed;
                        canvas_fill(canvas, 0, x, MIN(SEGMENT_GAP, (unsigned) (end - x)), 1, STYLE_PLAIN);
                        x += SEGMENT_GAP;
                }
                g_free(segments[i].text);
        }
}

/* ---- tabs ---- */

static char *trouble_of(const Face *face, Tab tab) {
        if (tab == TAB_PEERS)
                return face->n_dead > 0 ? g_strdup_printf("%zu dead", face->n_dead) : NULL;
        if (tab == TAB_ALERTS)
                return face->n_owed > 0 ? g_strdup_printf("%zu owed", face->n_owed) : NULL;
        if (face->n_down > 0)
                return g_strdup_printf("%zu down", face->n_down);
        return face->n_unknown > 0 ? g_strdup_printf("%zu unknown", face->n_unknown) : NULL;
}

/* What a tab says of itself, the most first: where there is less room, trouble stays longer than numbers. */
typedef struct TabLook {
        bool brackets, totals, troubles;
} TabLook;

static const TabLook tab_looks[] = {
        { true, true, true },   { false, true, true },   { false, false, true },
        { false, true, false }, { false, false, false },
};

/* "[2] Checks (3", ", 1 down", ")" */
typedef struct TabText {
        char *beginning, *trouble;
        const char *end;
} TabText;

static void tab_text_init(TabText *text, const Face *face, Tab tab, const TabLook *look) {
        g_autofree char *total = look->totals ? g_strdup_printf("%zu", face->totals[tab]) : NULL;
        g_autofree char *trouble = look->troubles ? trouble_of(face, tab) : NULL;
        const bool opens = total || trouble;

        text->beginning =
                        g_strdup_printf(look->brackets ? " [%d] %s%s%s" : " %d %s%s%s",
                                        (int) tab + 1,
                                        tab_titles[tab],
                                        opens ? " (" : "",
                                        total ?: "");
        text->trouble = g_strconcat(total && trouble ? ", " : "", trouble, NULL);
        text->end = opens ? ") " : " ";
}

static void tab_text_done(TabText *text) {
        g_free(text->beginning);
        g_free(text->trouble);
}

static unsigned tabs_width(const Face *face, const TabLook *look) {
        unsigned width = 0;

        for (Tab tab = 0; tab < _TAB_MAX; tab++) {
                _cleanup_(tab_text_done) TabText text;

                tab_text_init(&text, face, tab, look);
                width += canvas_text_width(text.beginning) + canvas_text_width(text.trouble) +
                         canvas_text_width(text.end);
        }
        return width;
}

static int draw_part(Canvas *canvas, int x, Style style, const char *text) {
        return x + (int) canvas_text(canvas, 0, x, canvas_text_width(text), style, text);
}

static int draw_tab(const Face *face, Canvas *canvas, int x, Tab tab, const TabLook *look) {
        const Style bit = tab == face->tab ? STYLE_SELECTED : 0;
        const Style alarm = tab == TAB_CHECKS && face->n_down == 0 ? STYLE_BAR : STYLE_BAD;
        g_autofree char *trouble = trouble_of(face, tab);
        _cleanup_(tab_text_done) TabText text;

        tab_text_init(&text, face, tab, look);
        /* where there is no room to say it, it is marked */
        x = draw_part(canvas, x, (trouble && !look->troubles ? alarm : STYLE_BAR) | bit, text.beginning);
        x = draw_part(canvas, x, alarm | bit, text.trouble);
        return draw_part(canvas, x, STYLE_BAR | bit, text.end);
}

static void draw_tabs(const Face *face, Canvas *canvas) {
        const TabLook *look = tab_looks;
        int x = 0;

        while (look < tab_looks + G_N_ELEMENTS(tab_looks) - 1 &&
               tabs_width(face, look) > canvas_width(canvas))
                look++;
        for (Tab tab = 0; tab < _TAB_MAX; tab++)
                x = draw_tab(face, canvas, x, tab, look);
}

/* ---- what is wrong ---- */

static char *problem_text(const Face *face, Style *ret_style) {
        g_autofree char *age = NULL;

        *ret_style = STYLE_ALARM;
        if (face->problem && face->read_at == 0)
                return g_strdup(face->problem);
        if (face->problem) {
                age = text_age(usec_sub(face->now_realtime, face->read_at));
                return g_strdup_printf("as it was %s ago: %s", age, face->problem);
        }
        *ret_style = STYLE_NOTICE;
        return face->node && has_text(face->node->hint) ? g_strdup(face->node->hint) : NULL;
}

static void draw_line(Canvas *canvas, int y, const char *left, const char *right) {
        const int width = (int) canvas_width(canvas);

        for (int x = 1; x < width - 1; x++)
                (void) canvas_text(canvas, y, x, 1, STYLE_FRAME, "─");
        (void) canvas_text(canvas, y, 0, 1, STYLE_FRAME, left);
        (void) canvas_text(canvas, y, width - 1, 1, STYLE_FRAME, right);
}

/* a text on a line, with a blank on both sides */
static void draw_on_line(Canvas *canvas, int y, int x, unsigned width, Style style, const char *text) {
        const unsigned needed = MIN(canvas_text_width(text), width > 2 ? width - 2 : 0);

        canvas_fill(canvas, y, x, needed + 2, 1, style == STYLE_ALARM ? STYLE_ALARM : STYLE_PLAIN);
        (void) canvas_text(canvas, y, x + 1, needed, style, text);
}

/* ---- rows ---- */

/* in place of rows; NULL: nothing is to be said */
static const char *no_rows_text(const Face *face, const List *list) {
        static const char *const texts[_TAB_MAX] = {
                [TAB_PEERS] = "no peers yet",
                [TAB_CHECKS] = "no checks yet: a adds one",
                [TAB_ALERTS] = "no alerts yet: a adds one",
        };

        if (list_n_shown(list) > 0)
                return NULL;
        if (list_n_rows(list) > 0)
                return "nothing matches the filter: Esc clears it";
        return face->read_at > 0 && !face->problem ? texts[face->tab] : NULL;
}

static void draw_rows(Face *face, Canvas *canvas, int y, int x, unsigned width, unsigned height) {
        _cleanup_(canvas_freep) Canvas *part = canvas_new_view(canvas, y, x, width, height);
        List *list = face->lists[face->tab];
        const char *text = no_rows_text(face, list);

        list_draw(list, part, face->now_realtime);
        if (text)
                (void) canvas_text(part, 2, 0, width, STYLE_DIM, text);
}

/* which rows these are, where that needs saying; caller frees */
static char *where_text(const List *list) {
        const char *filter = list_filter(list);
        const size_t shown = list_n_shown(list);
        g_autofree char *range = NULL;
        size_t first, last;

        if (list_where(list, &first, &last) && (first > 1 || last < shown))
                range = g_strdup_printf("%zu-%zu of ", first, last);
        if (*filter)
                return g_strdup_printf("/%s: %s%zu of %zu", filter, range ?: "", shown, list_n_rows(list));
        return range ? g_strdup_printf("%s%zu", range, shown) : NULL;
}

static void draw_bottom(const Face *face, Canvas *canvas, int y) {
        const List *list = face->lists[face->tab];
        g_autofree char *where = where_text(list);
        int room = (int) canvas_width(canvas) - 4;

        draw_line(canvas, y, "└", "┘");
        if (where && room > 4) {
                int needed = MIN((int) canvas_text_width(where) + 2, room);

                draw_on_line(canvas,
                             y,
                             2 + room - needed,
                             (unsigned) needed,
                             *list_filter(list) ? STYLE_NOTICE : STYLE_FRAME,
                             where);
                room -= needed + 1;
        }
        if (face->event && room > 4)
                draw_on_line(canvas,
                             y,
                             2,
                             (unsigned) room,
                             face->event_is_good ? STYLE_GOOD : STYLE_BAD,
                             face->event);
}

static void draw_footer(const Face *face, Canvas *canvas, int y, Dialogs *dialogs) {
        const unsigned width = canvas_width(canvas);
        const char *footer = dialogs_footer(dialogs);

        if (face->typing) {
                int x = (int) canvas_printf(
                                canvas, y, 0, width, STYLE_PLAIN, "filter: %s", face->typing->str);

                canvas_cursor(canvas, y, MIN(x, (int) width - 1));
        } else if (face->said)
                (void) canvas_text(
                                canvas,
                                y,
                                0,
                                width,
                                face->said_is_good ? STYLE_GOOD : STYLE_BAD,
                                face->said);
        else if (footer)
                (void) canvas_text(canvas, y, 0, width, STYLE_PLAIN, footer);
        else
                help_draw_footer(canvas, y, face->tab);
}

/* ---- all of it ---- */

static void draw_dialogs(Canvas *canvas, Dialogs *dialogs, int y, unsigned height) {
        _cleanup_(canvas_freep) Canvas *part = NULL;

        if (!dialogs_are_open(dialogs))
                return;
        part = canvas_new_view(canvas, y, 0, canvas_width(canvas), height);
        dialogs_draw(dialogs, part);
}

static void draw_framed(Face *face, Canvas *canvas, Dialogs *dialogs) {
        const unsigned width = canvas_width(canvas), height = canvas_height(canvas);
        _cleanup_(canvas_freep) Canvas *inner = NULL;
        g_autofree char *problem = NULL;
        Style style;

        draw_line(canvas, 0, "┌", "┐");
        canvas_fill(canvas, 0, 2, 1, 1, STYLE_PLAIN);
        draw_segments(face, canvas, 3, width - 6);
        for (int y = 1; y < (int) height - 2; y++) {
                (void) canvas_text(canvas, y, 0, 1, STYLE_FRAME, "│");
                (void) canvas_text(canvas, y, (int) width - 1, 1, STYLE_FRAME, "│");
        }
        inner = canvas_new_view(canvas, 1, 1, width - 2, 1);
        draw_tabs(face, inner);
        draw_line(canvas, 2, "├", "┤");
        problem = problem_text(face, &style);
        if (problem)
                draw_on_line(canvas, 2, 2, width - 4, style, problem);
        draw_rows(face, canvas, 3, 2, width - 4, height - 5);
        draw_bottom(face, canvas, (int) height - 2);
        draw_dialogs(canvas, dialogs, 1, height - 2);
        draw_footer(face, canvas, (int) height - 1, dialogs);
}

static void draw_bare(Face *face, Canvas *canvas, Dialogs *dialogs) {
        const unsigned width = canvas_width(canvas), height = canvas_height(canvas);
        g_autofree char *problem = NULL;
        unsigned used = 1;
        Style style;

        draw_segments(face, canvas, 0, width);
        problem = problem_text(face, &style);
        if (problem && style == STYLE_ALARM && used < height)
                (void) canvas_text(canvas, (int) used++, 0, width, style, problem);
        if (used < height)
                draw_rows(face, canvas, (int) used, 0, width, height - used);
        draw_dialogs(canvas, dialogs, 0, height);
        if ((face->typing || face->said) && height > 1)
                draw_footer(face, canvas, (int) height - 1, dialogs);
}

void face_draw(Face *face, Canvas *canvas, Dialogs *dialogs) {
        assert(face);
        assert(canvas);
        assert(dialogs);

        canvas_clear(canvas);
        if (canvas_height(canvas) >= FRAMED_LEAST_HEIGHT && canvas_width(canvas) >= FRAMED_LEAST_WIDTH)
                draw_framed(face, canvas, dialogs);
        else
                draw_bare(face, canvas, dialogs);
}
