#include "spawner/spawner.h"
#include "spawner/shim_starts.h"
#include "system/fail_point.h"

#include <sys/epoll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static struct server spawner;
static int run_fd = -1;
static bool stopping;

static void handle(struct server *server, struct client *client, struct request *request)
{
    struct fault fault;
    switch (request->type) {
    case SWL_VERB_PING: {
        struct message *message = message_begin(request->type | SWL_REPLY, request->sequence);
        struct swl_shim_info info = {SWL_WIRE_VERSION, getpid(), process_start_time(getpid())};
        message_status(message, NULL);
        message_field(message, SWL_TAG_SHIM_INFO, &info, sizeof info, NULL, 0);
        server_reply(server, client->serial, message);
        return;
    }
    case SWL_VERB_SPAWN:
        if (shim_start(server, run_fd, client, request, &fault) != 0) {
            server_reply_status(server, client->serial, request, &fault);
        }
        return;
    default:
        refuse(&fault, SWL_STEP_MESSAGE, ENOTSUP, "the spawner knows no verb %u", request->type);
        server_reply_status(server, client->serial, request, &fault);
    }
}

static void signal_ready(struct watch *watch, uint32_t events)
{
    (void)events;
    struct signalfd_siginfo info;
    if (read(watch->fd, &info, sizeof info) == (ssize_t)sizeof info && info.ssi_signo != SIGCHLD) {
        stopping = true;
    }
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

// sd_notify without the library: one datagram.
static void notify_ready(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (!path || strlen(path) >= sizeof address.sun_path) {
        return;
    }
    size_t length = strlen(path);
    memcpy(address.sun_path, path, length);
    if (path[0] == '@') {
        address.sun_path[0] = 0;
    }
    OWNED int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    static const char ready[] = "READY=1";
    if (fd >= 0) {
        sendto(fd, ready, sizeof ready - 1, MSG_NOSIGNAL, (struct sockaddr *)&address,
               (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (path[0] != '@')));
    }
    unsetenv("NOTIFY_SOCKET");
}

static int write_pid_file(const char *path, struct fault *fault)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%d\n", (int)getpid());
    OWNED int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, (size_t)length) != length) {
        return fail(fault, SWL_STEP_STATE_FILE, "write %s", path);
    }
    return 0;
}

static int start(const char *run_directory, const char *pid_file, struct watch *signals, struct fault *fault)
{
    fail_points_init(run_directory);
    run_fd = open(run_directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run_fd < 0) {
        return fail(fault, SWL_STEP_STATE_FILE, "open the run directory %s", run_directory);
    }
    // The lock lives as long as this process: a second spawner would take over the first one's socket.
    int lock = openat(run_fd, "spawner.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
        return fail(fault, SWL_STEP_LOOKUP, "lock %s/spawner.lock (does another spawner run here?)", run_directory);
    }
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGTERM);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (server_open(&spawner, run_fd, "spawner.sock", fault) != 0) {
        return -1;
    }
    spawner.handle = handle;
    *signals = (struct watch){signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK), signal_ready};
    if (signals->fd < 0 || server_watch(&spawner, signals, EPOLLIN) != 0) {
        return fail(fault, SWL_STEP_SPAWN, "signalfd");
    }
    return pid_file ? write_pid_file(pid_file, fault) : 0;
}

int spawner_main(const char *run_directory, const char *pid_file)
{
    struct fault fault;
    struct watch signals;
    if (start(run_directory, pid_file, &signals, &fault) != 0) {
        fprintf(stderr, "swiftlet-shim: %s\n", fault.text);
        return 1;
    }
    notify_ready();
    while (!stopping) {
        server_turn(&spawner, shim_starts_timeout());
        shim_starts_expire(&spawner);
    }
    unlinkat(run_fd, "spawner.sock", 0);
    if (pid_file) {
        unlink(pid_file);
    }
    return 0;
}
