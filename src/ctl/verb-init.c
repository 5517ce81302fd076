/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/names.h"
#include "ctl/call.h"
#include "ctl/text.h"
#include "ctl/verbs.h"

static const Flag init_flags[] = {
        { .name = "advertise",
          .type = FLAG_TEXT,
          .value = "HOST:PORT",
          .field = "advertise",
          .help = "where other nodes reach this one" },
        { .name = "bind",
          .type = FLAG_TEXT,
          .value = "ADDRESS",
          .standard = "0.0.0.0",
          .bits = FLAG_DAEMON_DEFAULT,
          .field = "bind",
          .help = "the address to listen on" },
        { .name = "port",
          .type = FLAG_NUMBER,
          .value = "PORT",
          .standard = G_STRINGIFY(PORT_DEFAULT),
          .bits = FLAG_DAEMON_DEFAULT,
          .field = "port",
          .help = "the port to listen on" },
        { .name = "secret",
          .type = FLAG_TEXT,
          .value = "SECRET",
          .bits = FLAG_SECRET | FLAG_ONE_LINE,
          .field = "secret",
          .max = SECRET_FIELD_MAX_BYTES,
          .help = "the cluster's secret; without it one is made and printed" },
        { .name = "secret-file",
          .type = FLAG_TEXT,
          .value = "FILE",
          .file_of = "secret",
          .max = 4096,
          .help = "a file with the secret; - is standard input" },
        { .name = "key-type",
          .type = FLAG_TEXT,
          .value = "TYPE",
          .choices = "ed25519 rsa3072",
          .standard = "ed25519",
          .bits = FLAG_DAEMON_DEFAULT,
          .field = "key_type",
          .help = "the kind of this node's key: ed25519 or rsa3072" },
        {},
};

/* quctl's own environment does not move the daemon's directory; say so before somebody looks in the wrong
 * place */
static void warn_of_directory(const char *daemon_directory) {
        const char *own = getenv(ENV_DIR);
        g_autofree char *own_path = NULL, *daemon_path = NULL;

        if (!own || !*own || !daemon_directory || !*daemon_directory)
                return;
        own_path = g_canonicalize_filename(own, /* relative_to= */ NULL);
        daemon_path = g_canonicalize_filename(daemon_directory, /* relative_to= */ "/");
        if (!g_str_equal(own_path, daemon_path))
                warn("$" ENV_DIR
                     " is %s here, but the daemon keeps its files in %s: set it for quptimed, not for quctl",
                     own_path,
                     daemon_path);
}

static void print_line(const char *label, const char *text) {
        g_autofree char *escaped = text_escape(text);

        (void) printf("%-12s %s\n", label, escaped);
}

static void print_node(const Context *context, const NodeAnswer *node) {
        bool made = node->secret && *node->secret;
        g_autofree char *secret = text_escape(node->secret);

        if (context->quiet) {
                if (made)
                        (void) printf("%s\n", secret);
                return;
        }

        print_line("node id", node->node_id);
        print_line("data dir", node->directory);
        print_line("advertise", node->advertise);
        print_line("fingerprint", node->fingerprint);
        if (!made)
                return;
        print_line("secret", node->secret);
        (void) printf("\nThe secret is shown this once: copy it. Every other node of the cluster needs it:\n"
                      "  quctl init --advertise HOST:PORT --secret SECRET\n");
}

static ExitStatus run_init(Context *context, const Arguments *arguments) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(node_answer_freep) NodeAnswer *node = NULL;
        ExitStatus status;
        void *row;
        int r;

        status = manager_call_fields(
                        context,
                        "Init",
                        CALL_SENSITIVE,
                        &reply,
                        /* object= */ NULL,
                        /* members= */ NULL,
                        init_flags,
                        arguments,
                        /* with_standards= */ true);
        if (status != STATUS_DONE)
                return status;

        r = row_read(reply, &node_answer_type, &row);
        if (r < 0)
                return answer_not_understood(r);
        node = row;
        warn_of_directory(node->directory);
        print_node(context, node);
        return STATUS_DONE;
}

const Verb verb_init = {
        .name = "init",
        .help = "make this node's identity and a cluster of one",
        .more = "The daemon has to run: it makes the keys and keeps them. A secret on the command line is "
                "blanked at\n"
                "once, but a shell may remember it: --secret-file, or --secret alone as the last word, is "
                "safer.\n",
        .flags = init_flags,
        .run = run_init,
};

static ExitStatus run_serve(Context *context, const Arguments *arguments) {
        (void) context;
        (void) arguments;

        (void) printf("The daemon is a program of its own, quptimed. Start it\n"
                      "  in the foreground:  quptimed\n"
                      "  as a service:       systemctl start quptime   (where its unit is installed)\n");
        return STATUS_DONE;
}

const Verb verb_serve = {
        .name = "serve",
        .help = "say how the daemon is started",
        .run = run_serve,
};

static ExitStatus run_fingerprint(Context *context, const Arguments *arguments) {
        _cleanup_(node_status_freep) NodeStatus *node = NULL;
        g_autofree char *fingerprint = NULL;
        ExitStatus status;

        (void) arguments;

        status = manager_status(context, &node);
        if (status != STATUS_DONE)
                return status;
        if (!node->initialized)
                return fail(STATUS_FAILED, "this node has no key yet: run \"quctl init\" first");

        fingerprint = text_escape(node->fingerprint);
        (void) printf("%s\n", fingerprint);
        return STATUS_DONE;
}

const Verb verb_fingerprint = {
        .name = "fingerprint",
        .help = "show this node's own fingerprint",
        .more = "Compare it with what \"quctl node add\" shows on the node that invites this one.\n",
        .run = run_fingerprint,
};
