/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cluster/effect.h"

#include <assert.h>

DEFINE_STRTAB(register_effect,
              RegisterEffectKind,
              "persist",
              "send",
              "answer",
              "committed",
              "leader",
              "lease",
              "removed",
              "forgetful",
              "disk",
              "implausible");

RegisterEffect *register_effects_take(RegisterEffects *effects) {
        assert(effects);
        return g_queue_pop_head(&effects->queue);
}

void register_effects_done(RegisterEffects *effects) {
        RegisterEffect *effect;

        assert(effects);

        while ((effect = g_queue_pop_head(&effects->queue)))
                (void) register_effect_free(effect);
}

RegisterWrite *register_write_free(RegisterWrite *write) {
        if (!write)
                return NULL;
        g_free(write->vote);
        (void) delta_free(write->delta);
        g_free(write);
        return NULL;
}

RegisterEffect *register_effect_free(RegisterEffect *effect) {
        if (!effect)
                return NULL;
        g_free(effect->node);
        g_free(effect->via);
        g_free(effect->params);
        (void) register_write_free(effect->write);
        (void) change_answer_free(effect->answer);
        (void) value_unref(effect->value);
        (void) value_unref(effect->previous);
        g_free(effect);
        return NULL;
}
