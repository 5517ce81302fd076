/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "applet/window.h"

#include "applet/columns.h"
#include "applet/text.h"
#include "base/cleanup.h"

#define DESCRIBED_ROWS 200
#define SETTLE_MSEC 50 /* in which many changes become one sorting */

struct Window {
        Board *board;
        const WindowObserver *observer;
        void *userdata;

        GtkWidget *window;
        GtkWidget *banner, *problem;
        GtkWidget *summary, *peers, *hint;
        GtkWidget *search_bar, *search_entry;
        GtkWidget *stack, *empty;
        GtkWidget *view, *detail_bar, *detail;
        GtkFilterListModel *filtered;
        GtkFilter *filter;
        GtkSingleSelection *selection;

        char **words; /* searched for, folded */
        Row *detailed;
        gulong detailed_handler;
        unsigned settling;
        bool visible;
        bool out_of_order;
        bool focused; /* the table was, once; then it is the user's to choose */
};

/* ---- texts ---- */

static void show_peers(Window *window) {
        const GPtrArray *peers = board_peers(window->board);
        GString *text = g_string_new(NULL);

        for (unsigned i = 0; i < peers->len; i++) {
                const Peer *peer = g_ptr_array_index(peers, i);

                g_string_append_printf(
                                text,
                                "%s%s %s%s%s",
                                i > 0 ? "    " : "",
                                peer->live ? "●" : "○",
                                peer->name,
                                peer->self ? " (this node)" : "",
                                peer->joining ? " (joining)"
                                : peer->live  ? ""
                                              : " (silent)");
        }
        gtk_label_set_text(GTK_LABEL(window->peers), text->str);
        gtk_widget_set_visible(window->peers, peers->len > 0);
        g_string_free(text, TRUE);
}

static char *counts_of(Window *window) {
        unsigned n = g_list_model_get_n_items(board_rows(window->board));
        unsigned down = board_count(window->board, ROW_DOWN),
                 unknown = board_count(window->board, ROW_UNKNOWN);

        return g_strdup_printf("%u checks, %u down, %u unknown", n, down, unknown);
}

static void show_summary(Window *window) {
        g_autofree char *line = board_line(window->board), *counts = counts_of(window);
        g_autofree char *text = g_strdup_printf("%s · %s", counts, line);
        const Summary *summary = board_summary(window->board);

        gtk_label_set_text(GTK_LABEL(window->summary), text);
        gtk_label_set_text(GTK_LABEL(window->hint), summary->hint);
        gtk_widget_set_visible(window->hint, *summary->hint != '\0');
        show_peers(window);
}

static void show_emptiness(Window *window) {
        bool some = g_list_model_get_n_items(G_LIST_MODEL(window->selection)) > 0;
        bool searching = window->words && *window->words;

        gtk_label_set_text(GTK_LABEL(window->empty), searching ? "No check has these words" : "No checks");
        gtk_stack_set_visible_child_name(GTK_STACK(window->stack), some ? "table" : "empty");
}

static void show_detail(Window *window) {
        const Row *row = window->detailed;
        g_autofree char *since = row ? shown_time(row->since_usec) : NULL;
        g_autofree char *state = row ? row_state_text(row) : NULL;
        g_autofree char *text = row ? g_strdup_printf("%s · %s %s · %s since %s · %u of %u say up%s%s",
                                                      row->name,
                                                      row->type,
                                                      row->target,
                                                      state,
                                                      *since ? since : "ever",
                                                      row->ok,
                                                      row->total,
                                                      *row->detail ? "\n" : "",
                                                      row->detail)
                                    : NULL;

        gtk_label_set_text(GTK_LABEL(window->detail), text ?: "");
        gtk_widget_set_visible(window->detail_bar, row != NULL);
        window->observer->shown(window->userdata);
}

/* ---- settling ---- */

static bool table_is_focused(Window *window) {
        GtkWidget *focus = gtk_window_get_focus(GTK_WINDOW(window->window));

        return focus && gtk_widget_is_ancestor(focus, window->view);
}

/* An empty table takes no focus, and what scrolls it may have got it instead: when the table is no longer
 * empty, or has been searched, arrows shall work at once. */
static void focus_table(Window *window) {
        if (gtk_search_bar_get_search_mode(GTK_SEARCH_BAR(window->search_bar)))
                return;
        if (!table_is_focused(window))
                (void) gtk_widget_grab_focus(window->view);
        if (table_is_focused(window))
                window->focused = true;
}

static gboolean on_settled(void *userdata) {
        Window *window = userdata;

        window->settling = 0;
        if (window->out_of_order) {
                window->out_of_order = false;
                gtk_filter_changed(window->filter, GTK_FILTER_CHANGE_DIFFERENT);
                columns_resort(GTK_COLUMN_VIEW(window->view));
        }
        show_summary(window);
        show_emptiness(window);
        if (!window->focused && window->visible &&
            g_list_model_get_n_items(G_LIST_MODEL(window->selection)) > 0)
                focus_table(window);
        window->observer->shown(window->userdata);
        return G_SOURCE_REMOVE;
}

static void settle(Window *window) {
        if (window->settling == 0)
                window->settling = g_timeout_add(SETTLE_MSEC, on_settled, window);
}

void window_reordered(Window *window) {
        window->out_of_order = true;
        settle(window);
}

void window_summarized(Window *window) {
        settle(window);
}

void window_set_problem(Window *window, const char *problem) {
        gtk_label_set_text(GTK_LABEL(window->problem), problem ?: "");
        gtk_widget_set_visible(window->banner, problem != NULL);
        /* what is shown is old then */
        gtk_widget_set_opacity(window->stack, problem ? 0.5 : 1);
        settle(window);
}

/* ---- selection and search ---- */

static void on_detail_changed(Row *row, Window *window) {
        show_detail(window);
}

static void let_go_of_detailed(Window *window) {
        if (window->detailed)
                g_signal_handler_disconnect(window->detailed, window->detailed_handler);
        g_clear_object(&window->detailed);
}

static void on_selected(GtkSingleSelection *selection, GParamSpec *spec, Window *window) {
        Row *row = gtk_single_selection_get_selected_item(selection);

        let_go_of_detailed(window);
        if (row) {
                window->detailed = g_object_ref(row);
                window->detailed_handler =
                                g_signal_connect(row, "changed", G_CALLBACK(on_detail_changed), window);
        }
        show_detail(window);
}

static gboolean is_wanted(void *item, void *userdata) {
        const Window *window = userdata;

        return row_matches(item, window->words);
}

static void on_search(GtkSearchEntry *entry, Window *window) {
        g_strfreev(window->words);
        window->words = row_fold(gtk_editable_get_text(GTK_EDITABLE(entry)));
        gtk_filter_changed(window->filter, GTK_FILTER_CHANGE_DIFFERENT);
        settle(window);
}

static void on_search_mode(GtkSearchBar *bar, GParamSpec *spec, Window *window) {
        focus_table(window);
}

/* ---- whether somebody looks ---- */

static void look(Window *window) {
        GdkSurface *surface = gtk_native_get_surface(GTK_NATIVE(window->window));
        bool visible = gtk_widget_get_mapped(window->window) && GDK_IS_TOPLEVEL(surface) &&
                       !(gdk_toplevel_get_state(GDK_TOPLEVEL(surface)) & GDK_TOPLEVEL_STATE_MINIMIZED);

        if (visible == window->visible)
                return;
        window->visible = visible;
        window->observer->visible(window->userdata, visible);
}

static void on_mapped(GtkWidget *widget, Window *window) {
        look(window);
}

static void on_surface_state(GdkSurface *surface, GParamSpec *spec, Window *window) {
        look(window);
}

static void on_unrealized(GtkWidget *widget, Window *window) {
        g_signal_handlers_disconnect_by_data(gtk_native_get_surface(GTK_NATIVE(widget)), window);
}

static void on_realized(GtkWidget *widget, Window *window) {
        g_signal_connect(
                        gtk_native_get_surface(GTK_NATIVE(widget)),
                        "notify::state",
                        G_CALLBACK(on_surface_state),
                        window);
}

static gboolean on_close(GtkWindow *gtk_window, Window *window) {
        gtk_widget_set_visible(GTK_WIDGET(gtk_window), FALSE);
        window->observer->closed(window->userdata);
        return TRUE;
}

/* ---- building ---- */

static GtkWidget *label(const char *css_class) {
        GtkWidget *made = gtk_label_new(NULL);

        gtk_label_set_xalign(GTK_LABEL(made), 0);
        gtk_label_set_wrap(GTK_LABEL(made), TRUE);
        gtk_label_set_wrap_mode(GTK_LABEL(made), PANGO_WRAP_WORD_CHAR);
        gtk_widget_set_margin_start(made, 12);
        gtk_widget_set_margin_end(made, 12);
        gtk_widget_set_margin_top(made, 6);
        gtk_widget_set_margin_bottom(made, 6);
        if (css_class)
                gtk_widget_add_css_class(made, css_class);
        return made;
}

static GtkWidget *build_header(Window *window) {
        GtkWidget *header = gtk_header_bar_new(), *button = gtk_toggle_button_new();

        gtk_button_set_icon_name(GTK_BUTTON(button), "system-search-symbolic");
        gtk_widget_set_tooltip_text(button, "Search (Ctrl+F)");
        gtk_accessible_update_property(GTK_ACCESSIBLE(button), GTK_ACCESSIBLE_PROPERTY_LABEL, "Search", -1);
        g_object_bind_property(
                        button,
                        "active",
                        window->search_bar,
                        "search-mode-enabled",
                        G_BINDING_BIDIRECTIONAL);
        gtk_header_bar_pack_end(GTK_HEADER_BAR(header), button);
        return header;
}

static void build_search(Window *window) {
        window->search_bar = gtk_search_bar_new();
        window->search_entry = gtk_search_entry_new();
        gtk_widget_set_hexpand(window->search_entry, TRUE);
        gtk_search_bar_set_child(GTK_SEARCH_BAR(window->search_bar), window->search_entry);
        gtk_search_bar_connect_entry(GTK_SEARCH_BAR(window->search_bar), GTK_EDITABLE(window->search_entry));
        gtk_search_bar_set_key_capture_widget(GTK_SEARCH_BAR(window->search_bar), window->window);
        g_signal_connect(window->search_entry, "search-changed", G_CALLBACK(on_search), window);
        g_signal_connect(
                        window->search_bar,
                        "notify::search-mode-enabled",
                        G_CALLBACK(on_search_mode),
                        window);
}

/* board's list -> those searched for -> in the order of the columns -> one selected */
static GtkWidget *build_table(Window *window) {
        GtkWidget *scrolled = gtk_scrolled_window_new();
        GtkSortListModel *sorted;

        window->view = gtk_column_view_new(NULL);
        columns_append(GTK_COLUMN_VIEW(window->view));
        window->filter = GTK_FILTER(gtk_custom_filter_new(is_wanted, window, NULL));
        window->filtered =
                        gtk_filter_list_model_new(g_object_ref(board_rows(window->board)), window->filter);
        sorted = gtk_sort_list_model_new(
                        G_LIST_MODEL(window->filtered),
                        g_object_ref(gtk_column_view_get_sorter(GTK_COLUMN_VIEW(window->view))));
        window->selection = gtk_single_selection_new(G_LIST_MODEL(sorted));
        gtk_single_selection_set_autoselect(window->selection, FALSE);
        gtk_single_selection_set_can_unselect(window->selection, TRUE);
        g_signal_connect(window->selection, "notify::selected-item", G_CALLBACK(on_selected), window);
        gtk_column_view_set_model(GTK_COLUMN_VIEW(window->view), GTK_SELECTION_MODEL(window->selection));
        gtk_widget_add_css_class(window->view, "data-table");
        gtk_accessible_update_property(
                        GTK_ACCESSIBLE(window->view), GTK_ACCESSIBLE_PROPERTY_LABEL, "Checks", -1);
        gtk_scrolled_window_set_child(GTK_SCROLLED_WINDOW(scrolled), window->view);
        gtk_widget_set_vexpand(scrolled, TRUE);
        return scrolled;
}

static void build_stack(Window *window) {
        window->stack = gtk_stack_new();
        window->empty = gtk_label_new(NULL);
        gtk_widget_add_css_class(window->empty, "dim-label");
        gtk_widget_set_vexpand(window->empty, TRUE);
        gtk_stack_add_named(GTK_STACK(window->stack), build_table(window), "table");
        gtk_stack_add_named(GTK_STACK(window->stack), window->empty, "empty");
}

static void build_banner(Window *window) {
        window->banner = gtk_box_new(GTK_ORIENTATION_HORIZONTAL, 0);
        window->problem = label(NULL);
        gtk_widget_add_css_class(window->banner, "quptime-banner");
        gtk_widget_set_hexpand(window->problem, TRUE);
        gtk_box_append(GTK_BOX(window->banner), window->problem);
        gtk_widget_set_visible(window->banner, FALSE);
}

static void build_detail(Window *window) {
        window->detail_bar = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);
        window->detail = label(NULL);
        gtk_label_set_selectable(GTK_LABEL(window->detail), TRUE);
        gtk_box_append(GTK_BOX(window->detail_bar), gtk_separator_new(GTK_ORIENTATION_HORIZONTAL));
        gtk_box_append(GTK_BOX(window->detail_bar), window->detail);
        gtk_widget_set_visible(window->detail_bar, FALSE);
}

static GtkWidget *build_content(Window *window) {
        GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0);

        build_search(window);
        build_banner(window);
        build_stack(window);
        build_detail(window);
        window->summary = label("quptime-summary");
        window->peers = label("dim-label");
        window->hint = label("dim-label");
        for (unsigned i = 0; i < 7; i++)
                gtk_box_append(GTK_BOX(box),
                               (GtkWidget *[]){ window->search_bar,
                                                window->banner,
                                                window->summary,
                                                window->peers,
                                                window->hint,
                                                window->stack,
                                                window->detail_bar }[i]);
        return box;
}

static gboolean on_find(GtkWidget *widget, GVariant *arguments, void *userdata) {
        Window *window = userdata;

        gtk_search_bar_set_search_mode(GTK_SEARCH_BAR(window->search_bar), TRUE);
        gtk_widget_grab_focus(window->search_entry);
        return TRUE;
}

static void add_shortcuts(Window *window) {
        GtkEventController *controller = gtk_shortcut_controller_new();

        gtk_shortcut_controller_set_scope(GTK_SHORTCUT_CONTROLLER(controller), GTK_SHORTCUT_SCOPE_GLOBAL);
        gtk_shortcut_controller_add_shortcut(
                        GTK_SHORTCUT_CONTROLLER(controller),
                        gtk_shortcut_new(
                                        gtk_shortcut_trigger_parse_string("<Control>f"),
                                        gtk_callback_action_new(on_find, window, NULL)));
        gtk_widget_add_controller(window->window, controller);
}

/* colours that can be read on the light and on the dark variant; the words say the same */
static const char style[] =
                ".quptime-down { color: mix(@error_color, @theme_fg_color, 0.1); font-weight: bold; }\n"
                ".quptime-up { color: mix(@success_color, @theme_fg_color, 0.5); }\n"
                ".quptime-unknown { opacity: 0.6; }\n"
                "row:selected .quptime-down, row:selected .quptime-up { color: inherit; }\n"
                ".quptime-summary { font-weight: bold; }\n"
                ".quptime-banner { background-color: @warning_color; color: #000; }\n";

static void add_style(GtkWidget *widget) {
        g_autoptr(GtkCssProvider) provider = gtk_css_provider_new();

        gtk_css_provider_load_from_data(provider, style, -1);
        gtk_style_context_add_provider_for_display(
                        gtk_widget_get_display(widget),
                        GTK_STYLE_PROVIDER(provider),
                        GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

Window *
window_new(GtkApplication *application, Board *board, const WindowObserver *observer, void *userdata) {
        Window *window = g_new0(Window, 1);

        window->board = board;
        window->observer = observer;
        window->userdata = userdata;
        window->window = gtk_application_window_new(application);
        gtk_window_set_title(GTK_WINDOW(window->window), "quptime");
        gtk_window_set_default_size(GTK_WINDOW(window->window), 1000, 560);
        add_style(window->window);
        gtk_window_set_child(GTK_WINDOW(window->window), build_content(window));
        gtk_window_set_titlebar(GTK_WINDOW(window->window), build_header(window));
        add_shortcuts(window);
        g_signal_connect(window->window, "close-request", G_CALLBACK(on_close), window);
        g_signal_connect(window->window, "realize", G_CALLBACK(on_realized), window);
        g_signal_connect(window->window, "unrealize", G_CALLBACK(on_unrealized), window);
        g_signal_connect_after(window->window, "map", G_CALLBACK(on_mapped), window);
        g_signal_connect_after(window->window, "unmap", G_CALLBACK(on_mapped), window);
        window_reordered(window);
        return window;
}

Window *window_free(Window *window) {
        if (!window)
                return NULL;
        if (window->settling != 0)
                g_source_remove(window->settling);
        let_go_of_detailed(window);
        g_signal_handlers_disconnect_by_data(window->selection, window);
        g_signal_handlers_disconnect_by_data(window->search_entry, window);
        g_signal_handlers_disconnect_by_data(window->search_bar, window);
        if (gtk_widget_get_realized(window->window))
                on_unrealized(window->window, window);
        g_signal_handlers_disconnect_by_data(window->window, window);
        gtk_window_destroy(GTK_WINDOW(window->window));
        g_strfreev(window->words);
        g_free(window);
        return NULL;
}

void window_present(Window *window) {
        gtk_window_present(GTK_WINDOW(window->window));
}

char *window_describe(Window *window) {
        GListModel *rows = G_LIST_MODEL(window->selection);
        unsigned n = g_list_model_get_n_items(rows);
        GString *text = g_string_new(NULL);

        g_string_append_printf(
                        text,
                        "problem\t%s\nsummary\t%s\npeers\t%s\ndetail\t%s\nrows\t%u\n",
                        gtk_label_get_text(GTK_LABEL(window->problem)),
                        gtk_label_get_text(GTK_LABEL(window->summary)),
                        gtk_label_get_text(GTK_LABEL(window->peers)),
                        gtk_label_get_text(GTK_LABEL(window->detail)),
                        n);
        for (unsigned i = 0; i < MIN(n, DESCRIBED_ROWS); i++) {
                g_autoptr(Row) row = g_list_model_get_item(rows, i);
                g_autofree char *line = columns_describe(row);

                g_string_append_printf(text, "%s\n", line);
        }
        return g_string_free(text, FALSE);
}
