// A new process of a pod, between clone3 and exec, and the border to the shim's event loop: the child's parameters and its
// reports. Nothing here returns to the event loop. Includes record and system. Inside, *_steps.c use the files of single steps,
// which steps.h lists in order; each file uses only files before it.
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
// program runs, end of file without READY that the child was killed on the way. child_await() sends WAITING. TERMINAL carries the
// master side of a new terminal, APPEARED the pidfd of the process that takes over (see appear()), PROCFS the mount namespace
// that keep_procfs() made. The shim continues a waiting child by one byte.
struct report {
    uint32_t kind;
    int32_t pid; // APPEARED
    struct fault fault;
};

// The id mappings of the pod's user namespace. All functions accept NULL for a pod without one.
struct id_maps {
    struct swl_id_mapping uids[SWL_ID_MAPPINGS_MAX], gids[SWL_ID_MAPPINGS_MAX];
    size_t uid_count, gid_count;
};

struct child {
    const struct record *record;
    int report;
    int stdio[3];
    const int *sources; // mount sources, O_PATH; of a sandbox: given namespaces
    size_t source_count;
    const int *namespaces; // LAUNCH: given namespaces, in the order pid, cgroup, time
    size_t namespace_count;
    int hook_state;            // LAUNCH: the file that hooks read, or -1
    bool timed;                // EXEC: the container has a time namespace of its own
    int sandbox;               // pidfd of the pause, whose network, ipc and uts namespaces are joined
    int target;                // EXEC: pidfd of the container's init
    bool appears;              // starts outside its pid namespace, see appear()
    int pids;                  // LAUNCH: a pidfd in that namespace, or the namespace; used only with `appears`
    int procfs;                // LAUNCH: the mount namespace from keep_procfs(), or -1
    int cgroup;                // LAUNCH: directory of the container's cgroup, or -1
    const struct id_maps *ids; // NULL: the pod has no user namespace
    int user;                  // the pod's user namespace; used only with `ids`
    int program;               // SANDBOX: the open pause program
    int proc;                  // the host's /proc, opened by child_begin(), see procfs_open()
};

// Sets every descriptor to -1.
void child_init(struct child *child, const struct record *record);

// The steps of each kind of child, from top to bottom.
_Noreturn void container_child(struct child *child);
_Noreturn void exec_child(struct child *child);
// Does not use `child->sandbox` and `->target`.
_Noreturn void pause_child(struct child *child);
