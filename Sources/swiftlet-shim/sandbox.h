// The process of one pod: what it holds, and how its parts meet.
#pragma once

#include "child.h"
#include "log.h"
#include "server.h"

#define WARNINGS_MAX 4

// A process between clone3 and exec: the shim's end of its report socket and who waits for the answer.
struct starting {
    struct watch watch;
    struct task *task;
    uint64_t client; // serial
    uint16_t verb;   // 0: nobody waits, it is held
    uint32_t sequence;
    bool appears; // another process will take over, see appear()
    bool waits;   // in child_await(), and nobody has told it to go on yet
    bool held;    // LAUNCH was answered: the client knows the container
    bool ready;
    int terminal; // master side that came from the child and has no owner yet, or -1
    struct fault fault;
    size_t warning_count;
    struct fault warnings[WARNINGS_MAX];
};

enum task_kind { TASK_PAUSE, TASK_CONTAINER, TASK_EXEC };

struct sandbox;

// One child process of the shim that somebody asked for.
struct task {
    enum task_kind kind;
    enum swl_state state;
    struct sandbox *sandbox;
    int pidfd;
    struct swl_process process;
    struct starting *starting; // until the exec, or its failure, is known
};

struct container {
    struct task task;
    struct container *next;
    char id[SWL_ID_MAX + 1];
    int cgroup;      // directory, or -1
    int stdin_write; // or -1
    bool stdin_open, stdin_once;
    int terminal;        // master side, or -1; `out` reads from a duplicate
    bool gives_terminal; // to the client that launches, in the reply
    bool shares_pids;    // its pid namespace is not its own
    struct watch ending; // cgroup.events, while processes that its first one left behind are being ended; else -1
    bool timed;          // has a time namespace of its own
    uint64_t oom_kills_before;
    struct swl_exit exit;
    struct log log;
    bool rotation_untold; // to some subscriber that was behind
    struct stream out, err;
    struct leftover *leftovers;
};

struct exec {
    struct task task;
    struct exec *next;
    char id[SWL_ID_MAX + 1];
    char container[SWL_ID_MAX + 1];
    int cgroup;           // made for it below the container's, or -1
    char cgroup_name[80]; // there
};

struct sandbox {
    struct server server;
    struct watch signals;
    int directory;
    int own_pid_namespace;
    struct swl_process shim;
    struct task pause;
    struct swl_exit pause_exit;
    struct swl_namespaces namespaces;
    int procfs;         // what keep_procfs() made, or -1
    int user_namespace; // the pod's, when namespaces.user is NEW; held for mounts with shifted owners and for joining
    struct id_maps ids;
    struct container *containers;
    struct exec *execs;
    size_t container_count, exec_count;
    struct reader *readers;
    size_t slow_readers; // those that have something to take
    // SHUTDOWN was asked for; whoever asked is answered at the end.
    bool stopping;
    uint64_t stop_client;
    struct request stop_request;
};

// task.c
struct task_start {
    uint64_t flags;    // CLONE_NEW* of clone3
    int pid_namespace; // pidfd whose pid namespace the child goes into, or -1
    int cgroup;
    int program; // TASK_PAUSE
};
// Clones the child. The answer to `request` is sent when its exec succeeded or failed.
int task_start(struct task *task, const struct task_start *start, struct child *child, struct client *client,
               const struct request *request, struct fault *fault);
void tasks_reap(struct sandbox *sandbox);
// Asks the kernel to end it, with everything in `cgroup` when there is one.
void task_kill(struct task *task, int cgroup);
void task_forget(struct task *task);

// starting.c
void starting_ready(struct watch *watch, uint32_t events);
// The child is dead. False when it never ran and is forgotten.
bool starting_ended(struct task *task, int status);
// `pid` is dead, but another process has taken over from it.
bool starting_moved(struct task *task, pid_t pid);
// Lets a child go on that is, or will be, in child_await().
int task_continue(struct task *task, struct fault *fault);
// START: lets a held one go on, and answers this request then.
int task_go(struct task *task, struct client *client, const struct request *request, struct fault *fault);
// Ends a child that has not exec'ed yet; whoever waits for its start is told `fault`.
void task_abort(struct task *task, const struct fault *fault);

// verbs.c
void sandbox_handle(struct server *server, struct client *client, struct request *request);
struct container *container_find(struct sandbox *sandbox, const char *id);

// container.c
int container_launch(struct sandbox *sandbox, struct client *client, struct request *request, struct fault *fault);
// Takes the master side of the container's terminal, also on failure.
int container_terminal(struct container *container, int master, struct fault *fault);
// No process of it is left.
void container_exited(struct container *container);
// Frees the container and what it holds; its files stay.
void container_forget(struct sandbox *sandbox, struct container *container);
int cgroup_for(struct request *request, const struct record *record, int *cgroup, struct fault *fault);

// ending.c
// Its first process has ended, `exit` says how. Leads to container_exited(), now or when the others have ended, too.
void container_first_exited(struct container *container);
// An exec is gone that its end may have waited for.
void container_ending_step(struct container *container);

// execs.c
int container_exec(struct sandbox *sandbox, struct client *client, struct request *request, struct fault *fault);
struct exec *exec_find(struct sandbox *sandbox, const char *container, const char *id);
void exec_forget(struct sandbox *sandbox, struct exec *exec);
void exec_kill(struct exec *exec);

// exec_cgroup.c
// A cgroup of its own below the container's: exec->cgroup, or -1 where that cannot be.
void exec_cgroup_make(const struct container *container, struct exec *exec);
// Removes it. What the exec left running in the background keeps it, to be removed when it is empty.
void exec_cgroup_leave(struct container *container, struct exec *exec);
void exec_cgroups_sweep(struct container *container);
void exec_cgroups_forget(struct container *container);

// attach.c
int container_attach(struct container *container, struct request *request, struct fault *fault);
// No more will be read for them: each gets what it has not taken yet, then its pipe is closed.
void readers_end(struct stream *stream);
// In a fork: nothing of what they have not taken yet stays.
void readers_forget(const struct sandbox *sandbox);
// Milliseconds until readers_expire() has something to do; -1 = nothing.
int readers_timeout(const struct sandbox *sandbox);
void readers_expire(struct sandbox *sandbox);
// Before this process ends: the rest goes into their pipes, made longer for it where that is allowed.
void readers_flush(struct sandbox *sandbox);

// sandbox.c
int sandbox_create(struct sandbox *sandbox, struct client *client, struct request *request, struct fault *fault);
void sandbox_stop_step(struct sandbox *sandbox);

// mappings.c
// What children of this sandbox are given: NULL without a user namespace.
const struct id_maps *sandbox_ids(const struct sandbox *sandbox);
void remember_mappings(struct sandbox *sandbox, const struct record *record);
// Writes them for the new pause, which waits for it, and opens its user namespace.
int write_mappings(struct sandbox *sandbox, struct fault *fault);

// files.c
int write_sandbox_state(struct sandbox *sandbox, struct fault *fault);
int write_container_state(struct sandbox *sandbox, const struct container *container, struct fault *fault);
int write_exit(struct sandbox *sandbox, const struct container *container, struct fault *fault);
int write_shim_pid(struct sandbox *sandbox, struct fault *fault);
void fill_sandbox_state(const struct sandbox *sandbox, struct swl_sandbox_state *state);
void fill_container_state(const struct container *container, struct swl_container_state *state);
// `oom_kill` of memory.events; 0 where the controller is not there.
uint64_t read_oom_kills(int cgroup);

// events.c
void send_started(struct sandbox *sandbox, const struct task *task);
void send_exited(struct sandbox *sandbox, const struct task *task, const struct swl_exit *exit);
void send_warning(struct sandbox *sandbox, const struct container *container, const struct fault *warning);
// Told once for all rotations since a subscriber has last read.
void send_rotated(struct sandbox *sandbox, struct container *container);
void send_untold(struct server *server);
// The network namespace of a child of this process (not reaped yet, so the pid is its own); -1 and errno.
int open_network(pid_t pid);
void reply_query(struct sandbox *sandbox, uint64_t client, const struct request *request);
