// The state of a sandbox process: the pause, containers, execs; and its state files and events.
#pragma once

#include "child/child.h"
#include "log/log.h"

#define WARNINGS_MAX 4

// A child between clone3 and exec: the shim's end of its report socket, and the request to answer.
struct starting {
    struct watch watch;
    struct task *task;
    uint64_t client; // serial
    uint16_t verb;   // 0: no request waits, the child is held
    uint32_t sequence;
    bool appears; // another process will take over from the child, see appear()
    bool waits;   // in child_await(), until task_continue()
    bool held;    // LAUNCH was answered: the client knows the container
    bool ready;
    int terminal; // master side from the child, not handed out yet, or -1
    struct fault fault;
    size_t warning_count;
    struct fault warnings[WARNINGS_MAX];
};

struct sandbox;
struct task_kind;

// A child process of the shim that a client requested.
struct task {
    const struct task_kind *kind; // see task.h
    enum swl_state state;
    struct sandbox *sandbox;
    int pidfd;
    struct swl_process process;
    struct starting *starting; // until the exec or its failure
};

struct container {
    struct task task;
    struct container *next;
    char id[SWL_ID_MAX + 1];
    int cgroup;      // directory, or -1
    int stdin_write; // or -1
    bool stdin_open, stdin_once;
    int terminal;        // master side, or -1; `out` reads from a duplicate
    bool gives_terminal; // in the reply, to the client that launches
    bool shares_pids;    // uses the pid namespace of the pod, another container or the host
    struct watch ending; // cgroup.events, while the processes left behind are being killed; else -1
    bool timed;          // has a time namespace of its own
    uint64_t oom_kills_before;
    struct swl_exit exit;
    struct log log;
    bool rotation_pending; // a subscriber was behind at the last rotation
    struct stream out, err;
    struct leftover *leftovers;
};

struct exec {
    struct task task;
    struct exec *next;
    char id[SWL_ID_MAX + 1];
    char container[SWL_ID_MAX + 1];
    int cgroup;                                      // below the container's, or -1
    char cgroup_name[SWL_ID_MAX + sizeof "exec--9"]; // of `cgroup`
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
    int procfs;         // the mount namespace from keep_procfs(), or -1
    int user_namespace; // the pod's, when namespaces.user is NEW; needed for mounts with shifted owners and for joining
    struct id_maps ids;
    struct container *containers;
    struct exec *execs;
    size_t container_count, exec_count;
    struct reader *readers;
    size_t slow_readers; // readers with a backlog
    // SHUTDOWN was requested; its client gets the answer at the end.
    bool stopping;
    uint64_t stop_client;
    struct request stop_request;
};

static inline struct sandbox *sandbox_of(struct server *server)
{
    return (struct sandbox *)((char *)server - offsetof(struct sandbox, server));
}

// lookup.c
struct container *container_find(struct sandbox *sandbox, const char *id);
// Finds the container that a request names.
int container_named(struct sandbox *sandbox, const struct request *request, struct container **container, struct fault *fault);
struct exec *exec_find(struct sandbox *sandbox, const char *container, const char *id);

// given_namespaces.c
// Checks the namespaces that came with a sandbox's record, and the record's sysctls. `names` become the record's namespaces, with
// HOST for a given network or ipc namespace that is the host's.
int check_given(const struct request *request, const struct record *record, struct swl_namespaces *names, struct fault *fault);
// Refuses sysctls of the host. `sandbox` are the `names` of check_given().
int check_sysctls_of(const struct swl_namespaces *sandbox, const struct record *record, struct fault *fault);

// id_mappings.c
// Returns the mappings for children of this sandbox, NULL without a user namespace.
const struct id_maps *sandbox_ids(const struct sandbox *sandbox);
void remember_mappings(struct sandbox *sandbox, const struct record *record);
// Writes the mappings for the new pause, which waits for them, and opens its user namespace.
int write_mappings(struct sandbox *sandbox, struct fault *fault);

// state_files.c
int write_sandbox_state(struct sandbox *sandbox, struct fault *fault);
int write_container_state(struct sandbox *sandbox, const struct container *container, struct fault *fault);
int write_exit(struct sandbox *sandbox, const struct container *container, struct fault *fault);
int write_shim_pid(struct sandbox *sandbox, struct fault *fault);
void fill_sandbox_state(const struct sandbox *sandbox, struct swl_sandbox_state *state);
void fill_container_state(const struct container *container, struct swl_container_state *state);

// events.c
void send_started(struct sandbox *sandbox, const struct container *container);
// `event` is one of SWL_EVENT_*; an id that the event does not carry is NULL.
void send_exited(struct sandbox *sandbox, uint16_t event, const char *container, const char *exec, const struct swl_exit *exit);
void send_warning(struct sandbox *sandbox, const char *container, const struct fault *warning);
// One event stands for all rotations since a subscriber last read.
void send_rotated(struct sandbox *sandbox, struct container *container);
void send_pending(struct server *server);
