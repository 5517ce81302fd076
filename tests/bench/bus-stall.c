/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How long one call on the bus keeps a daemon's loop from everybody else. While the call is under way a
 * second connection pings the daemon without a pause; the CPU time that the loop spent during the dearest
 * ping is what the call did to others, whatever else this machine is busy with.
 *
 * bus-stall SOCKET PID ROUNDS reads calls from its input, a line each: NAME PATH INTERFACE MEMBER [SIGNATURE
 * WORD…]; a "%" at a word's end becomes the number of the round, an "e" in SIGNATURE is an a{sv} of all
 * words that follow: key, text (yes: a boolean)
 *
 * Prints for each call its NAME and the medians of the rounds, in microseconds: CPU time of the loop's
 * thread during the dearest ping, and in all, the longest ping, time to the answer. PID is the daemon's.
 *
 * bus-stall SOCKET PID watch only pings; for each line of its input it prints the first three of these since
 * the line before, in another order: dearest ping, longest ping, CPU time in all. */

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <time.h>

#include "base/names.h"
#include "base/usec.h"

#define PATIENCE_USEC (60 * USEC_PER_SEC)
#define ROUNDS_MAX 1000
#define WATCH_PAUSE_NSEC 2000000 /* the pings themselves shall not keep it busy */
#define WORDS_MAX 32

static const char *socket_path;
static int daemon_pid;
static atomic_uint_fast64_t longest, dearest; /* of the pings since they were set to 0 */
static atomic_uint_fast64_t n_pings;
static atomic_bool ending;
static long pause_nsec; /* between two pings */

static usec_t now_usec(void) {
        struct timespec t;

        (void) clock_gettime(CLOCK_MONOTONIC, &t);
        return (usec_t) t.tv_sec * USEC_PER_SEC + (usec_t) t.tv_nsec / 1000;
}

/* CPU time of a process' first thread, which is the daemon's loop */
static usec_t used_usec(void) {
        unsigned long long ns = 0;
        char path[64];
        FILE *f;

        (void) snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", daemon_pid, daemon_pid);
        f = fopen(path, "re");
        if (!f)
                return 0;
        if (fscanf(f, "%llu", &ns) != 1)
                ns = 0;
        (void) fclose(f);
        return ns / 1000;
}

static int dial(sd_bus **ret) {
        sd_bus *bus = NULL;
        char address[512];
        int r;

        (void) snprintf(address, sizeof(address), "unix:path=%s", socket_path);
        r = sd_bus_new(&bus);
        if (r >= 0)
                r = sd_bus_set_address(bus, address);
        if (r >= 0)
                r = sd_bus_set_bus_client(bus, 1);
        if (r >= 0)
                r = sd_bus_start(bus);
        while (r >= 0 && (r = sd_bus_is_ready(bus)) == 0) {
                r = sd_bus_process(bus, NULL);
                if (r == 0)
                        r = sd_bus_wait(bus, UINT64_MAX);
        }
        if (r < 0) {
                sd_bus_unref(bus);
                return r;
        }
        *ret = bus;
        return 0;
}

/* what a call makes the daemon announce is read and dropped */
static void drop_signals(sd_bus *bus) {
        while (sd_bus_process(bus, NULL) > 0)
                ;
}

/* ---- the other client ---- */

static void *ping(void *userdata) {
        sd_bus *bus = NULL;

        if (dial(&bus) < 0)
                abort();
        while (!atomic_load(&ending)) {
                usec_t begin = now_usec(), used = used_usec(), took;

                if (sd_bus_call_method(
                                    bus,
                                    BUS_NAME,
                                    BUS_PATH,
                                    "org.freedesktop.DBus.Peer",
                                    "Ping",
                                    NULL,
                                    NULL,
                                    NULL) < 0)
                        abort();
                took = now_usec() - begin;
                used = used_usec() - used;
                if (used > atomic_load(&dearest))
                        atomic_store(&dearest, used);
                if (took > atomic_load(&longest))
                        atomic_store(&longest, took);
                atomic_fetch_add(&n_pings, 1);
                drop_signals(bus);
                if (pause_nsec > 0)
                        (void) nanosleep(&(struct timespec){ .tv_nsec = pause_nsec }, NULL);
        }
        sd_bus_flush_close_unref(bus);
        return NULL;
}

/* until two pings have begun and ended: the first may have begun before what is measured */
static void wait_for_pings(void) {
        uint64_t n = atomic_load(&n_pings);

        while (atomic_load(&n_pings) < n + 2)
                (void) nanosleep(&(struct timespec){ .tv_nsec = 50000 }, NULL);
}

/* ---- the call ---- */

static int append_dictionary(sd_bus_message *m, char **words) {
        int r = sd_bus_message_open_container(m, 'a', "{sv}");

        for (; r >= 0 && words[0] && words[1]; words += 2)
                if (strcmp(words[1], "yes") == 0)
                        r = sd_bus_message_append(m, "{sv}", words[0], "b", 1);
                else
                        r = sd_bus_message_append(m, "{sv}", words[0], "s", words[1]);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static int append(sd_bus_message *m, const char *signature, char **words) {
        int r = 0;

        for (; r >= 0 && *signature; signature++, words += *words ? 1 : 0)
                if (*signature == 'e')
                        return append_dictionary(m, words);
                else if (!*words)
                        return -EINVAL;
                else if (*signature == 'u')
                        r = sd_bus_message_append(m, "u", (uint32_t) strtoul(*words, NULL, 10));
                else
                        r = sd_bus_message_append(m, "s", *words);
        return r;
}

typedef struct Round {
        usec_t dearest, used, longest, took;
} Round;

static int play(sd_bus *bus, char **words, Round *ret) {
        sd_bus_error error = SD_BUS_ERROR_NULL;
        sd_bus_message *m = NULL, *reply = NULL;
        usec_t begin, used;
        int r;

        r = sd_bus_message_new_method_call(bus, &m, BUS_NAME, words[1], words[2], words[3]);
        if (r >= 0 && words[4])
                r = append(m, words[4], words + 5);
        if (r < 0)
                return r;

        wait_for_pings();
        atomic_store(&longest, 0);
        atomic_store(&dearest, 0);
        used = used_usec();
        begin = now_usec();
        r = sd_bus_call(bus, m, PATIENCE_USEC, &error, &reply);
        ret->took = now_usec() - begin;
        wait_for_pings(); /* and what it left to do */
        ret->used = used_usec() - used;
        ret->dearest = atomic_load(&dearest);
        ret->longest = atomic_load(&longest);
        if (r < 0)
                fprintf(stderr, "%s: %s\n", words[0], error.message ?: strerror(-r));
        sd_bus_error_free(&error);
        sd_bus_message_unref(reply);
        sd_bus_message_unref(m);
        drop_signals(bus);
        return r;
}

static int by_value(const void *a, const void *b) {
        const usec_t *x = a, *y = b;

        return (*x > *y) - (*x < *y);
}

static char *with_number(char *word, unsigned i, char *buffer, size_t size) {
        size_t length = strlen(word);

        if (word[length - 1] != '%')
                return word;
        (void) snprintf(buffer, size, "%.*s%u", (int) length - 1, word, i);
        return buffer;
}

static int measure(sd_bus *bus, unsigned rounds, char **words) {
        usec_t dear[ROUNDS_MAX], used[ROUNDS_MAX], pings[ROUNDS_MAX], took[ROUNDS_MAX];

        for (unsigned i = 0; i < rounds; i++) {
                char *now[WORDS_MAX] = { NULL }, numbered[WORDS_MAX][128];
                Round round;
                int r;

                for (unsigned w = 0; words[w]; w++)
                        now[w] = with_number(words[w], i, numbered[w], sizeof(numbered[w]));
                r = play(bus, now, &round);
                if (r < 0)
                        return r;
                dear[i] = round.dearest;
                pings[i] = round.longest;
                used[i] = round.used;
                took[i] = round.took;
        }
        qsort(dear, rounds, sizeof(*dear), by_value);
        qsort(pings, rounds, sizeof(*pings), by_value);
        qsort(used, rounds, sizeof(*used), by_value);
        qsort(took, rounds, sizeof(*took), by_value);
        printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
               words[0],
               dear[rounds / 2],
               used[rounds / 2],
               pings[rounds / 2],
               took[rounds / 2]);
        return 0;
}

static int measure_all(sd_bus *bus, unsigned rounds) {
        char line[1024];
        int r = 0;

        while (r >= 0 && fgets(line, sizeof(line), stdin)) {
                char *words[WORDS_MAX] = { NULL }, *rest = line;
                unsigned n = 0;

                for (char *word; n < WORDS_MAX - 1 && (word = strtok_r(rest, " \n", &rest));)
                        words[n++] = word;
                if (n >= 4)
                        r = measure(bus, rounds, words);
        }
        return r;
}

/* the first line begins the measuring */
static int watch(void) {
        char line[1024];
        usec_t used = used_usec();

        while (fgets(line, sizeof(line), stdin)) {
                wait_for_pings();
                printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                       (uint64_t) atomic_exchange(&dearest, 0),
                       (uint64_t) atomic_exchange(&longest, 0),
                       used_usec() - used);
                used = used_usec();
        }
        return 0;
}

int main(int argc, char **argv) {
        sd_bus *bus = NULL;
        unsigned rounds = 0;
        pthread_t thread;
        int r;

        if (argc != 4)
                return 2;
        (void) setvbuf(stdout, NULL, _IOLBF, 0);
        socket_path = argv[1];
        daemon_pid = atoi(argv[2]);
        if (strcmp(argv[3], "watch") != 0) {
                rounds = (unsigned) strtoul(argv[3], NULL, 10);
                if (rounds == 0 || rounds > ROUNDS_MAX)
                        return 2;
        } else
                pause_nsec = WATCH_PAUSE_NSEC;
        r = dial(&bus);
        if (r >= 0)
                r = -pthread_create(&thread, NULL, ping, NULL);
        if (r >= 0) {
                r = rounds > 0 ? measure_all(bus, rounds) : watch();
                atomic_store(&ending, true);
                (void) pthread_join(thread, NULL);
        }
        if (r < 0)
                fprintf(stderr, "bus-stall: %s\n", strerror(-r));
        sd_bus_flush_close_unref(bus);
        return r < 0;
}
