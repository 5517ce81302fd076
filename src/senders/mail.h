/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The bytes of one mail to one recipient, without what SMTP adds (dot-stuffing is libcurl's). Pure: the same
 * message gives the same bytes at every try. */

#include "model/alert.h"
#include "model/notice.h"

/* caller frees; NULL: sender or recipient is no address */
char *mail_build(const Alert *alert, const char *recipient, const Message *message);
