/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/low.h"
#include "model/check.h"
