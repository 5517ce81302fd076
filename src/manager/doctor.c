/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "manager/doctor.h"

#include <arpa/inet.h>
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/names.h"
#include "config/text.h"
#include "manager/internal.h"
#include "manager/messages.h"
#include "manager/node.h"
#include "manager/replica.h"
#include "probes/resolver.h"
#include "transport/transport.h"
#include "wire/codec.h"

typedef enum Grade { GRADE_OK, GRADE_WARN, GRADE_FAIL } Grade;

#define SKEW_WARN_USEC (2 * USEC_PER_SEC)
#define DESCRIPTORS_SPARE 256 /* besides one for each check and a few for each peer */
#define DISK_WARN_BYTES (256 * 1024 * 1024)
#define DISK_FAIL_BYTES (16 * 1024 * 1024)
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* A peer that is being asked for its time. */
typedef struct Asked {
        Doctor *doctor; /* NULL: nobody waits for it any more */
        char *node_id;
        usec_t sent_usec; /* CLOCK_BOOTTIME */
        bool answered;
        int error;
        usec_t round_trip;
        int64_t skew; /* theirs minus ours, in microseconds */
        bool has_skew;
} Asked;

struct Doctor {
        Manager *manager;
        GPtrArray *waiting;  /* of Call */
        GPtrArray *findings; /* of Finding: the last ones, or those that come in now */
        usec_t done_usec;    /* when they were complete; 0: they are not */
        GPtrArray *asked;    /* of Asked */
        Resolver *resolver;
        Resolve *resolve;
        char *name; /* that is looked up */
        char *resolve_detail;
        ResolveResult resolve_result;
        sd_event_source *deadline;
};

/* ---- findings ---- */

static const Field finding_fields[] = {
        FIELD(Finding, name, FIELD_STRING),
        FIELD(Finding, verdict, FIELD_STRING),
        FIELD(Finding, detail, FIELD_STRING),
        FIELD(Finding, remedy, FIELD_STRING),
};
const ObjectType finding_type = OBJECT_TYPE(Finding, "finding", finding_fields);

static void found(Doctor *doctor, const char *name, Grade grade, const char *remedy, const char *format, ...)
                G_GNUC_PRINTF(5, 6);
/* remedy: NULL where there is nothing to do */
static void
found(Doctor *doctor, const char *name, Grade grade, const char *remedy, const char *format, ...) {
        static const char *const verdicts[] = { "ok", "warn", "fail" };
        Finding *finding = finding_new();
        va_list ap;

        finding->name = g_strdup(name);
        finding->verdict = g_strdup(verdicts[grade]);
        finding->remedy = g_strdup(remedy ?: "");
        va_start(ap, format);
        finding->detail = g_strdup_vprintf(format, ap);
        va_end(ap);
        g_ptr_array_add(doctor->findings, finding);
}

/* ---- what is known at once ---- */

/* In a unit with ProtectClock= the question itself is refused; the client asks timedate1 then. */
static void look_at_clock(Doctor *doctor) {
        struct timex now = { .modes = 0 };
        int r = adjtimex(&now);

        if (r < 0)
                return;
        if (r == TIME_ERROR || now.status & STA_UNSYNC)
                found(doctor,
                      "clock",
                      GRADE_WARN,
                      "keep it right with a time service: timedatectl set-ntp true",
                      "the system's clock is not synchronised: times in messages may be wrong");
        else
                found(doctor, "clock", GRADE_OK, NULL, "the system's clock is synchronised");
}

static bool has_check_of_kind(Manager *m, CheckKind kind) {
        size_t n;
        Record *const *records = value_slice(m->value, RECORD_CHECK, &n);

        for (size_t i = 0; i < n; i++)
                if (((const Check *) records[i]->object)->type == kind)
                        return true;
        return false;
}

static int try_socket(int family, int type, int protocol) {
        int fd = socket(family, type | SOCK_CLOEXEC, protocol);

        if (fd < 0)
                return -errno;
        (void) close(fd);
        return 0;
}

static int try_ping(int family) {
        int protocol = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
        int r = try_socket(family, SOCK_DGRAM, protocol);

        return r == -EACCES || r == -EPERM ? try_socket(family, SOCK_RAW, protocol) : r;
}

static void look_at_icmp(Doctor *doctor) {
        int r = try_ping(AF_INET), r6 = try_ping(AF_INET6);
        bool needed = has_check_of_kind(doctor->manager, CHECK_ICMP);

        if (r < 0)
                found(doctor,
                      "icmp",
                      needed ? GRADE_FAIL : GRADE_WARN,
                      "sysctl -w net.ipv4.ping_group_range=\"0 2147483647\", and the same line in "
                      "/etc/sysctl.d/",
                      "echo requests are not allowed (%s): this node abstains from icmp checks",
                      g_strerror(-r));
        else
                found(doctor,
                      "icmp",
                      GRADE_OK,
                      NULL,
                      "echo requests are allowed%s",
                      r6 < 0 ? " (IPv4 alone)" : "");
}

/* Whether there is a way to an address: of a datagram socket, connect() sends nothing. */
static int try_route(int family, const char *address) {
        struct sockaddr_in in4 = { .sin_family = AF_INET, .sin_port = htons(9) };
        struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(9) };
        int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

        if (fd < 0)
                return -errno;
        if (family == AF_INET) {
                (void) inet_pton(AF_INET, address, &in4.sin_addr);
                r = connect(fd, (const struct sockaddr *) &in4, sizeof in4) < 0 ? -errno : 0;
        } else {
                (void) inet_pton(AF_INET6, address, &in6.sin6_addr);
                r = connect(fd, (const struct sockaddr *) &in6, sizeof in6) < 0 ? -errno : 0;
        }
        (void) close(fd);
        return r;
}

/* Documentation addresses (RFC 5737, RFC 3849) are as far away as any. A host without IPv6 is no rarity. */
static void look_at_networks(Doctor *doctor) {
        int r4 = try_route(AF_INET, "192.0.2.1"), r6 = try_route(AF_INET6, "2001:db8::1");

        if (r4 >= 0)
                found(doctor, "ipv4", GRADE_OK, NULL, "there is a default route");
        else
                found(doctor,
                      "ipv4",
                      GRADE_WARN,
                      "look at the routes: ip -4 route",
                      "no default route (%s): this node abstains from targets with IPv4 addresses elsewhere",
                      g_strerror(-r4));
        if (r6 >= 0)
                found(doctor, "ipv6", GRADE_OK, NULL, "there is a default route");
        else
                found(doctor,
                      "ipv6",
                      GRADE_OK,
                      NULL,
                      "no default route (%s): this node abstains from targets that have IPv6 addresses "
                      "alone",
                      g_strerror(-r6));
}

static unsigned count_descriptors(void) {
        DIR *folder = opendir("/proc/self/fd");
        unsigned n = 0;

        while (folder && readdir(folder))
                n++;
        if (folder)
                (void) closedir(folder);
        return n > 3 ? n - 3 : 0; /* ".", "..", and that of the folder */
}

static void look_at_limits(Doctor *doctor) {
        size_t n_checks, n_peers;
        struct rlimit limit = { 0 };
        uint64_t wanted;

        (void) value_slice(doctor->manager->value, RECORD_CHECK, &n_checks);
        (void) value_slice(doctor->manager->value, RECORD_PEER, &n_peers);
        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        wanted = n_checks + 4 * n_peers + DESCRIPTORS_SPARE;
        found(doctor,
              "files",
              limit.rlim_cur < wanted ? GRADE_WARN : GRADE_OK,
              limit.rlim_cur < wanted ? "raise LimitNOFILE= of quptime.service, or ulimit -n" : NULL,
              "%u of at most %" G_GUINT64_FORMAT " descriptors are open; up to %" G_GUINT64_FORMAT
              " may be needed",
              count_descriptors(),
              (uint64_t) limit.rlim_cur,
              wanted);
}

static void look_at_disk(Doctor *doctor) {
        Manager *m = doctor->manager;
        const char *place = m->node->paths->state_dir;
        struct statvfs st;
        uint64_t left;

        if (m->replica && register_disk_failed(replica_register(m->replica))) {
                found(doctor,
                      "disk",
                      GRADE_FAIL,
                      "make room or put the disk right, then systemctl restart quptime",
                      "the register cannot be written in %s: this node neither votes nor leads",
                      place);
                return;
        }
        if (statvfs(place, &st) < 0)
                return; /* before init there may be none */
        left = (uint64_t) st.f_bavail * st.f_frsize;
        found(doctor,
              "disk",
              left < DISK_FAIL_BYTES   ? GRADE_FAIL
              : left < DISK_WARN_BYTES ? GRADE_WARN
                                       : GRADE_OK,
              left < DISK_WARN_BYTES ? "make room: a node whose disk is full neither votes nor leads" : NULL,
              "%" G_GUINT64_FORMAT " MiB are free in %s",
              left / (1024 * 1024),
              place);
}

static void look_at_journal(Doctor *doctor) {
        if (access(JOURNAL_SOCKET, W_OK) >= 0)
                found(doctor, "journal", GRADE_OK, NULL, "events go to the journal");
        else
                found(doctor,
                      "journal",
                      GRADE_WARN,
                      "run it as a service of systemd, or keep what it prints",
                      "there is no journal: events go to standard error alone");
}

static void look_at_watchdog(Doctor *doctor) {
        usec_t every = loop_watched(doctor->manager->loop);
        g_autofree char *text = every > 0 ? usec_to_duration(every) : NULL;

        if (every > 0)
                found(doctor, "watchdog", GRADE_OK, NULL, "systemd hears of this process every %s", text);
        else if (g_getenv("NOTIFY_SOCKET"))
                found(doctor,
                      "watchdog",
                      GRADE_WARN,
                      "set WatchdogSec=20s in quptime.service",
                      "systemd would not notice if this process hung");
        else
                found(doctor, "watchdog", GRADE_OK, NULL, "not started by systemd, so there is none");
}

static void look_at_rejected_edit(Doctor *doctor) {
        g_autofree char *path = paths_config(doctor->manager->node->paths, FILE_CLUSTER_REJECTED);
        g_autofree char *remedy = g_strdup_printf("quctl config diff %s, then apply or delete it", path);

        if (access(path, F_OK) >= 0)
                found(doctor,
                      "edit",
                      GRADE_WARN,
                      remedy,
                      "an edit of " FILE_CLUSTER " was not taken and is kept");
}

static void look_at_cluster(Doctor *doctor) {
        ManagerStatus status;

        manager_status(doctor->manager, &status);
        if (!status.initialized) {
                found(doctor, "cluster", GRADE_WARN, "quctl init", "this node has no identity yet");
                return;
        }
        if (!status.quorum)
                found(doctor,
                      "cluster",
                      GRADE_FAIL,
                      status.live < status.need ? "start the other nodes, and see the peers below"
                                                : "a master is elected within seconds: ask again",
                      "%s: live nodes: %u of %u, %u are needed",
                      status.live < status.need ? "no quorum" : "no master",
                      status.live,
                      status.n_voters,
                      status.need);
        else
                found(doctor,
                      "cluster",
                      *status.hint ? GRADE_WARN : GRADE_OK,
                      *status.hint ? "quctl status shows it, too" : NULL,
                      "%s%slive nodes: %u of %u, and there is a master",
                      status.hint,
                      *status.hint ? "; " : "",
                      status.live,
                      status.n_voters);
}

static void look_around(Doctor *doctor) {
        look_at_cluster(doctor);
        look_at_clock(doctor);
        look_at_icmp(doctor);
        look_at_networks(doctor);
        look_at_limits(doctor);
        look_at_disk(doctor);
        look_at_journal(doctor);
        look_at_watchdog(doctor);
        look_at_rejected_edit(doctor);
}

/* ---- the end ---- */

static void tell_peer(Doctor *doctor, const Asked *asked) {
        const Peer *peer = value_peer(doctor->manager->value, asked->node_id);
        const char *address = peer ? peer->advertise : "";
        g_autofree char *name = g_strdup_printf("peer %.8s", asked->node_id), *remedy = NULL;
        const usec_t election = register_election_timeout(replica_register(doctor->manager->replica));
        double round_trip = (double) asked->round_trip / USEC_PER_MSEC;

        if (!asked->answered || asked->error == -ENOTCONN) {
                remedy =
                                g_strdup_printf("is quptimed running there, and may it be reached at %s, "
                                                "from here and back?",
                                                address);
                found(doctor, name, GRADE_FAIL, remedy, "%s does not answer", address);
        } else if (asked->round_trip * 10 > election)
                found(doctor,
                      name,
                      GRADE_WARN,
                      "set election_timeout to at least ten times that (quctl edit)",
                      "%s takes %.1f ms to answer: too long for an election_timeout of %.1f s",
                      address,
                      round_trip,
                      (double) election / USEC_PER_SEC);
        else if (asked->has_skew && ABS(asked->skew) > (int64_t) SKEW_WARN_USEC)
                found(doctor,
                      name,
                      GRADE_WARN,
                      "one of the two clocks is wrong: timedatectl set-ntp true there, or here",
                      "%s answers in %.1f ms; its clock is %.1f s %s ours",
                      address,
                      round_trip,
                      (double) ABS(asked->skew) / USEC_PER_SEC,
                      asked->skew > 0 ? "ahead of" : "behind");
        else
                found(doctor, name, GRADE_OK, NULL, "%s answers in %.1f ms", address, round_trip);
}

static void tell_resolver(Doctor *doctor) {
        bool unable = doctor->resolve || doctor->resolve_result == RESOLVE_UNABLE;

        if (!doctor->name)
                found(doctor, "resolver", GRADE_OK, NULL, "nothing that is configured needs one");
        else if (unable)
                found(doctor,
                      "resolver",
                      GRADE_FAIL,
                      "look at /etc/resolv.conf, and whether its servers answer: resolvectl status",
                      "nobody answers for %s%s%s: names cannot be looked up",
                      doctor->name,
                      doctor->resolve_detail ? ": " : "",
                      doctor->resolve_detail ?: "");
        else
                found(doctor,
                      "resolver",
                      GRADE_OK,
                      NULL,
                      doctor->resolve_result == RESOLVE_FOUND ? "answers (asked for %s)"
                                                              : "answers, though %s was not found",
                      doctor->name);
}

static void let_go(Doctor *doctor) {
        for (unsigned i = 0; i < doctor->asked->len; i++) {
                Asked *asked = g_ptr_array_index(doctor->asked, i);

                asked->doctor = NULL; /* the answer frees it, if it is still to come */
                if (asked->answered) {
                        g_free(asked->node_id);
                        g_free(asked);
                }
        }
        g_ptr_array_set_size(doctor->asked, 0);
        doctor->resolve = resolve_cancel(doctor->resolve);
        doctor->resolver = resolver_free(doctor->resolver);
        g_clear_pointer(&doctor->name, g_free);
        g_clear_pointer(&doctor->resolve_detail, g_free);
}

static void finish(Doctor *doctor) {
        g_autoptr(GPtrArray) waiting = doctor->waiting;

        tell_resolver(doctor);
        for (unsigned i = 0; doctor->manager->replica && i < doctor->asked->len; i++)
                tell_peer(doctor, g_ptr_array_index(doctor->asked, i));
        let_go(doctor);
        doctor->done_usec = now_boottime();
        doctor->waiting = g_ptr_array_new();
        for (unsigned i = 0; i < waiting->len; i++)
                call_answer(g_ptr_array_index(waiting, i),
                            &(ManagerAnswer){ .outcome = CHANGE_DONE, .findings = doctor->findings });
}

static int on_deadline(sd_event_source *source, uint64_t usec, void *userdata) {
        finish(userdata);
        return 0;
}

static bool is_complete(const Doctor *doctor) {
        for (unsigned i = 0; i < doctor->asked->len; i++)
                if (!((const Asked *) g_ptr_array_index(doctor->asked, i))->answered)
                        return false;
        return !doctor->resolve;
}

/* Not from within the call-backs of what is freed then. */
static void finish_soon(Doctor *doctor) {
        if (is_complete(doctor))
                (void) timer_arm(
                                doctor->manager->event,
                                &doctor->deadline,
                                now_boottime(),
                                TIMER_EXACT,
                                on_deadline,
                                doctor);
}

/* ---- peers ---- */

void doctor_clock_call(TransportCall *call) {
        g_autofree char *result =
                        codec_encode_text(&clock_result_type, &(ClockResult){ .realtime = now_realtime() });

        transport_call_reply(call, result);
}

static void on_clock(void *userdata, int error, const char *result, const char *text) {
        _cleanup_(clock_result_freep) ClockResult *decoded = NULL;
        Asked *asked = userdata;
        usec_t now = now_boottime();

        if (!asked->doctor) {
                g_free(asked->node_id);
                g_free(asked);
                return;
        }
        /* one that does not know the question is there all the same */
        asked->error = error == -EREMOTE ? 0 : error;
        asked->answered = true;
        asked->round_trip = usec_sub(now, asked->sent_usec);
        if (error >= 0 &&
            codec_decode(&clock_result_type, result, strlen(result), (void **) &decoded, NULL) >= 0) {
                asked->has_skew = true;
                asked->skew = (int64_t) decoded->realtime -
                              (int64_t) usec_sub(now_realtime(), asked->round_trip / 2);
        }
        if (asked->error < 0)
                asked->error = -ENOTCONN;
        finish_soon(asked->doctor);
}

static void ask_peer(Doctor *doctor, const char *node_id) {
        Asked *asked = g_new0(Asked, 1);

        asked->doctor = doctor;
        asked->node_id = g_strdup(node_id);
        asked->sent_usec = now_boottime();
        g_ptr_array_add(doctor->asked, asked);
        asked->error =
                        transport_call(doctor->manager->transport,
                                       node_id,
                                       METHOD_CLOCK,
                                       "{}",
                                       /* urgent= */ true,
                                       now_boottime() + DIAGNOSIS_USEC,
                                       on_clock,
                                       asked);
        if (asked->error < 0) {
                asked->error = -ENOTCONN;
                asked->answered = true;
        }
}

static void ask_peers(Doctor *doctor) {
        Manager *m = doctor->manager;
        g_autoptr(GPtrArray) peers = value_in_order(m->value, RECORD_PEER);

        for (unsigned i = 0; m->replica && i < peers->len; i++) {
                const Peer *peer = g_ptr_array_index(peers, i);

                if (strcmp(peer->node_id, manager_node_id(m)) != 0)
                        ask_peer(doctor, peer->node_id);
        }
}

/* ---- the resolver ---- */

static char *host_of_check(const Check *check) {
        const char *target = check->target ?: "", *problem;
        char *host = NULL;
        bool tls;

        if (check->type == CHECK_HTTP)
                (void) text_split_url(target, &tls, &host, &problem);
        else if (check->type == CHECK_TCP)
                (void) address_split(target, &host, NULL);
        else
                host = g_strdup(target);
        return host;
}

static char *host_of_record(const Record *record) {
        char *host = NULL;

        if (record->kind == RECORD_CHECK)
                return host_of_check(record->object);
        if (record->kind == RECORD_ALERT)
                return g_strdup(((const Alert *) record->object)->smtp_host);
        (void) address_split(((const Peer *) record->object)->advertise ?: "", &host, NULL);
        return host;
}

/* A name that this node looks up anyway; NULL: there are addresses alone. */
static char *find_name(Manager *m) {
        static const RecordKind kinds[] = { RECORD_PEER, RECORD_CHECK, RECORD_ALERT };

        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
                size_t n;
                Record *const *records = value_slice(m->value, kinds[i], &n);

                for (size_t j = 0; j < n; j++) {
                        g_autofree char *host = host_of_record(records[j]);

                        if (host && *host && !g_hostname_is_ip_address(host) &&
                            strcmp(host, "localhost") != 0)
                                return g_steal_pointer(&host);
                }
        }
        return NULL;
}

static void on_resolved(void *userdata, const ResolveAnswer *answer) {
        Doctor *doctor = userdata;

        doctor->resolve = NULL; /* freed after this call */
        doctor->resolve_result = answer->result;
        doctor->resolve_detail = answer->detail && *answer->detail ? g_strdup(answer->detail) : NULL;
        finish_soon(doctor);
}

static void ask_resolver(Doctor *doctor) {
        doctor->resolve_result = RESOLVE_UNABLE;
        doctor->name = find_name(doctor->manager);
        if (!doctor->name || resolver_new(doctor->manager->event, NULL, &doctor->resolver) < 0)
                return;
        if (resolve_start(doctor->resolver,
                          doctor->name,
                          /* recent_usec= */ 0,
                          on_resolved,
                          doctor,
                          &doctor->resolve) < 0)
                doctor->resolve = NULL;
}

/* ---- asking, and lifecycle ---- */

void doctor_diagnose(Doctor *doctor, Call *call) {
        assert(doctor);

        if (doctor->done_usec > 0 && now_boottime() < doctor->done_usec + DIAGNOSIS_KEPT_USEC) {
                call_answer(call, &(ManagerAnswer){ .outcome = CHANGE_DONE, .findings = doctor->findings });
                return;
        }
        g_ptr_array_add(doctor->waiting, call);
        if (doctor->waiting->len > 1)
                return; /* one is under way */

        doctor->done_usec = 0;
        g_ptr_array_unref(doctor->findings);
        doctor->findings = g_ptr_array_new_with_free_func(finding_free_item);
        look_around(doctor);
        ask_resolver(doctor);
        ask_peers(doctor);
        (void) timer_arm(
                        doctor->manager->event,
                        &doctor->deadline,
                        now_boottime() + (is_complete(doctor) ? 0 : DIAGNOSIS_USEC),
                        TIMER_EXACT,
                        on_deadline,
                        doctor);
}

Doctor *doctor_new(Manager *manager) {
        Doctor *doctor = g_new0(Doctor, 1);

        assert(manager);

        doctor->manager = manager;
        doctor->waiting = g_ptr_array_new();
        doctor->findings = g_ptr_array_new_with_free_func(finding_free_item);
        doctor->asked = g_ptr_array_new();
        return doctor;
}

Doctor *doctor_free(Doctor *doctor) {
        if (!doctor)
                return NULL;

        for (unsigned i = 0; i < doctor->waiting->len; i++)
                call_fail(g_ptr_array_index(doctor->waiting, i), CHANGE_REFUSED, "the daemon is ending");
        let_go(doctor);
        sd_event_source_disable_unref(doctor->deadline);
        g_ptr_array_unref(doctor->waiting);
        g_ptr_array_unref(doctor->findings);
        g_ptr_array_unref(doctor->asked);
        g_free(doctor);
        return NULL;
}
