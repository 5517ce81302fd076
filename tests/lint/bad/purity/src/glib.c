/* SPDX-License-Identifier: LGPL-2.1-or-later */
void *g_date_time_new_now_utc(void);
void *g_uuid_string_random(void);
void *glib_read(int which);
void *glib_read(int which) {
        return which ? g_date_time_new_now_utc() : g_uuid_string_random();
}
