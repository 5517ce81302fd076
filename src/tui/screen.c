/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Text is placed cell by cell, each at its own column, so that nothing depends on whether this terminal,
 * ncurses and GLib agree on how wide a character is. Only what has changed is sent: ncurses compares. */

#include "tui/screen.h"

#include <assert.h>
#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "ctl/text.h"

/* how long the rest of a key's sequence may take: an escape alone is a key, too */
#define ESCAPE_DELAY_MSEC 50

struct Screen {
        SCREEN *terminal;
        Canvas *canvas;
        bool color;
        bool ascii;
        bool suspended;
        bool pasting; /* between the marks that the terminal sets around what is pasted */
        int ahead;    /* what get_wch(3NCURSES) gave too early, ERR: nothing */
        wint_t ahead_character;
};

/* What a fatal signal's handler needs; nothing in it may be freed while a screen is open. */
static struct {
        volatile sig_atomic_t armed;
        struct termios modes;
        char restore[256]; /* what brings the cursor and the old picture back */
        size_t n_restore;
        int stderr_saved; /* the real one, -1: not redirected */
        int stderr_kept;  /* what was written meanwhile */
} last_will = { .stderr_saved = -1, .stderr_kept = -1 };

/* ---- standard error ---- */

/* A sanitizer's report would be lost, for it ends the process by itself. */
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

static void stderr_divert(void) {
        if (IS_SANITIZED || last_will.stderr_saved >= 0 || !isatty(STDERR_FILENO))
                return;
        (void) fflush(stderr);
        last_will.stderr_kept = memfd_create("stderr", MFD_CLOEXEC);
        if (last_will.stderr_kept < 0)
                return;
        last_will.stderr_saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
        if (last_will.stderr_saved >= 0)
                (void) dup2(last_will.stderr_kept, STDERR_FILENO);
}

/* safe in a signal handler */
static void stderr_back(void) {
        char buffer[512];
        ssize_t n;

        if (last_will.stderr_saved < 0)
                return;
        (void) dup2(last_will.stderr_saved, STDERR_FILENO);
        (void) lseek(last_will.stderr_kept, 0, SEEK_SET);
        while ((n = read(last_will.stderr_kept, buffer, sizeof(buffer))) > 0)
                if (write(STDERR_FILENO, buffer, (size_t) n) != n)
                        break;
        (void) close(last_will.stderr_saved);
        (void) close(last_will.stderr_kept);
        last_will.stderr_saved = last_will.stderr_kept = -1;
}

/* ---- capabilities ---- */

/* NULL: the terminal has no such thing */
static const char *capability(const char *name) {
        const char *sequence = tigetstr(name);

        return sequence == (const char *) -1 ? NULL : sequence;
}

/* without ncurses, which does not know what this is about */
static void tell_terminal(const char *name) {
        const char *sequence = capability(name);
        ssize_t n;

        if (!sequence)
                return;
        n = write(STDOUT_FILENO, sequence, strlen(sequence));
        (void) n; /* then it is not told */
}

/* ---- the way out ---- */

static const int fatal_signals[] = { SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS };

static void on_fatal_signal(int number) {
        ssize_t n;

        if (last_will.armed) {
                last_will.armed = 0;
                n = write(STDOUT_FILENO, last_will.restore, last_will.n_restore);
                (void) n; /* there is nobody to tell */
                (void) tcsetattr(STDIN_FILENO, TCSANOW, &last_will.modes);
                stderr_back();
        }
        /* its default action, once this returns */
        (void) signal(number, SIG_DFL);
        (void) raise(number);
}

static void add_capability(const char *name) {
        const char *sequence = capability(name);
        size_t n;

        if (!sequence)
                return;
        n = strlen(sequence);
        if (last_will.n_restore + n > sizeof(last_will.restore))
                return;
        memcpy(last_will.restore + last_will.n_restore, sequence, n);
        last_will.n_restore += n;
}

static void prepare_last_will(void) {
        struct sigaction action = { .sa_handler = on_fatal_signal, .sa_flags = (int) SA_RESETHAND };

        last_will.n_restore = 0;
        add_capability("BD");
        add_capability("sgr0");
        add_capability("cnorm");
        add_capability("rmkx");
        add_capability("rmcup");
        if (!tigetstr("rmcup"))
                add_capability("clear");
        if (IS_SANITIZED)
                return;
        for (size_t i = 0; i < G_N_ELEMENTS(fatal_signals); i++)
                (void) sigaction(fatal_signals[i], &action, NULL);
}

static void forget_last_will(void) {
        last_will.armed = 0;
        for (size_t i = 0; !IS_SANITIZED && i < G_N_ELEMENTS(fatal_signals); i++)
                (void) signal(fatal_signals[i], SIG_DFL);
}

/* ---- looks ---- */

static void prepare_colors(Screen *screen) {
        screen->color = color_wanted() && has_colors();
        if (!screen->color)
                return;
        (void) start_color();
        /* the person's own background, dark or light */
        if (use_default_colors() == ERR) {
                screen->color = false;
                return;
        }
        (void) init_pair(STYLE_GOOD, COLOR_GREEN, -1);
        (void) init_pair(STYLE_BAD, COLOR_RED, -1);
        (void) init_pair(STYLE_ALARM, COLOR_RED, -1);
        (void) init_pair(STYLE_KEY, COLOR_CYAN, -1);
}

/* Everything that matters must show without colour, too: bold and reverse. */
static attr_t attributes_of(Style style) {
        static const attr_t attributes[_STYLE_MAX] = {
                [STYLE_BAD] = A_BOLD,      [STYLE_DIM] = A_DIM,     [STYLE_NOTICE] = A_BOLD,
                [STYLE_ALARM] = A_REVERSE, [STYLE_HEADER] = A_BOLD, [STYLE_BAR] = A_BOLD,
                [STYLE_KEY] = A_BOLD,      [STYLE_FRAME] = A_DIM,   [STYLE_FIELD] = A_UNDERLINE,
        };
        const unsigned base = style & ~(unsigned) STYLE_SELECTED;
        attr_t found = base < _STYLE_MAX ? attributes[base] : 0;

        if (style & STYLE_SELECTED)
                found = (found & ~A_DIM) ^ A_REVERSE; /* dim and reverse is unreadable on many */
        return found;
}

static short pair_of(const Screen *screen, Style style) {
        const unsigned base = style & ~(unsigned) STYLE_SELECTED;

        if (!screen->color)
                return 0;
        return base == STYLE_GOOD || base == STYLE_BAD || base == STYLE_ALARM || base == STYLE_KEY
                               ? (short) base
                               : 0;
}

/* what stands for it where only ASCII can be shown */
static wchar_t ascii_of(gunichar c) {
        static const struct {
                gunichar character;
                char ascii;
        } table[] = {
                { 0x25cf, '*' }, { 0x25cb, 'o' }, { 0x2500, '-' }, { 0x2502, '|' }, { 0x250c, '+' },
                { 0x2510, '+' }, { 0x2514, '+' }, { 0x2518, '+' }, { 0x251c, '+' }, { 0x2524, '+' },
                { 0x2026, '~' }, { 0x2013, '-' }, { 0x2014, '-' }, { 0x25b2, '^' }, { 0x25bc, 'v' },
                { 0x2191, '^' }, { 0x2193, 'v' }, { 0x2190, '<' }, { 0x2192, '>' }, { 0x00b7, '.' },
                { 0x2039, '<' }, { 0x203a, '>' }, { 0x2022, '*' },
        };

        if (c < 0x7f)
                return (wchar_t) c;
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
                if (table[i].character == c)
                        return (wchar_t) table[i].ascii;
        return L'?';
}

static void show_cell(const Screen *screen, int y, int x, const Cell *cell) {
        wchar_t text[1 + CANVAS_COMBINING_MAX + 1] = {};
        cchar_t glyph;
        size_t n = 0;
        int width;

        text[n++] = screen->ascii ? ascii_of(cell->characters[0]) : (wchar_t) cell->characters[0];
        width = wcwidth(text[0]);
        if (width < 1 || width > cell->width) {
                text[0] = L'?'; /* unknown to this system, or wider than there is room */
                width = 1;
        }
        for (size_t i = 1; i <= CANVAS_COMBINING_MAX && cell->characters[i] && !screen->ascii; i++)
                if (wcwidth((wchar_t) cell->characters[i]) == 0)
                        text[n++] = (wchar_t) cell->characters[i];

        if (setcchar(&glyph, text, attributes_of(cell->style), pair_of(screen, cell->style), NULL) == ERR)
                return;
        (void) mvadd_wch(y, x, &glyph);
        if (width < cell->width) {
                (void) setcchar(&glyph,
                                L" ",
                                attributes_of(cell->style),
                                pair_of(screen, cell->style),
                                NULL);
                (void) mvadd_wch(y, x + 1, &glyph);
        }
}

Canvas *screen_canvas(Screen *screen) {
        return screen->canvas;
}

void screen_show(Screen *screen) {
        unsigned y, x;

        assert(screen);

        if (screen->suspended)
                return;
        for (y = 0; y < canvas_height(screen->canvas); y++)
                for (x = 0; x < canvas_width(screen->canvas); x++) {
                        const Cell *cell = canvas_cell(screen->canvas, y, x);

                        if (cell->width > 0)
                                show_cell(screen, (int) y, (int) x, cell);
                }
        if (canvas_where_cursor(screen->canvas, &y, &x)) {
                (void) move((int) y, (int) x);
                (void) curs_set(1);
        } else
                (void) curs_set(0);
        (void) refresh();
}

/* ---- keys ---- */

static const struct {
        int code;
        KeyKind kind;
} special_keys[] = {
        { KEY_UP, TYPED_UP },         { KEY_DOWN, TYPED_DOWN },
        { KEY_LEFT, TYPED_LEFT },     { KEY_RIGHT, TYPED_RIGHT },
        { KEY_PPAGE, TYPED_PAGE_UP }, { KEY_NPAGE, TYPED_PAGE_DOWN },
        { KEY_HOME, TYPED_HOME },     { KEY_END, TYPED_END },
        { KEY_FIND, TYPED_HOME },     { KEY_SELECT, TYPED_END },
        { KEY_BTAB, TYPED_BACKTAB },  { KEY_ENTER, TYPED_ENTER },
        { KEY_DC, TYPED_DELETE },     { KEY_BACKSPACE, TYPED_BACKSPACE },
        { KEY_IC, TYPED_INSERT },
};

/* What these keys send on terminals that are not quite what $TERM says: tmux(1) and PuTTY as "xterm", a
 * serial line. Taken character by character it would be Escape and a digit, which are keys, too. */
static const struct {
        const char *sequence;
        int code;
} more_sequences[] = {
        { "\033[A", KEY_UP },     { "\033OA", KEY_UP },     { "\033[B", KEY_DOWN },  { "\033OB", KEY_DOWN },
        { "\033[C", KEY_RIGHT },  { "\033OC", KEY_RIGHT },  { "\033[D", KEY_LEFT },  { "\033OD", KEY_LEFT },
        { "\033[H", KEY_HOME },   { "\033OH", KEY_HOME },   { "\033[1~", KEY_HOME }, { "\033[7~", KEY_HOME },
        { "\033[F", KEY_END },    { "\033OF", KEY_END },    { "\033[4~", KEY_END },  { "\033[8~", KEY_END },
        { "\033[2~", KEY_IC },    { "\033[3~", KEY_DC },    { "\033[Z", KEY_BTAB },  { "\033OM", KEY_ENTER },
        { "\033[5~", KEY_PPAGE }, { "\033[6~", KEY_NPAGE },
};

static void prepare_keys(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(more_sequences); i++)
                if (key_defined(more_sequences[i].sequence) == 0)
                        (void) define_key(more_sequences[i].sequence, more_sequences[i].code);
}

/* Terminals that know of it mark what is pasted: its line ends and tabs are no keys (terminfo's user_caps(5)
 * BE, BD, PS and PE). */
enum { CODE_PASTE_BEGIN = KEY_MAX + 1, CODE_PASTE_END };

static void prepare_paste(void) {
        if (!capability("BE") || !capability("BD") || !capability("PS") || !capability("PE"))
                return;
        (void) define_key(capability("PS"), CODE_PASTE_BEGIN);
        (void) define_key(capability("PE"), CODE_PASTE_END);
        tell_terminal("BE");
}

static Key key_of_pasted(gunichar c) {
        if (c == '\r')
                c = '\n';
        if ((c < ' ' && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0) || !g_unichar_validate(c))
                return (Key){ .kind = TYPED_NOTHING };
        return (Key){ .kind = TYPED_CHARACTER, .character = c, .pasted = true };
}

static Key key_of_code(int code) {
        for (size_t i = 0; i < G_N_ELEMENTS(special_keys); i++)
                if (special_keys[i].code == code)
                        return (Key){ .kind = special_keys[i].kind };
        return (Key){ .kind = TYPED_NOTHING };
}

static bool interrupts(gunichar c) {
        return c != _POSIX_VDISABLE && c == last_will.modes.c_cc[VINTR];
}

static Key key_of_character(gunichar c) {
        if (interrupts(c))
                return (Key){ .kind = TYPED_CONTROL, .character = 'c' };
        switch (c) {
        case '\t':
                return (Key){ .kind = TYPED_TAB };
        case '\r':
        case '\n':
                return (Key){ .kind = TYPED_ENTER };
        case 0x1b:
                return (Key){ .kind = TYPED_ESCAPE };
        case 0x7f:
        case '\b':
                return (Key){ .kind = TYPED_BACKSPACE };
        default:
                if (c > 0 && c <= 26)
                        return (Key){ .kind = TYPED_CONTROL, .character = 'a' + c - 1 };
                if (c < ' ' || (c >= 0x80 && c < 0xa0) || !g_unichar_validate(c))
                        return (Key){ .kind = TYPED_NOTHING };
                return (Key){ .kind = TYPED_CHARACTER, .character = c };
        }
}

static int next_character(Screen *screen, wint_t *ret) {
        const int ahead = screen->ahead;

        if (ahead == ERR)
                return get_wch(ret);
        screen->ahead = ERR;
        *ret = screen->ahead_character;
        return ahead;
}

/* After an escape: the rest of a sequence that nobody here knows, such as a function key's with Ctrl
 * (ECMA-48, section 5.4, and the single shift of F1 to F4). Nobody types that so fast. */
static bool skip_sequence(Screen *screen) {
        wint_t c = 0;
        int r;

        r = next_character(screen, &c);
        if (r == OK && c == 'O')
                return next_character(screen, &c) != ERR;
        if (r != OK || c != '[') {
                screen->ahead = r;
                screen->ahead_character = c;
                return false;
        }
        do
                r = next_character(screen, &c);
        while (r == OK && c >= 0x20 && c < 0x40);
        return true;
}

bool screen_read_key(Screen *screen, Key *ret) {
        wint_t c = 0;
        int r;

        assert(screen);
        assert(ret);

        if (screen->suspended)
                return false;
        r = next_character(screen, &c);
        if (r == ERR)
                return false;
        if (r == KEY_CODE_YES && (c == CODE_PASTE_BEGIN || c == CODE_PASTE_END)) {
                screen->pasting = c == CODE_PASTE_BEGIN;
                *ret = (Key){ .kind = TYPED_NOTHING };
        } else if (r == OK && c == 0x1b && skip_sequence(screen))
                *ret = (Key){ .kind = TYPED_NOTHING };
        else if (screen->pasting)
                *ret = r == KEY_CODE_YES ? (Key){ .kind = TYPED_NOTHING } : key_of_pasted((gunichar) c);
        else
                *ret = r == KEY_CODE_YES ? key_of_code((int) c) : key_of_character((gunichar) c);
        return true;
}

static bool is_hung_up(int fd) {
        struct termios modes;

        return tcgetattr(fd, &modes) < 0;
}

bool screen_is_gone(void) {
        return is_hung_up(STDIN_FILENO) || is_hung_up(STDOUT_FILENO);
}

/* ---- lifecycle ---- */

static int refuse(char **reterr_text, int error, const char *text) {
        *reterr_text = g_strdup(text);
        return error;
}

static int check_terminal(char **reterr_text) {
        const char *name = getenv("TERM");
        const char *place;
        bool can_move;
        int error;

        if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
                return refuse(reterr_text,
                              -ENOTTY,
                              "the dashboard needs a terminal, for reading and for writing: \"quctl "
                              "status\" prints the same once");
        if (!name || !*name)
                return refuse(reterr_text, -EINVAL, "$TERM is not set: it says what the terminal can do");
        if (setupterm(NULL, STDOUT_FILENO, &error) == ERR) {
                *reterr_text = g_strdup_printf(
                                "nothing is known about terminals of the kind \"%s\" ($TERM); its "
                                "description may be in the package ncurses-term",
                                name);
                return -EINVAL;
        }
        place = tigetstr("cup");
        can_move = place && place != (const char *) -1;
        (void) del_curterm(cur_term); /* newterm() reads it again */
        if (!can_move) {
                *reterr_text =
                                g_strdup_printf("a terminal of the kind \"%s\" ($TERM) has no cursor that "
                                                "could be moved: \"quctl status\" prints the same once",
                                                name);
                return -EINVAL;
        }
        return 0;
}

static void set_modes(void) {
        struct termios modes;

        (void) cbreak();
        (void) noecho();
        (void) nonl();
        (void) nodelay(stdscr, TRUE);
        (void) keypad(stdscr, TRUE);
        (void) intrflush(stdscr, FALSE);
        if (!getenv("ESCDELAY"))
                (void) set_escdelay(ESCAPE_DELAY_MSEC);
        /* Ctrl-S, Ctrl-Q, Ctrl-V and Ctrl-O are keys like others; so is Ctrl-C, which leaves a form, and
         * would end the ssh(1) or pkttyagent(1) of ours otherwise */
        if (tcgetattr(STDIN_FILENO, &modes) >= 0) {
                modes.c_cc[VINTR] = _POSIX_VDISABLE;
                modes.c_iflag &= ~(tcflag_t) (IXON | IXOFF);
                modes.c_lflag &= ~(tcflag_t) IEXTEN;
                (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
                (void) def_prog_mode();
        }
}

static void take_size(int *ret_width, int *ret_height) {
        struct winsize size;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) >= 0 && size.ws_col > 0 && size.ws_row > 0) {
                *ret_width = size.ws_col;
                *ret_height = size.ws_row;
        } else {
                *ret_width = COLS;
                *ret_height = LINES;
        }
}

void screen_resize(Screen *screen) {
        int width, height;

        assert(screen);

        take_size(&width, &height);
        (void) resizeterm(height, width);
        (void) clearok(stdscr, TRUE);
        (void) canvas_free(screen->canvas);
        screen->canvas = canvas_new_memory((unsigned) width, (unsigned) height);
}

int screen_new(Screen **ret, char **reterr_text) {
        _cleanup_(screen_freep) Screen *screen = NULL;
        int r;

        assert(ret);
        assert(reterr_text);

        r = check_terminal(reterr_text);
        if (r < 0)
                return r;

        screen = g_new0(Screen, 1);
        screen->ahead = ERR;
        (void) setlocale(LC_CTYPE, "");
        screen->ascii = g_ascii_strcasecmp(nl_langinfo(CODESET), "UTF-8") != 0;
        if (tcgetattr(STDIN_FILENO, &last_will.modes) < 0)
                return refuse(reterr_text, -errno, "the terminal does not tell its modes");
        screen->terminal = newterm(NULL, stdout, stdin);
        if (!screen->terminal)
                return refuse(reterr_text, -EINVAL, "the terminal cannot be prepared");

        prepare_last_will();
        last_will.armed = 1;
        stderr_divert();
        set_modes();
        prepare_keys();
        prepare_paste();
        prepare_colors(screen);
        screen_resize(screen);
        *ret = TAKE_PTR(screen);
        return 0;
}

void screen_suspend(Screen *screen) {
        assert(screen);

        if (screen->suspended)
                return;
        screen->suspended = true;
        screen->pasting = false;
        tell_terminal("BD");
        (void) curs_set(1);
        (void) endwin();
        /* what ncurses saved may be what we changed */
        (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &last_will.modes);
        last_will.armed = 0;
        stderr_back();
}

void screen_resume(Screen *screen, bool take_modes) {
        assert(screen);

        if (screen->suspended) {
                if (take_modes)
                        (void) tcgetattr(STDIN_FILENO, &last_will.modes);
                stderr_divert();
                last_will.armed = 1;
                tell_terminal("BE");
        }
        screen->suspended = false;
        (void) reset_prog_mode();
        screen_resize(screen);
}

Screen *screen_free(Screen *screen) {
        if (!screen)
                return NULL;
        if (screen->terminal) {
                screen_suspend(screen);
                forget_last_will();
                delscreen(screen->terminal);
        }
        (void) canvas_free(screen->canvas);
        g_free(screen);
        return NULL;
}
