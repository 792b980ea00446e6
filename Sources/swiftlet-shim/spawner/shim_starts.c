#include "spawner/shim_starts.h"
#include "sandbox/sandbox.h"
#include "system/fail_point.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

// A shim that has not announced itself yet, and the client that waits for it.
struct start {
    struct watch watch; // channel to the shim
    struct server *spawner;
    struct start *next;
    uint64_t client; // serial
    uint16_t verb;
    uint32_t sequence;
    int64_t deadline; // CLOCK_MONOTONIC, ns
};

#define STARTS_MAX 256
#define START_SECONDS 5

// Sorted by deadline.
static struct start *starts;
static struct start **starts_end = &starts;
static size_t start_count;

static void reply_start(struct server *spawner, const struct start *start, const struct shim_announcement *shim, int pidfd)
{
    const struct fault *fault = &shim->fault;
    struct message *message = message_begin(start->verb | SWL_REPLY, start->sequence);
    message_status(message, fault->error ? fault : NULL);
    if (!fault->error) {
        struct swl_process process = {.pid = shim->pid, .start_time = process_start_time(shim->pid), .started_at = realtime_ns()};
        message_field(message, SWL_TAG_PROCESS, &process, sizeof process, NULL, 0);
        message_fd(message, SWL_FD_PIDFD, pidfd);
    }
    server_reply(spawner, start->client, message);
}

// A shim that finds its channel closed ends itself.
static void start_forget(struct server *spawner, struct start *start)
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
    server_unwatch(spawner, &start->watch);
    start_count--;
    free(start);
}

static void start_ready(struct watch *watch, uint32_t events)
{
    (void)events;
    struct start *start = (struct start *)watch;
    struct server *spawner = start->spawner;
    struct shim_announcement shim = {0};
    OWNED int pidfd = -1;
    if (receive_packet(watch->fd, &shim, sizeof shim, &pidfd) != (ssize_t)sizeof shim) {
        refuse(&shim.fault, SWL_STEP_SPAWN, ECHILD, "the new shim ended before it listened");
    }
    reply_start(spawner, start, &shim, pidfd);
    start_forget(spawner, start);
}

int shim_starts_timeout(void)
{
    if (!starts) {
        return -1;
    }
    int64_t left = starts->deadline - monotonic_ns();
    return left <= 0 ? 0 : (int)(left / NS_PER_MS + 1);
}

void shim_starts_expire(struct server *spawner)
{
    while (starts && starts->deadline <= monotonic_ns()) {
        struct shim_announcement none = {0};
        refuse(&none.fault, SWL_STEP_SPAWN, ETIMEDOUT, "the new shim did not listen within %d s", START_SECONDS);
        reply_start(spawner, starts, &none, -1);
        start_forget(spawner, starts);
    }
}

// Runs between the two forks: starts a new session and then the shim in its cgroup, so that the shim's parent is init.
static _Noreturn void fork_shim(const struct request *request, int directory, int channel)
{
    reset_signals();
    setsid();
    pid_t shim = sys_clone(0, request->cgroup, NULL);
    if (shim == 0) {
        sandbox_main(request->sandbox, directory, channel, &request->limits);
    }
    if (shim < 0) {
        struct shim_announcement none = {0};
        fail(&none.fault, request->cgroup >= 0 ? SWL_STEP_CGROUP : SWL_STEP_CLONE, "start a shim");
        send_packet(channel, &none, sizeof none, -1);
    }
    _exit(0);
}

int shim_start(struct server *spawner, int run_directory, const struct client *client, const struct request *request,
               struct fault *fault)
{
    if (!request->sandbox[0]) {
        return refuse(fault, SWL_STEP_MESSAGE, EINVAL, "the request names no sandbox");
    }
    if (start_count >= STARTS_MAX) {
        return refuse(fault, SWL_STEP_LIMIT, EAGAIN, "%d shims are being started and do not listen yet", STARTS_MAX);
    }
    char path[16 + SWL_ID_MAX];
    snprintf(path, sizeof path, "sandboxes/%s", request->sandbox);
    OWNED int directory = sys_openat2(run_directory, path, O_RDONLY | O_DIRECTORY, 0, RESOLVE_PLAIN_BENEATH);
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
        return fail(fault, SWL_STEP_LIMIT, "allocate the start of a shim");
    }
    *start = (struct start){.watch = {mine, start_ready},
                            .spawner = spawner,
                            .client = client->serial,
                            .verb = request->type,
                            .sequence = request->sequence,
                            .deadline = monotonic_ns() + START_SECONDS * NS_PER_S};
    if (server_watch(spawner, &start->watch, EPOLLIN) != 0) {
        free(start);
        return fail(fault, SWL_STEP_SPAWN, "epoll_ctl");
    }
    pid_t middle = sys_clone(0, -1, NULL);
    if (middle == 0) {
        fork_shim(request, directory, theirs);
    }
    if (middle < 0) {
        fail(fault, SWL_STEP_CLONE, "fork");
        // Closing the descriptor takes it out of the epoll as well.
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
