/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A template's context from JSON with Go's names of its fields. */

#include "json.h"
#include "template/context.h"

typedef struct TestData TestData; /* a context and all it points to */

TestData *test_data_new(const Json *json);
void test_data_free(TestData *data);
const TemplateContext *test_data_context(const TestData *data);
