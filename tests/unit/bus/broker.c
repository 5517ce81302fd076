/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "broker.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/names.h"

static const char configuration[] =
                "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\" "
                "\"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
                "<busconfig><type>system</type><listen>%s</listen><auth>EXTERNAL</auth>"
                "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/><allow send_type=\"*\"/>"
                "<allow receive_type=\"*\"/><allow send_destination=\"*\"/></policy></busconfig>\n";

static void broker_start(Broker *b) {
        b->pid = fork();
        g_assert_cmpint(b->pid, >=, 0);
        if (b->pid == 0) {
                g_autofree char *option = g_strdup_printf("--config-file=%s", b->file);
                int null = open("/dev/null", O_RDWR);

                (void) dup2(null, 1);
                (void) dup2(null, 2);
                (void) execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", option, NULL);
                _exit(127);
        }
}

void broker_stop(Broker *b) {
        if (b->pid <= 0)
                return;
        g_assert_cmpint(kill(b->pid, SIGKILL), ==, 0);
        g_assert_cmpint(waitpid(b->pid, NULL, 0), ==, b->pid);
        b->pid = 0;
        (void) g_remove(b->socket);
}

bool broker_up(Broker *b) {
        g_autofree char *program = g_find_program_in_path("dbus-daemon"), *text = NULL;

        *b = (Broker){ .pid = 0 };
        b->folder = g_dir_make_tmp("quptime-broker-XXXXXX", NULL);
        g_assert_cmpint(chmod(b->folder, 0755), ==, 0);
        b->socket = g_build_filename(b->folder, "socket", NULL);
        b->address = g_strdup_printf("unix:path=%s", b->socket);
        b->file = g_build_filename(b->folder, "bus.conf", NULL);
        text = g_strdup_printf(configuration, b->address);
        g_assert_true(g_file_set_contents(b->file, text, -1, NULL));
        g_assert_true(g_setenv("DBUS_SYSTEM_BUS_ADDRESS", b->address, TRUE));
        if (!program)
                g_test_skip("no dbus-daemon here");
        return program != NULL;
}

void broker_down(Broker *b) {
        broker_stop(b);
        (void) g_remove(b->file);
        (void) g_rmdir(b->folder);
        g_free(b->folder);
        g_free(b->socket);
        g_free(b->address);
        g_free(b->file);
}

static bool is_listening(const Broker *b) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

        (void) g_strlcpy(address.sun_path, b->socket, sizeof(address.sun_path));
        r = connect(fd, (struct sockaddr *) &address, sizeof(address));
        (void) close(fd);
        return r == 0;
}

void broker_start_and_wait(Broker *b) {
        broker_start(b);
        for (unsigned i = 0; i < 2000 && !is_listening(b); i++)
                g_usleep(10 * 1000);
}

char *call_as(World *w,
              uid_t uid,
              bool interactive,
              const char *path,
              const char *interface,
              const char *member,
              const char *types,
              ...) {
        char answer[256] = "";
        int pipes[2], status;
        va_list arguments;
        gssize n;
        pid_t pid;

        g_assert_cmpint(pipe2(pipes, O_CLOEXEC), ==, 0);
        pid = fork();
        g_assert_cmpint(pid, >=, 0);
        if (pid == 0) {
                sd_bus_error error = SD_BUS_ERROR_NULL;
                sd_bus_message *call = NULL;
                sd_bus *client = NULL;

                if (setgid(uid) < 0 || setuid(uid) < 0 || sd_bus_open_system(&client) < 0)
                        _exit(1);
                if (sd_bus_message_new_method_call(client, &call, BUS_NAME, path, interface, member) < 0)
                        _exit(2);
                (void) sd_bus_message_set_allow_interactive_authorization(call, interactive);
                va_start(arguments, types);
                if (types && sd_bus_message_appendv(call, types, arguments) < 0)
                        _exit(3);
                va_end(arguments);
                (void) sd_bus_call(client, call, 0, &error, NULL);
                (void) !write(pipes[1], error.name ?: "", strlen(error.name ?: ""));
                _exit(0);
        }
        (void) close(pipes[1]);
        while (waitpid(pid, &status, WNOHANG) == 0)
                world_turn(w, 5 * USEC_PER_MSEC);
        g_assert_cmpint(status, ==, 0);
        n = read(pipes[0], answer, sizeof(answer) - 1);
        g_assert_cmpint(n, >=, 0);
        (void) close(pipes[0]);
        return g_strdup(answer);
}
