// The spawner: one process per node that starts sandbox processes with a clean context and knows nothing about them afterwards.
#include "fail_point.h"
#include "server.h"

#include <sys/epoll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

// A shim that has not said yet whether it listens, and who waits for it.
struct start {
    struct watch watch; // channel to the shim
    struct start *next;
    uint64_t client; // serial
    uint16_t verb;
    uint32_t sequence;
    int64_t deadline; // CLOCK_MONOTONIC, ns
};

#define STARTS_MAX 256
#define START_SECONDS 5

static struct server spawner;
static int run_fd = -1;
static bool stopping;
// In the order of their deadlines.
static struct start *starts;
static struct start **starts_end = &starts;
static size_t start_count;

static void reply_start(const struct start *start, const struct fault *fault, int pidfd)
{
    struct message *message = message_begin(start->verb | SWL_REPLY, start->sequence);
    message_status(message, fault->error ? fault : NULL);
    if (!fault->error) {
        struct swl_process process = {.started_at = realtime_ns()};
        memcpy(&process.pid, fault->text, sizeof process.pid); // sandbox_main() puts its pid there
        process.start_time = process_start_time(process.pid);
        message_field(message, SWL_TAG_PROCESS, &process, sizeof process, NULL, 0);
        message_fd(message, SWL_FD_PIDFD, pidfd);
    }
    server_reply(&spawner, start->client, message);
}

// A shim that cannot tell anybody any more that it listens ends itself.
static void start_forget(struct start *start)
{
    for (struct start **link = &starts; *link; link = &(*link)->next) {
        if (*link == start) {
            *link = start->next;
            if (starts_end == &start->next) {
                starts_end = link;
            }
            break;
        }
    }
    server_unwatch(&spawner, &start->watch);
    start_count--;
    free(start);
}

// The first message of a new shim: its fault, or step 0, its pid and a pidfd.
static void start_ready(struct watch *watch, uint32_t events)
{
    (void)events;
    struct start *start = (struct start *)watch;
    struct fault fault = {0};
    OWNED int pidfd = -1;
    if (receive_packet(watch->fd, &fault, sizeof fault, &pidfd) != (ssize_t)sizeof fault) {
        refuse(&fault, SWL_STEP_SPAWN, ECHILD, "the new shim ended before it listened");
    }
    reply_start(start, &fault, pidfd);
    start_forget(start);
}

// Milliseconds until the next deadline; -1 = there is none.
static int starts_timeout(void)
{
    if (!starts) {
        return -1;
    }
    int64_t left = starts->deadline - monotonic_ns();
    return left <= 0 ? 0 : (int)(left / 1000000 + 1);
}

static void starts_expire(void)
{
    while (starts && starts->deadline <= monotonic_ns()) {
        struct fault fault;
        refuse(&fault, SWL_STEP_SPAWN, ETIMEDOUT, "the new shim did not listen within %d s", START_SECONDS);
        reply_start(starts, &fault, -1);
        start_forget(starts);
    }
}

// Between the two forks: a new session, and the shim proper in its cgroup, so that the shim's parent is init.
static _Noreturn void fork_shim(const struct request *request, int directory, int channel)
{
    reset_signals();
    setsid();
    pid_t shim = sys_clone(0, request->cgroup, NULL);
    if (shim == 0) {
        sandbox_main(request->sandbox, directory, channel, &request->limits);
    }
    if (shim < 0) {
        struct fault fault;
        fail(&fault, request->cgroup >= 0 ? SWL_STEP_CGROUP : SWL_STEP_CLONE, "start a shim");
        send(channel, &fault, sizeof fault, MSG_NOSIGNAL);
    }
    _exit(0);
}

// Does not wait for the shim: others can be started meanwhile, and a shim on a slow disk or in a frozen cgroup holds up nobody.
static int spawn(const struct client *client, const struct request *request, struct fault *fault)
{
    if (!request->sandbox[0]) {
        return refuse(fault, SWL_STEP_MESSAGE, EINVAL, "spawn names no sandbox");
    }
    if (start_count >= STARTS_MAX) {
        return refuse(fault, SWL_STEP_LIMIT, EAGAIN, "%d shims are being started and do not listen yet", STARTS_MAX);
    }
    char path[16 + SWL_ID_MAX];
    snprintf(path, sizeof path, "sandboxes/%s", request->sandbox);
    OWNED int directory = sys_openat2(run_fd, path, O_RDONLY | O_DIRECTORY, 0, RESOLVE_PLAIN_BENEATH);
    if (directory < 0) {
        return fail(fault, SWL_STEP_SPAWN, "open %s in the run directory", path);
    }
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return fail(fault, SWL_STEP_SPAWN, "socketpair");
    }
    OWNED int mine = pair[0];
    OWNED int theirs = pair[1];
    struct start *start = calloc(1, sizeof *start);
    if (!start) {
        return fail(fault, SWL_STEP_LIMIT, "memory for one more shim");
    }
    *start = (struct start){.watch = {mine, start_ready},
                            .client = client->serial,
                            .verb = request->type,
                            .sequence = request->sequence,
                            .deadline = monotonic_ns() + START_SECONDS * 1000000000LL};
    if (server_watch(&spawner, &start->watch, EPOLLIN) != 0) {
        free(start);
        return fail(fault, SWL_STEP_SPAWN, "epoll_ctl");
    }
    pid_t middle = sys_clone(0, -1, NULL);
    if (middle == 0) {
        fork_shim(request, directory, theirs);
    }
    if (middle < 0) {
        fail(fault, SWL_STEP_CLONE, "fork");
        // Closes the descriptor, which takes it out of the epoll as well.
        free(start);
        return -1;
    }
    fail_point("spawner.forked");
    take(&mine);
    *starts_end = start;
    starts_end = &start->next;
    start_count++;
    return 0;
}

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
        if (spawn(client, request, &fault) != 0) {
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
    // The lock lives as long as this process: a second spawner would take the first one's socket away.
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
        server_turn(&spawner, starts_timeout());
        starts_expire();
    }
    unlinkat(run_fd, "spawner.sock", 0);
    if (pid_file) {
        unlink(pid_file);
    }
    return 0;
}
