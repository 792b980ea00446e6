// A new process of a pod, between clone3 and exec, and what it and the shim's event loop know of each other: the parameters that it starts with and the
// reports that it sends. Nothing here returns to the event loop. Includes record and system; inside, *_steps.c use the files of single steps, in the
// order of steps.h, and each of those only what comes before it there.
#pragma once

#include "record/record.h"

enum report_kind {
    REPORT_WARNING = 1,
    REPORT_READY = 2,
    REPORT_FAULT = 3,
    REPORT_WAITING = 4,
    REPORT_TERMINAL = 5,
    REPORT_APPEARED = 6,
    REPORT_PROCFS = 7
};

// One packet on the close-on-exec report socket. READY is sent right before execve(): end of file after READY means that the
// program runs, end of file without it that the child was killed on the way. WAITING is sent by child_await(), TERMINAL carries the
// master side of a new terminal, APPEARED the pidfd of the process that takes over, see appear(), PROCFS the mount namespace that keep_procfs()
// made. The shim answers a child that waits with one byte.
struct report {
    uint32_t kind;
    int32_t pid; // APPEARED
    struct fault fault;
};

// The id mappings of the pod's user namespace. All functions take NULL for a pod without one.
struct id_maps {
    struct swl_id_mapping uids[SWL_ID_MAPPINGS_MAX], gids[SWL_ID_MAPPINGS_MAX];
    size_t uid_count, gid_count;
};

struct child {
    const struct record *record;
    int report;
    int stdio[3];
    const int *sources; // mount sources, O_PATH; of a sandbox: namespaces that were given
    size_t source_count;
    const int *namespaces; // LAUNCH: those that were given, in the order pid, cgroup, time
    size_t namespace_count;
    int hook_state;            // LAUNCH: what hooks read, or -1
    bool timed;                // EXEC: the container has a time namespace of its own
    int sandbox;               // pidfd of the pause: whose network, ipc and uts namespaces to join
    int target;                // EXEC: pidfd of the container's init
    bool appears;              // it starts outside the pid namespace that it is to be in, see appear()
    int pids;                  // LAUNCH: a pidfd in that namespace, or the namespace; counts only when it `appears`
    int procfs;                // LAUNCH: the mount namespace that keep_procfs() made, or -1
    int cgroup;                // LAUNCH: directory of the container's cgroup, or -1
    const struct id_maps *ids; // NULL: the pod has no user namespace
    int user;                  // the pod's user namespace; counts only when `ids` is set
    int program;               // SANDBOX: the open pause program
    int proc;                  // the host's /proc, see procfs_open(); child_begin() opens it
};

// Without any descriptor: each is -1.
void child_init(struct child *child, const struct record *record);

// The programs of the event loop's children, top to bottom in their steps.
_Noreturn void container_child(struct child *child);
_Noreturn void exec_child(struct child *child);
// `child->sandbox` and `->target` are not used.
_Noreturn void pause_child(struct child *child);
