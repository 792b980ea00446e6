// The containers of a pod: launched, read from, ended.
#pragma once

#include "sandbox/task.h"

// attach.c
int container_attach(struct container *container, struct request *request, struct fault *fault);

// exec_cgroup.c
// A cgroup of its own below the container's: exec->cgroup, or -1 where that cannot be.
void exec_cgroup_make(const struct container *container, struct exec *exec);
// Removes it. What the exec left running in the background keeps it, to be removed when it is empty.
void exec_cgroup_leave(struct container *container, struct exec *exec);
void exec_cgroups_sweep(struct container *container);
void exec_cgroups_forget(struct container *container);

// container_output.c
// Opens what the container's program reads and writes: its own ends go into child->stdio.
int container_streams(struct container *container, struct request *request, const struct record *record, struct child *child,
                      struct fault *fault);
// Takes the master side of the container's terminal, also on failure.
int container_terminal(struct container *container, int master, struct fault *fault);
// Reads what is left at its end.
void container_drain(struct container *container);

// container_end.c
// `oom_kill` of memory.events; 0 where the controller is not there.
uint64_t read_oom_kills(int cgroup);
// Its first process has ended, `exit` says how. The container has when the others have ended, too.
void container_first_exited(struct container *container);
// An exec is gone that its end may have waited for.
void container_ending_step(struct container *container);

// container_request.c: whether a launch fits the sandbox.
int check_launch(const struct sandbox *sandbox, const struct request *request, const struct record *record, struct fault *fault);
// What leads to the pid namespace that the container lives in, a pidfd or the namespace itself; -1 for one of its own or the host's.
int pid_namespace_of(struct sandbox *sandbox, const struct request *request, const struct record *record, int *pidfd,
                     struct fault *fault);
// Whether new proc file systems can be told which pid namespace to show; without that whoever mounts one has to be in it. Since Linux 6.17.
bool procfs_takes_namespace(int namespace);

// container_task.c
int container_launch(struct sandbox *sandbox, struct client *client, struct request *request, struct fault *fault);
// Frees the container and what it holds; its files stay.
void container_forget(struct sandbox *sandbox, struct container *container);
