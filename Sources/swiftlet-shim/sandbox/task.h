// Children of the shim, of every kind: cloned, followed to their exec, reaped.
#pragma once

#include "sandbox/readers.h"

// The differences between kinds of tasks: pause_kind, container_kind, exec_kind.
struct task_kind {
    // Runs in the new process.
    void (*run)(struct child *child) __attribute__((noreturn));
    // Whether a child in child_await() counts as held: its request is answered, and it waits for START.
    bool is_held;
    // Whether the reply carries its network namespace.
    bool shows_network;
    // The name of the fail point of its start.
    const char *started_point;
    // Writes the state file from which a later agent finds the task.
    int (*save)(struct task *task, struct fault *fault);
    // Takes the descriptor of a report of this kind if it belongs to this process.
    int (*receive)(struct task *task, enum report_kind report, int *descriptor, struct fault *fault);
    // Called when the program runs and the client has its answer.
    void (*started)(struct task *task);
    // Called when its first process has ended.
    void (*ended)(struct task *task, const struct swl_exit *exit);
    // Asks the kernel to end all processes of the task.
    void (*kill)(struct task *task);
    // Frees its resources.
    void (*forget)(struct task *task);
};

// task.c
struct task_clone {
    uint64_t flags;    // CLONE_NEW* of clone3
    int pid_namespace; // a pidfd in the pid namespace for the child, or -1
    int cgroup;
};
// Clones the child and stores its pidfd in the task. Returns its pid, or -1.
pid_t task_clone(struct task *task, const struct task_clone *clone, struct child *child, struct fault *fault);
// Asks the kernel to end the child, or every process in `cgroup` when there is one.
void task_kill(struct task *task, int cgroup);
// Continues a child that is, or will be, in child_await().
int task_continue(struct task *task, struct fault *fault);
// Ends a child before its exec; the request that waits for its start fails with `fault`.
void task_abort(struct task *task, const struct fault *fault);
// Returns the cgroup from the request or from the record's path; -1 when there is none.
int task_cgroup(struct request *request, const struct record *record, int *cgroup, struct fault *fault);
// Opens the network namespace of a child of this process (not reaped yet, so the pid is its own). Returns -1 and errno on
// failure.
int open_network(pid_t pid);

// task_reports.c
// Reads all reports that have arrived. Returns true at the end: the child runs its program, or is dead.
bool starting_read_reports(struct task *task);
// Returns whether another process has taken over from `pid`, which is dead.
bool starting_moved(struct task *task, pid_t pid);
void starting_warn(struct starting *starting, const struct fault *fault);

// task_start.c
// Clones the child. `request` is answered when the exec succeeds or fails.
int task_start(struct task *task, const struct task_clone *clone, struct child *child, struct client *client,
               const struct request *request, struct fault *fault);
// Handles the child's death. Returns false when it never ran and has been forgotten.
bool starting_ended(struct task *task, int status);
// START: continues a held child; `request` is answered after its exec.
int task_resume(struct task *task, struct client *client, const struct request *request, struct fault *fault);

// task_end.c
void tasks_reap(struct sandbox *sandbox);
