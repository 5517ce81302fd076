/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Every size that a peer, a file, a target, a relay or a caller controls, with its name. Sizes in bytes
 * unless the name says otherwise. A value at the limit is accepted, one past it is refused. */

#include "base/usec.h"

/* names and texts of the document */
#define NAME_MAX_BYTES 128      /* names of checks and alerts */
#define TARGET_MAX_BYTES 2048   /* a check's target */
#define ADVERTISE_MAX_BYTES 261 /* host (253) + ":" + port, with brackets */
#define BODY_MATCH_MAX_BYTES 4096
#define TEMPLATE_MAX_BYTES 65536
#define SECRET_FIELD_MAX_BYTES 4096   /* a password, a webhook URL */
#define CREDENTIAL_NAME_MAX_BYTES 255 /* systemd's own limit */
#define CERT_PEM_MAX_BYTES 8192
#define DETAIL_MAX_BYTES 512 /* a probe's or relay's words, after escaping */
#define RECIPIENTS_MAX 64    /* of one alert */
#define REFERENCES_MAX 64    /* alert_ids and suppress_alert_ids of one check, each */
#define PEERS_MAX 64
#define CHECKS_MAX 20000
#define ALERTS_MAX 1000
#define EXTRA_FIELDS_MAX_BYTES 65536          /* unknown fields kept for a newer version, per object */
#define DOCUMENT_MAX_BYTES (16 * 1024 * 1024) /* cluster.yaml */
#define SMALL_FILE_MAX_BYTES (1024 * 1024)    /* node.yaml, trust.yaml, a key, a certificate */
#define SECRET_MIN_CHARS 20                   /* a cluster secret given by hand */

/* checks */
#define INTERVAL_MIN_USEC (1 * USEC_PER_SEC)
#define INTERVAL_MAX_USEC (24 * USEC_PER_HOUR)
#define INTERVAL_DEFAULT_USEC (30 * USEC_PER_SEC)
#define TIMEOUT_MIN_USEC (100 * USEC_PER_MSEC)
#define TIMEOUT_DEFAULT_USEC (10 * USEC_PER_SEC) /* the smaller of this and the interval */
#define BODY_MATCH_WINDOW_BYTES (1024 * 1024)    /* of a target's answer */
#define REDIRECTS_MAX 10
#define ANSWER_HEAD_MAX_BYTES (256 * 1024)      /* status line and headers of a target's answer */
#define ADDRESSES_MAX 16                        /* of one name; the rest is not tried */
#define RESOLVER_TRY_USEC (500 * USEC_PER_MSEC) /* the first wait for one resolver; doubled in each round */
#define RESOLVER_ROUNDS 4
#define RESOLVER_RECHECK_USEC (10 * USEC_PER_SEC)   /* resolv.conf and hosts, where inotify sees nothing */
#define DIAL_ATTEMPT_MIN_USEC (250 * USEC_PER_MSEC) /* the least share of one of several addresses */
#define PROBE_LATE_MAX_USEC (1 * USEC_PER_SEC)   /* begun later than this, or interval/4: failure doubted */
#define LOOP_STALL_USEC (500 * USEC_PER_MSEC)    /* a loop turn over this in it: a failure is doubted */
#define ECHO_PACKETS 3                           /* of one ICMP probe, spread over its time-out */
#define TRUST_RECHECK_USEC (1 * USEC_PER_MINUTE) /* whether the CA bundle has changed */

/* syntax */
#define DEPTH_MAX_JSON 32
#define DEPTH_MAX_YAML 16
#define YAML_NODES_MAX 4000000 /* scalars, lists and mappings of one file */

/* the peer port */
#define FRAME_MAX_TRUSTED (64 * 1024 * 1024) /* one message of a member */
#define FRAME_MAX_UNTRUSTED 4096             /* one message before the join proof */
#define FRAME_PIECE 65536                    /* what is written before something urgent may pass */
#define HANDSHAKE_MAX_BYTES 16384
#define ERROR_MAX_BYTES 8192 /* the sentence of a refused call */
#define RSA_BITS_MAX 8192    /* of a key whose signature we are asked to check */
#define UNTRUSTED_DEADLINE_USEC (10 * USEC_PER_SEC)
#define UNTRUSTED_MAX 32 /* connections that are no member's, in all */
#define UNTRUSTED_MAX_PER_ADDRESS 8
#define UNTRUSTED_HANDSHAKES_PER_SEC 10
#define SEND_QUEUE_MAX_BYTES (128 * 1024 * 1024) /* per connection; past it the connection is closed */
#define CALLS_PENDING_MAX 256                    /* per connection */
#define JOIN_FAILURES_MAX 30                     /* wrong proofs at once, in all; one more every 6 s */
#define JOIN_FAILURES_PER_ADDRESS 5              /* and of one address; one more every minute */
#define JOIN_FAILURE_USEC USEC_PER_MINUTE
#define JOIN_ADDRESSES_MAX 64                   /* whose failures are remembered */
#define JOIN_SESSION_USEC (5 * USEC_PER_MINUTE) /* after the proof, for all that joining asks */

/* the register */
#define CHANGES_REMEMBERED 256     /* ids of changes with their answers */
#define CHANGES_QUEUED_MAX 1024    /* on the leader, waiting for the batch; of a node, for an answer */
#define CHANGES_BATCHED_MAX 128    /* planned into one proposal */
#define CHANGE_FIELDS_MAX 64       /* of one edit */
#define CHANGE_OPS_MAX 20000       /* records of one change */
#define TRANSITION_OPS_MAX 2048    /* records past which further transitions wait for the next change */
#define CHANGE_AFFECTED_MAX 256    /* names in an answer; further ones are left out */
#define CHANGE_TEXT_MAX_BYTES 4096 /* a refusal's sentence */
#define RECORDS_MAX 1000000        /* of a value */
#define RECORD_BODY_MAX_BYTES (1024 * 1024)     /* one record as JSON */
#define NOTICES_OWED_MAX 64                     /* per check and alert; then the oldest pair collapses */
#define DIAGNOSIS_USEC (3 * USEC_PER_SEC)       /* until peers and resolvers have answered */
#define DIAGNOSIS_KEPT_USEC (5 * USEC_PER_SEC)  /* who asks sooner gets the same one */
#define DOCUMENTS_AT_ONCE 4                     /* texts over the bus that are being judged */
#define DOCUMENT_READERS_MAX 32                 /* callers who wait for the text at a time */
#define DOCUMENTS_KEPT 64                       /* texts of cluster.yaml that an edit may start from */
#define DOCUMENTS_KEPT_BYTES (64 * 1024 * 1024) /* of those texts, packed */
#define ELECTION_MIN_USEC (300 * USEC_PER_MSEC)
#define ELECTION_MAX_USEC (10 * USEC_PER_SEC)
#define ELECTION_DEFAULT_USEC (1 * USEC_PER_SEC)

/* how far ahead of ours another node's numbers may be to be heard; and at once, rather than once per E */
#define TERM_AHEAD_MAX (UINT64_C(1) << 28) /* an election a second for eight years */
#define SEQ_AHEAD_MAX (UINT64_C(1) << 32)  /* a hundred changes a second for a year */
#define TERM_LEAP_MAX 1024
#define SEQ_LEAP_MAX (UINT64_C(1) << 20)

/* alerts */
#define GIVE_UP_USEC (72 * USEC_PER_HOUR)
#define DISCORD_MAX_CHARS 2000
#define DISCORD_MENTIONS_MAX 100 /* users, and roles, that one message may ping */
#define DISCORD_ID_MAX_CHARS 20
#define RELAY_ANSWER_MAX_BYTES 65536 /* what a relay or webhook may answer */
#define WEBHOOKS_AT_ONCE 4
#define DELIVERIES_PER_ALERT 4                /* attempts in flight */
#define DELIVERIES_AT_ONCE 32                 /* attempts in flight, of all alerts together */
#define ERRANDS_MAX 256                       /* attempts that this node makes for the master */
#define ERRAND_MAX_USEC (2 * USEC_PER_MINUTE) /* whatever time it gives */
#define NOTICES_FAILED_KEPT 16                /* refused or given up, per alert, kept to be seen */
#define TELLINGS_MAX 4096                     /* deliveries that a node remembers */
#define TEST_ALERTS_AT_ONCE 8                 /* of one `check test` */
#define TESTS_PER_NODE 8                      /* test messages under way that one node asked for */
#define TESTS_AT_ONCE 32                      /* and all nodes together */
#define TEST_TEXT_MAX_BYTES 65536             /* what is said about all of them */
#define EXPLAINED_TELLINGS_MAX 256            /* of one check, in one answer; the newest */
#define EXPLAINED_ROUNDS_MAX 64
#define EXPLAIN_AT_ONCE 16                       /* of which the other nodes are asked; others do without */
#define EXPLAIN_ASK_USEC (3 * USEC_PER_SEC)      /* for the other nodes to say what they know */
#define RETRY_AFTER_MAX_USEC (1 * USEC_PER_HOUR) /* what a relay may ask for */
#define WEBHOOK_DEADLINE_USEC (15 * USEC_PER_SEC)
#define MAIL_CONNECT_USEC (15 * USEC_PER_SEC)
#define MAIL_DEADLINE_USEC (60 * USEC_PER_SEC)

/* a run of an alert's template; past a limit the field falls back to the default text */
#define TEMPLATE_OUTPUT_MAX_BYTES 65536 /* of the rendered text */
#define TEMPLATE_DEPTH_MAX 1000         /* of lists and parentheses within each other, when parsed */
#define TEMPLATE_RUN_DEPTH_MAX 2000     /* the same, and calls of templates, when run */
#define TEMPLATE_STEPS_MAX 250000       /* nodes that are visited; 64 bytes of text count as one */
#define TEMPLATE_VALUE_MAX_BYTES (16 * 1024 * 1024) /* of all values that live at one time */

/* the bus */
#define BUS_QUEUE_MAX 4096             /* messages waiting for one connection */
#define BUS_LIST_MAX 1000              /* rows of one ListChecks call */
#define BUS_CONNECTIONS_MAX 64         /* on the private socket, at a time */
#define BUS_CALLS_MAX 256              /* calls of one connection, or user, that wait for their answer */
#define BUS_CALLS_PER_CALLER 64        /* likewise, and questions, of one unique name on a shared bus */
#define BUS_BIG_CALLS_MAX 8            /* unread messages past which a call with a long answer is refused */
#define POLKIT_QUESTIONS_PER_USER 8    /* unanswered ones about one user; bus daemons allow 128 in all */
#define POLKIT_SMALL_BYTES (64 * 1024) /* a call up to which only the number counts */
#define POLKIT_BYTES_PER_USER (20 * 1024 * 1024) /* larger ones that wait for polkit: one document */
#define POLKIT_BYTES_MAX (64 * 1024 * 1024)      /* and of all users together */
#define LOOKED_UP_BYTES_MAX (64 * 1024 * 1024)   /* likewise, while the bus says who calls */
#define MESSAGE_PARTS_MAX 4096                   /* texts, numbers, containers of a call that waits */
#define POLKIT_ANSWER_USEC (30 * USEC_PER_SEC)   /* where nobody is asked */
#define POLKIT_PERSON_USEC (5 * USEC_PER_MINUTE) /* where a person may be */
#define AUDIT_LOOKUP_USEC (5 * USEC_PER_SEC)     /* a caller's unit and session */
#define AUDIT_REFUSALS_MAX 20                    /* entries of a user's minute; the rest is counted */
#define AUDIT_REFUSED_USERS_MAX 16               /* users counted by themselves at a time */
#define BUS_QUEUE_LOW 512 /* unread messages up to which signals are handed to a connection */
#define BUS_STALL_USEC (1 * USEC_PER_SEC) /* a connection over its limit may take nothing for this long */
