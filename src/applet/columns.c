/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A cell is a label that is bound to a row for as long as the row is in sight, so that thousands of rows
 * cost a screenful of widgets. Texts go in as texts: nothing that comes from outside is ever read as
 * markup. */

#include "applet/columns.h"

#include "applet/row.h"
#include "applet/text.h"
#include "base/cleanup.h"

typedef struct Column {
        const char *title;
        char *(*text)(const Row *row); /* caller frees */
        int (*compare)(const Row *a, const Row *b);
        int chars; /* width that is asked for */
        bool expand;
        bool number;
        bool state; /* coloured by it */
} Column;

/* ---- texts and orders ---- */

static char *text_of_name(const Row *row) {
        return g_strdup(row->name);
}

static char *text_of_type(const Row *row) {
        return g_strdup(row->type);
}

static char *text_of_target(const Row *row) {
        return g_strdup(row->target);
}

static char *text_of_since(const Row *row) {
        return shown_time(row->since_usec);
}

static char *text_of_votes(const Row *row) {
        return g_strdup_printf("%u/%u", row->ok, row->total);
}

static char *text_of_detail(const Row *row) {
        return g_strdup(row->detail);
}

static int compare_type(const Row *a, const Row *b) {
        return g_utf8_collate(a->type, b->type);
}

static int compare_target(const Row *a, const Row *b) {
        return g_utf8_collate(a->target, b->target);
}

static int compare_since(const Row *a, const Row *b) {
        return a->since_usec < b->since_usec ? -1 : a->since_usec > b->since_usec;
}

static int compare_votes(const Row *a, const Row *b) {
        return a->ok < b->ok ? -1 : a->ok > b->ok;
}

static int compare_detail(const Row *a, const Row *b) {
        return g_utf8_collate(a->detail, b->detail);
}

static const Column columns[] = {
        { "State", row_state_text, row_compare_state, 9, .state = true },
        { "Name", text_of_name, row_compare_name, 16, .expand = true },
        { "Type", text_of_type, compare_type, 5 },
        { "Target", text_of_target, compare_target, 24, .expand = true },
        { "Since", text_of_since, compare_since, 15 },
        { "OK", text_of_votes, compare_votes, 5, .number = true },
        { "Detail", text_of_detail, compare_detail, 24, .expand = true },
};

char *columns_describe(gpointer row) {
        GString *line = g_string_new(NULL);

        for (unsigned i = 0; i < G_N_ELEMENTS(columns); i++) {
                g_autofree char *text = columns[i].text(row);

                g_string_append_printf(line, "%s%s", i > 0 ? "\t" : "", text);
        }
        return g_string_free(line, FALSE);
}

/* ---- cells ---- */

static const char *const state_classes[] = {
        [ROW_DOWN] = "quptime-down", [ROW_UNKNOWN] = "quptime-unknown", [ROW_UP] = "quptime-up"
};

static void show(GtkListItem *item, const Column *column) {
        GtkWidget *label = gtk_list_item_get_child(item);
        const Row *row = gtk_list_item_get_item(item);
        g_autofree char *text = column->text(row);

        gtk_label_set_text(GTK_LABEL(label), text);
        gtk_widget_set_tooltip_text(label, g_utf8_strlen(text, -1) > column->chars ? text : NULL);
        if (!column->state)
                return;
        for (unsigned i = 0; i < G_N_ELEMENTS(state_classes); i++)
                gtk_widget_remove_css_class(label, state_classes[i]);
        gtk_widget_add_css_class(label, state_classes[row->state]);
}

static void on_row_changed(Row *row, GtkListItem *item) {
        show(item, g_object_get_data(G_OBJECT(item), "quptime-column"));
}

static void on_setup(GtkSignalListItemFactory *factory, GtkListItem *item, const Column *column) {
        GtkWidget *label = gtk_label_new(NULL);

        gtk_label_set_xalign(GTK_LABEL(label), column->number ? 1 : 0);
        gtk_label_set_ellipsize(GTK_LABEL(label), PANGO_ELLIPSIZE_END);
        gtk_label_set_single_line_mode(GTK_LABEL(label), TRUE);
        gtk_label_set_width_chars(GTK_LABEL(label), column->chars);
        if (column->number)
                gtk_widget_add_css_class(label, "numeric");
        g_object_set_data(G_OBJECT(item), "quptime-column", (gpointer) column);
        gtk_list_item_set_child(item, label);
}

static void on_bind(GtkSignalListItemFactory *factory, GtkListItem *item, const Column *column) {
        g_signal_connect(gtk_list_item_get_item(item), "changed", G_CALLBACK(on_row_changed), item);
        show(item, column);
}

static void on_unbind(GtkSignalListItemFactory *factory, GtkListItem *item, const Column *column) {
        g_signal_handlers_disconnect_by_func(gtk_list_item_get_item(item), on_row_changed, item);
}

/* ---- columns ---- */

static int compare(const void *a, const void *b, void *userdata) {
        const Column *column = userdata;
        int r = column->compare(a, b);

        if (r == 0)
                r = row_compare_name(a, b);
        return r < 0 ? GTK_ORDERING_SMALLER : r > 0 ? GTK_ORDERING_LARGER : GTK_ORDERING_EQUAL;
}

static GtkColumnViewColumn *make(const Column *column) {
        GtkListItemFactory *factory = gtk_signal_list_item_factory_new();
        GtkColumnViewColumn *made = gtk_column_view_column_new(column->title, factory);
        g_autoptr(GtkSorter) sorter = GTK_SORTER(gtk_custom_sorter_new(compare, (gpointer) column, NULL));

        g_signal_connect(factory, "setup", G_CALLBACK(on_setup), (gpointer) column);
        g_signal_connect(factory, "bind", G_CALLBACK(on_bind), (gpointer) column);
        g_signal_connect(factory, "unbind", G_CALLBACK(on_unbind), (gpointer) column);
        gtk_column_view_column_set_sorter(made, sorter);
        gtk_column_view_column_set_resizable(made, TRUE);
        gtk_column_view_column_set_expand(made, column->expand);
        return made;
}

void columns_append(GtkColumnView *view) {
        for (unsigned i = 0; i < G_N_ELEMENTS(columns); i++) {
                g_autoptr(GtkColumnViewColumn) column = make(&columns[i]);

                gtk_column_view_append_column(view, column);
                if (columns[i].state)
                        gtk_column_view_sort_by_column(view, column, GTK_SORT_ASCENDING);
        }
}

void columns_resort(GtkColumnView *view) {
        gtk_sorter_changed(gtk_column_view_get_sorter(view), GTK_SORTER_CHANGE_DIFFERENT);
}
