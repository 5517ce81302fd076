/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/polkit.h"

#include <assert.h>
#include <glib.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/names.h"

#define FLAG_ALLOW_USER_INTERACTION 1U /* of CheckAuthorizationFlags */

struct PolkitQuestion {
        sd_bus *sd;
        sd_bus_slot *slot;
        char *cancellation_id;
        polkit_answered_t answered;
        void *userdata;
};

static PolkitAnswer read_answer(sd_bus_message *m, const char **ret_reason) {
        int is_authorized, is_challenge;
        const sd_bus_error *error = sd_bus_message_get_error(m);
        PolkitAnswer answer;

        *ret_reason = NULL;
        if (error) {
                *ret_reason = error->message;
                return POLKIT_UNREACHABLE;
        }
        if (sd_bus_message_enter_container(m, 'r', "bba{ss}") <= 0 ||
            sd_bus_message_read(m, "bb", &is_authorized, &is_challenge) <= 0) {
                *ret_reason = "its answer cannot be read";
                return POLKIT_UNREACHABLE;
        }
        answer = is_authorized ? POLKIT_YES : is_challenge ? POLKIT_CHALLENGE : POLKIT_NO;

        if (answer != POLKIT_YES && sd_bus_message_enter_container(m, 'a', "{ss}") > 0) {
                const char *key, *value;

                while (sd_bus_message_read(m, "{ss}", &key, &value) > 0)
                        if (g_str_equal(key, "polkit.dismissed") && *value)
                                answer = POLKIT_DISMISSED;
        }
        return answer;
}

static void take_back(PolkitQuestion *question) {
        (void) sd_bus_call_method_async(
                        question->sd,
                        NULL,
                        POLKIT_NAME,
                        POLKIT_PATH,
                        POLKIT_INTERFACE,
                        "CancelCheckAuthorization",
                        NULL,
                        NULL,
                        "s",
                        question->cancellation_id);
}

static int on_answer(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        PolkitQuestion *question = userdata;
        const char *reason;
        PolkitAnswer answer = read_answer(m, &reason);

        question->slot = sd_bus_slot_unref(question->slot);
        if (sd_bus_message_is_method_error(m, SD_BUS_ERROR_NO_REPLY)) /* too late: polkit may still ask */
                take_back(question);
        question->answered(answer, reason, question->userdata); /* frees it */
        return 0;
}

static int
append_question(sd_bus_message *m,
                const char *sender,
                const char *action,
                const char *member,
                bool interactive,
                const char *cancellation_id) {
        return sd_bus_message_append(
                        m,
                        "(sa{sv})sa{ss}us",
                        "system-bus-name",
                        1,
                        "name",
                        "s",
                        sender,
                        action,
                        1,
                        "member",
                        member,
                        interactive ? FLAG_ALLOW_USER_INTERACTION : 0U,
                        cancellation_id);
}

int polkit_ask(sd_bus *sd,
               const char *sender,
               const char *action,
               const char *member,
               bool interactive,
               polkit_answered_t answered,
               void *userdata,
               PolkitQuestion **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        static unsigned n_questions;
        PolkitQuestion *question;
        int r;

        assert(sd);
        assert(sender);
        assert(action);
        assert(member);
        assert(answered);
        assert(ret);

        r = sd_bus_message_new_method_call(
                        sd, &m, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE, "CheckAuthorization");
        if (r < 0)
                return r;

        question = g_new0(PolkitQuestion, 1);
        *question = (PolkitQuestion){ .answered = answered, .userdata = userdata };
        question->sd = sd_bus_ref(sd);
        question->cancellation_id = g_strdup_printf("quptime-%u", ++n_questions);

        r = append_question(m, sender, action, member, interactive, question->cancellation_id);
        if (r >= 0)
                r = sd_bus_call_async(
                                sd,
                                &question->slot,
                                m,
                                on_answer,
                                question,
                                interactive ? POLKIT_PERSON_USEC : POLKIT_ANSWER_USEC);
        if (r < 0) {
                (void) polkit_question_free(question);
                return r;
        }
        *ret = question;
        return 0;
}

PolkitQuestion *polkit_question_free(PolkitQuestion *question) {
        if (!question)
                return NULL;

        if (question->slot) {
                (void) sd_bus_slot_unref(question->slot);
                take_back(question);
        }
        (void) sd_bus_unref(question->sd);
        g_free(question->cancellation_id);
        g_free(question);
        return NULL;
}
