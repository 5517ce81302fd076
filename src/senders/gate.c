/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "senders/gate.h"

#include <string.h>

struct _QuptimeGate {
        GMemoryInputStream parent; /* that makes it pollable: no thread reads it */
        gate_asked_t asked;
        void *userdata;
        size_t left;
};
G_DEFINE_TYPE(QuptimeGate, quptime_gate, G_TYPE_MEMORY_INPUT_STREAM)

static gssize
gate_read(GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable, GError **reterr_error) {
        QuptimeGate *gate = QUPTIME_GATE(stream);
        gssize n;

        if (gate->left > 0 && (!gate->asked || !gate->asked(gate->userdata))) {
                g_set_error_literal(reterr_error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "not any more");
                return -1;
        }
        n = G_INPUT_STREAM_CLASS(quptime_gate_parent_class)
                            ->read_fn(stream, buffer, size, cancellable, reterr_error);
        if (n > 0)
                gate->left -= (size_t) n;
        return n;
}

static void quptime_gate_class_init(QuptimeGateClass *class) {
        G_INPUT_STREAM_CLASS(class)->read_fn = gate_read;
}

static void quptime_gate_init(QuptimeGate *gate) {
}

GInputStream *gate_new(const char *text, gate_asked_t asked, void *userdata) {
        QuptimeGate *gate = g_object_new(quptime_gate_get_type(), NULL);

        gate->asked = asked;
        gate->userdata = userdata;
        gate->left = strlen(text);
        g_memory_input_stream_add_data(
                        G_MEMORY_INPUT_STREAM(gate), g_strdup(text), (gssize) gate->left, g_free);
        return G_INPUT_STREAM(gate);
}

void gate_disconnect(GInputStream *stream) {
        QUPTIME_GATE(stream)->asked = NULL;
}

bool gate_is_empty(GInputStream *stream) {
        return QUPTIME_GATE(stream)->left == 0;
}
