// The process of one pod: what it holds, and how its parts meet.
#pragma once

#include "child.h"
#include "log.h"
#include "server.h"

#define WARNINGS_MAX 4

// A process between clone3 and exec: the read end of its report pipe and who waits for the answer.
struct starting {
    struct watch watch;
    struct task *task;
    uint64_t client; // serial
    uint16_t verb;
    uint32_t sequence;
    bool ready;
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
    bool stdin_once;
    bool host_pid;
    uint64_t oom_kills_before;
    struct swl_exit exit;
    struct log log;
    struct stream out, err;
};

struct exec {
    struct task task;
    struct exec *next;
    char id[SWL_ID_MAX + 1];
    char container[SWL_ID_MAX + 1];
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
    struct container *containers;
    struct exec *execs;
    size_t container_count, exec_count;
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

// verbs.c
void sandbox_handle(struct server *server, struct client *client, struct request *request);
struct container *container_find(struct sandbox *sandbox, const char *id);

// container.c
int container_launch(struct sandbox *sandbox, struct client *client, struct request *request, struct fault *fault);
int container_exec(struct sandbox *sandbox, struct client *client, struct request *request, struct fault *fault);
void container_started(struct container *container);
void container_exited(struct container *container);
// Frees the container and what it holds; its files stay.
void container_forget(struct sandbox *sandbox, struct container *container);
void exec_forget(struct sandbox *sandbox, struct exec *exec);
int cgroup_for(struct request *request, const struct record *record, int *cgroup, struct fault *fault);

// sandbox.c
int sandbox_create(struct sandbox *sandbox, struct client *client, struct request *request, struct fault *fault);
void sandbox_stop_step(struct sandbox *sandbox);

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
void send_container_event(struct sandbox *sandbox, uint16_t type, const struct container *container, const struct fault *warning);
// The network namespace of a child of this process (not reaped yet, so the pid is its own); -1 and errno.
int open_network(pid_t pid);
void reply_query(struct sandbox *sandbox, uint64_t client, const struct request *request);
