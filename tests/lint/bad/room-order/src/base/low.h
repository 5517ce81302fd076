/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once
#include "verdict/window.h"
#include "../verdict/window.h"
#include "missing.h"
