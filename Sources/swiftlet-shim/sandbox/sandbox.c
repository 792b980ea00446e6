// The process of one pod: one thread around one epoll. The spawner forks it, and it lives as long as the pod.
#include "sandbox/sandbox.h"
#include "sandbox/verbs.h"
#include "system/fail_point.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

// A pod without an event for this long counts as quiet.
#define SETTLE_MS 1000

static struct sandbox sandbox;

static void signals_ready(struct watch *watch, uint32_t events)
{
    (void)watch;
    (void)events;
    tasks_reap(&sandbox);
}

// Sets limits, session, descriptors, umask and directory, so that none of the spawner's is passed on.
static int take_over(const char *id, int directory, int ready, const struct swl_shim_limits *limits, struct fault *fault)
{
    const int kept[] = {directory, ready};
    char text[SWL_ID_MAX + 32];
    if (close_other_fds(kept, 2) != 0) {
        return fail(fault, SWL_STEP_CLOSE_FDS, "close_range");
    }
    OWNED int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 || chdir("/") != 0) {
        return fail(fault, SWL_STEP_STDIO, "open /dev/null");
    }
    setsid();
    umask((mode_t)limits->umask & 0777);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        // Raising the hard limit needs CAP_SYS_RESOURCE; without it the old hard limit bounds the value.
        struct rlimit wanted = {limits->nofile, limits->nofile > files.rlim_max ? limits->nofile : files.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &wanted) != 0) {
            wanted = (struct rlimit){limits->nofile < files.rlim_max ? limits->nofile : files.rlim_max, files.rlim_max};
            setrlimit(RLIMIT_NOFILE, &wanted);
        }
    }
    // Only the soft limit is set: containers inherit both. By default it equals the hard limit: the node decides whether crashes
    // leave a core.
    struct rlimit core;
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = limits->core < core.rlim_max ? limits->core : core.rlim_max;
        setrlimit(RLIMIT_CORE, &core);
    }
    snprintf(text, sizeof text, "%d", limits->oom_score_adj);
    write_file_at(AT_FDCWD, "/proc/self/oom_score_adj", text);
    snprintf(text, sizeof text, "swiftlet-shim sandbox %s", id);
    title_set(text);
    prctl(PR_SET_NAME, "swiftlet-shim", 0, 0, 0);
    // Orphans of containers without their own pid namespace become children of this process, which reaps them.
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) {
        return fail(fault, SWL_STEP_SPAWN, "become a subreaper");
    }
    return 0;
}

static int open_sandbox(struct sandbox *self, int directory, struct fault *fault)
{
    // Locked for life. Not shim.pid itself: a rename replaces that file.
    int lock = openat(directory, "shim.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
        errno = errno == EWOULDBLOCK ? EEXIST : errno;
        return fail(fault, SWL_STEP_LOOKUP, "lock the sandbox (does another shim of it run?)");
    }
    self->directory = directory;
    self->user_namespace = self->procfs = -1;
    self->pause = (struct task){.kind = &pause_kind, .sandbox = self, .pidfd = -1};
    self->shim = (struct swl_process){.pid = getpid(), .start_time = process_start_time(getpid()), .started_at = realtime_ns()};
    self->own_pid_namespace = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (self->own_pid_namespace < 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "open the shim's pid namespace");
    }
    // Stray signals do not end a pod; SHUTDOWN does.
    static const int ignored[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE, SIGTERM,
                                  SIGUSR1, SIGUSR2, SIGALRM, SIGXFSZ}; // a log beyond the limit is an error of write()
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) {
        signal(ignored[i], SIG_IGN);
    }
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    self->server.handle = sandbox_handle;
    self->server.caught_up = send_pending;
    if (server_open(&self->server, directory, "shim.sock", fault) != 0) {
        return -1;
    }
    self->signals = (struct watch){signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK), signals_ready};
    if (self->signals.fd < 0 || server_watch(&self->server, &self->signals, EPOLLIN) != 0) {
        return fail(fault, SWL_STEP_SPAWN, "signalfd");
    }
    return write_shim_pid(self, fault) != 0 || write_sandbox_state(self, fault) != 0 ? -1 : 0;
}

static int announce(int ready, const struct fault *fault)
{
    struct shim_announcement first = {.fault = *fault, .pid = getpid()};
    OWNED int pidfd = pidfd_open(getpid(), 0);
    return send_packet(ready, &first, sizeof first, fault->error ? -1 : pidfd) == (ssize_t)sizeof first ? 0 : -1;
}

_Noreturn void sandbox_main(const char *id, int directory, int ready, const struct swl_shim_limits *limits)
{
    struct fault fault = {0};
    bool good = take_over(id, directory, ready, limits, &fault) == 0 && open_sandbox(&sandbox, directory, &fault) == 0;
    // A spawner that does not listen any more has answered its client with a failure.
    if (announce(ready, &fault) != 0 || !good) {
        _exit(1);
    }
    close(ready);
    fail_point("shim.listening");
    for (bool settled = false;;) {
        int timeout = readers_timeout(&sandbox);
        bool settles = timeout < 0 && !settled;
        if (server_turn(&sandbox.server, settles ? SETTLE_MS : timeout)) {
            settled = false;
        } else if (settles) {
            streams_settle();
            memory_settle();
            settled = true; // no further wake-up until the next event
        }
        readers_expire(&sandbox);
        shut_down_step(&sandbox);
    }
}
