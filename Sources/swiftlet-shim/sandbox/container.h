// The containers of a pod: launched, read from, ended.
#pragma once

#include "sandbox/task.h"

// attach.c
int container_attach(struct container *container, struct request *request, struct fault *fault);

// exec_cgroup.c
// Makes a cgroup for the exec below the container's and opens it as exec->cgroup; that stays -1 where this is impossible.
void exec_cgroup_make(const struct container *container, struct exec *exec);
// Removes the cgroup. When the exec left processes in the background, the cgroup stays until it is empty.
void exec_cgroup_leave(struct container *container, struct exec *exec);
void exec_cgroups_sweep(struct container *container);
void exec_cgroups_forget(struct container *container);

// container_output.c
// Opens the streams of the container's program; the program's ends go into child->stdio.
int container_streams(struct container *container, struct request *request, const struct record *record, struct child *child,
                      struct fault *fault);
// Takes ownership of the master side of the container's terminal, also on failure.
int container_terminal(struct container *container, int master, struct fault *fault);
// Reads the rest of the output at the container's end.
void container_drain(struct container *container);

// container_end.c
// Returns `oom_kill` of memory.events, or 0 without the controller.
uint64_t read_oom_kills(int cgroup);
// Called when the first process has ended, with `exit` set. The container has ended when its other processes have ended too.
void container_first_exited(struct container *container);
// Ends the container if it waited for the last of its execs.
void container_ending_step(struct container *container);

// container_request.c: checks that a launch fits the sandbox.
int check_launch(const struct sandbox *sandbox, const struct request *request, const struct record *record, struct fault *fault);
// Stores the pid namespace for the container, as a pidfd in it or as the namespace itself; -1 for a new one or the host's.
int pid_namespace_of(struct sandbox *sandbox, const struct request *request, const struct record *record, int *pidfd,
                     struct fault *fault);
// Returns whether a new proc file system can show a given pid namespace (since Linux 6.17). Without that, only a process in the
// namespace can mount one.
bool procfs_takes_namespace(int namespace);

// container_task.c
int container_launch(struct sandbox *sandbox, struct client *client, struct request *request, struct fault *fault);
// Frees the container and its resources; its files stay.
void container_forget(struct sandbox *sandbox, struct container *container);
