/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Every identifier of the outside world stands here once: bus names, paths, files, environment variables,
 * journal fields. Message ids of the journal are in names too, see journal section. */

/* bus */
#define BUS_NAME "org.quptime1"
#define BUS_PATH "/org/quptime1"
#define BUS_PATH_PEER BUS_PATH "/peer"
#define BUS_PATH_CHECK BUS_PATH "/check"
#define BUS_PATH_ALERT BUS_PATH "/alert"
#define BUS_INTERFACE_MANAGER "org.quptime1.Manager"
#define BUS_INTERFACE_PEER "org.quptime1.Peer"
#define BUS_INTERFACE_CHECK "org.quptime1.Check"
#define BUS_INTERFACE_ALERT "org.quptime1.Alert"
#define BUS_PATH_LOG_CONTROL "/org/freedesktop/LogControl1"
#define BUS_INTERFACE_LOG_CONTROL "org.freedesktop.LogControl1"
#define BUS_PATH_DRIVER "/org/freedesktop/DBus"
#define BUS_NAME_DRIVER "org.freedesktop.DBus"
#define BUS_ERROR_NO_QUORUM "org.quptime1.Error.NoQuorum"
#define BUS_ERROR_NOT_FOUND "org.quptime1.Error.NotFound"
#define BUS_ERROR_EXISTS "org.quptime1.Error.Exists"
#define BUS_ERROR_CONFLICT "org.quptime1.Error.Conflict"
#define BUS_ERROR_INVALID "org.quptime1.Error.Invalid"
#define BUS_ERROR_REFUSED "org.quptime1.Error.Refused"
#define BUS_ERROR_UNKNOWN_OUTCOME "org.quptime1.Error.UnknownOutcome"
#define BUS_ERROR_NOT_INITIALIZED "org.quptime1.Error.NotInitialized"
#define BUS_ERROR_FAILED "org.quptime1.Error.Failed"

/* polkit, and its actions, by consequence; polkit/org.quptime1.policy says what each means */
#define BUS_ACTION_TEST "org.quptime1.test"
#define BUS_ACTION_PAUSE "org.quptime1.pause"
#define BUS_ACTION_CONFIGURE "org.quptime1.configure"
#define BUS_ACTION_PEERS "org.quptime1.manage-peers"
#define BUS_ACTION_TRUST "org.quptime1.manage-trust"

/* the desktop applet: a name that the policy of BUS_NAME does not speak of */
#define APPLET_ID "org.quptime.Applet1"

#define POLKIT_NAME "org.freedesktop.PolicyKit1"
#define POLKIT_PATH "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"

/* environment */
#define ENV_DIR "QUPTIME_DIR"
#define ENV_SOCKET "QUPTIME_SOCKET"
#define ENV_COMPLETE_LINE "QUPTIME_COMPLETE_LINE" /* from the shells' completion functions */
#define ENV_COMPLETE_BREAKS "QUPTIME_COMPLETE_BREAKS"
#define ENV_CREDENTIALS "CREDENTIALS_DIRECTORY" /* systemd.exec(5) */
#define ENV_LOG_LEVEL "QUPTIME_LOG_LEVEL"

/* the system's files */
#define FILE_CA_BUNDLE "/etc/ssl/certs/ca-certificates.crt"
#define FILE_RESOLV_CONF "/etc/resolv.conf"
#define FILE_HOSTS "/etc/hosts"

/* files, below the configuration directory */
#define FILE_NODE "node.yaml"
#define FILE_CLUSTER "cluster.yaml"
#define FILE_CLUSTER_REJECTED "cluster.yaml.rejected"
#define FILE_TRUST "trust.yaml"
#define DIR_KEYS "keys"
#define FILE_PRIVATE_KEY DIR_KEYS "/private.pem"
#define FILE_PUBLIC_KEY DIR_KEYS "/public.pem"
#define FILE_CERTIFICATE DIR_KEYS "/cert.pem"
/* below the state directory */
#define FILE_REGISTER "register.db"
#define FILE_MARK "register.mark" /* in the configuration directory */

/* the node's port and wire */
#define PORT_DEFAULT 9901
#define WIRE_PROTOCOL_VERSION 1
#define JOIN_PBKDF2_SALT "quptime-join-v1"
#define JOIN_PBKDF2_ROUNDS 600000
#define JOIN_EXPORTER_LABEL "EXPORTER-quptime-join-v1"

/* socket activation */
#define FD_NAME_PEER "peer"
#define FD_NAME_CONTROL "control"

/* journal fields */
#define JOURNAL_CHECK "QUPTIME_CHECK"
#define JOURNAL_CHECK_NAME "QUPTIME_CHECK_NAME"
#define JOURNAL_FROM "QUPTIME_FROM"
#define JOURNAL_TO "QUPTIME_TO"
#define JOURNAL_NODE "QUPTIME_NODE"
#define JOURNAL_TERM "QUPTIME_TERM"
#define JOURNAL_VERSION "QUPTIME_VERSION"
#define JOURNAL_CHANGE "QUPTIME_CHANGE" /* added, changed, removed; of a peer joining and joined, too */
#define JOURNAL_OK "QUPTIME_OK"         /* votes of the round that decided */
#define JOURNAL_NOT_OK "QUPTIME_NOT_OK"
#define JOURNAL_TRANSITION "QUPTIME_TRANSITION" /* its number in the life of the check */
#define JOURNAL_ROUND "QUPTIME_ROUND"
#define JOURNAL_RESULT "QUPTIME_RESULT" /* of a probe: ok, failed, abstained */
#define JOURNAL_ALERT "QUPTIME_ALERT"
#define JOURNAL_ALERT_NAME "QUPTIME_ALERT_NAME"
#define JOURNAL_EVENT "QUPTIME_EVENT"         /* what is told: down, recovered … */
#define JOURNAL_RECIPIENT "QUPTIME_RECIPIENT" /* a mail address, or "webhook" */
#define JOURNAL_ATTEMPT "QUPTIME_ATTEMPT"
#define JOURNAL_NOTICE "QUPTIME_NOTICE"
#define JOURNAL_ADDRESS "QUPTIME_ADDRESS"
#define JOURNAL_DETAIL "QUPTIME_DETAIL"
#define JOURNAL_CALLER_UID "QUPTIME_CALLER_UID"
#define JOURNAL_CALLER_PID "QUPTIME_CALLER_PID"
#define JOURNAL_CALLER_UNIT "QUPTIME_CALLER_UNIT"
#define JOURNAL_CALLER_SESSION "QUPTIME_CALLER_SESSION"
#define JOURNAL_MEMBER "QUPTIME_MEMBER"   /* of the bus interface, as called */
#define JOURNAL_OUTCOME "QUPTIME_OUTCOME" /* done, invalid, conflict … */
