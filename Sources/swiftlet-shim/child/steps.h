// The steps of a child, internal to this folder. Each file uses only files before it here.
#pragma once

#include "child/child.h"

#include <sys/stat.h>

// report.c
void child_report(const struct child *child, uint32_t kind, const struct fault *fault, int descriptor);
void child_warn(const struct child *child, const struct fault *fault);
_Noreturn void child_fail(const struct child *child, const struct fault *fault);
// Sends WAITING and sleeps until the shim's task_continue(), which may have come already. Does not return when the shim is gone.
void child_await(const struct child *child);
// Sleeps as child_await() does, without a report.
void child_wait(const struct child *child);
// Sends READY. Does not return when the shim is gone.
void child_ready(const struct child *child);

// procfs.c: files of /proc decide about privileges, so none is looked up in a container's root.
// Returns a verified O_PATH descriptor of the host's /proc. Works while this process is in the host's root.
int procfs_open(struct fault *fault);
// Writes `value` to the plain file `path` of that mount: never through a link out of it or into a mount over it. Returns -1 and
// errno on failure.
int procfs_write(int proc, const char *path, const char *value);

// user_namespace.c
// Return the host's id for the container's id; UINT32_MAX for an id that is not mapped.
uint32_t host_uid(const struct id_maps *ids, uint32_t uid);
uint32_t host_gid(const struct id_maps *ids, uint32_t gid);
// New files belong to the container's root from here on; all privileges of the host's root remain. Does nothing without `ids`.
int own_as_mapped_root(const struct child *child, struct fault *fault);
// Gives up every privilege over the host: enters the pod's user namespace and becomes root in it. Does nothing without `ids`.
int enter_user_namespace(const struct child *child, struct fault *fault);
int become_namespace_root(struct fault *fault);

// paths.c: resolves everything inside `root`, symbolic links included; none leads out of it.
enum target_kind { TARGET_EXISTING, TARGET_FILE, TARGET_DIRECTORY };
// Returns an O_PATH descriptor; makes a missing path for TARGET_FILE and TARGET_DIRECTORY. Returns -1 and errno on failure.
int open_in_root(int root, const char *path, enum target_kind kind, uint32_t mode);

// detached_mounts.c
// Translates SWL_ATTR_* to MOUNT_ATTR_*.
uint64_t attributes_of(uint32_t flags);
// Returns a new file system instance as a detached mount. uid= and gid= among the options are ids of the container.
int mount_new(const char *type, const char *options, uint64_t attributes, const struct id_maps *ids);
// `pids` is the pid namespace that a proc file system shows; -1 means the caller's.
int mount_with(const char *type, const char *options, uint64_t attributes, const struct id_maps *ids, int pids);
// Shifts the owners of a detached mount by the pod's mappings; `below` is 0 or AT_RECURSIVE.
int shift_owners(int tree, unsigned below, int user, const char *what, struct fault *fault);
int attach(int tree, int target);
// Attaches a mount over the root, for pivot_into().
int attach_root(int tree);

// overlay.c
// Returns whether device nodes of the image and the writable layer cannot be opened. CAP_MKNOD, a default capability, makes such
// nodes, and the device filter decides which of them can be opened. Without a cgroup there is no filter, so none can. Neither
// holds for privileged containers.
bool root_is_nodev(const struct child *child);
// The two ways to pass many lower directories; tests call each.
int overlay_by_fsconfig(const struct record *record, bool nodev);
int overlay_by_mount(const struct record *record, bool nodev, int *mount_fd);
int mount_overlay(const struct child *child, int place, struct fault *fault);

// rootfs.c: attaches the root mount at record->root_path in this mount namespace. Returns its descriptor or -1.
int mount_rootfs(const struct child *child, struct fault *fault);
// Mounts the image's volumes. Before mount_all(): mounts over a volume hide it.
int mount_volumes(const struct record *record, int root, struct fault *fault);
int pivot_into(int root, struct fault *fault);

// mount_sources.c
// Makes detached copies of the sources. This process must still be in the sources' mount namespace.
int clone_sources(const struct child *child, int *trees, struct fault *fault);

// mounts.c
int mount_all(const struct child *child, int root, int *trees, struct fault *fault);

// devices.c
// Returns the mount on /dev, or NULL.
const struct swl_mount *mount_at_dev(const struct record *record);
int make_devices(const struct child *child, int root, struct fault *fault);

// device_filter.c
int limit_devices(const struct child *child, struct fault *fault);

// null.c: standard streams that are the null device. They never use the host's own node: root of a container could change its
// mode, owner and times through /proc/self/fd.
bool is_null_device(const struct stat *status);
// Before the container is entered: opens the streams again through a read-only mount of the host's node. Writing to a device
// still works.
int shield_null(const struct child *child, struct fault *fault);
// In the container's root: opens the streams again on the container's own node, if it has a true one, so that programs find the
// expected name.
int adopt_null(const struct child *child, struct fault *fault);

// protect.c
int mask_paths(const struct record *record, int root, struct fault *fault);
// Makes tmpfs mounts read-only after they have been filled.
int protect_mounts(const struct record *record, int root, struct fault *fault);
int protect_paths(const struct record *record, int root, struct fault *fault);
int protect_root(const struct record *record, int root, struct fault *fault);

// namespaces.c
int join_sandbox(const struct child *child, struct fault *fault);
// Makes or joins the mount, cgroup and time namespaces.
int make_namespaces(const struct child *child, struct fault *fault);

// pod_procfs.c
// Makes the proc file system of the pod's pid namespace while the pause is alone there, as the root of a mount namespace that it
// hands to the shim. No process lives in that mount namespace, so no program reaches it; this process goes on in a copy.
int keep_procfs(const struct child *child, struct fault *fault);

// sysctl.c: writes the values into the caller's namespaces.
int write_sysctls(const struct child *child, struct fault *fault);

// hooks.c: runs the hooks of this moment, one after the other.
int run_hooks(const struct child *child, enum swl_hook_moment moment, struct fault *fault);

// terminal.c: makes a terminal of the container's own devpts stdin, stdout and stderr; its master side goes to the shim.
int open_terminal(const struct child *child, struct fault *fault);

// scheduling.c: needs CAP_SYS_NICE.
int set_scheduling(const struct child *child, struct fault *fault);

// identity.c
int drop_bounding_set(const struct swl_capabilities *capabilities, struct fault *fault);
int change_user(const struct record *record, struct fault *fault);
// Takes effect at the next exec.
int set_apparmor_profile(const struct child *child, struct fault *fault);
int set_capabilities(const struct swl_capabilities *capabilities, struct fault *fault);
int install_seccomp(const struct record *record, struct fault *fault);
// Drops all privileges that the program will not have, except those that a later install_seccomp() needs.
int lower_privileges(const struct record *record, bool filtered, struct fault *fault);

// appear.c: enters a pid namespace in which programs of the pod run already. With CAP_SYS_PTRACE such a program can take
// everything from a process that it sees: root directory, descriptors, capabilities. So a process outside the namespace prepares
// everything. It clones a process into the namespace that has no more than the program will have, and that process does the rest.
// Returns in the new process. Not needed by a child that was cloned into its namespace.
int appear(const struct child *child, struct fault *fault);
// The clone is a child of the shim, like the process itself.
#define APPEAR_FLAGS (CLONE_PARENT | CLONE_PIDFD)

// seccomp_filter.c: returns whether install_seccomp() can come before lower_privileges() and appear(): there is a filter, and it
// allows all later system calls.
bool filter_lets_start(const struct record *record);

// program.c: fills `path` (PATH_MAX bytes) with the path for execve().
int find_program(const struct record *record, char *path, struct fault *fault);
int exec_failed(const char *name, int error, struct fault *fault);

// first_steps.c
int child_begin(struct child *child, const int *kept, size_t count, struct fault *fault);
int set_oom_score_adj(const struct child *child, struct fault *fault);
int set_rlimits(const struct child *child, struct fault *fault);
int give_stdio(const struct child *child, struct fault *fault);
// After the mounts: makes a keyring and, if the record asks for it, a terminal.
int child_session(const struct child *child, struct fault *fault);
// Starts a session with the terminal on stdin as the controlling one. Called by the process that becomes the program.
int lead_session(const struct record *record, struct fault *fault);
// The child dies with the shim from here on. After the last change of user, which would undo it, and before seccomp, which may
// forbid it. A program that changes its user later undoes it as well: when the shim is gone, the agent kills the container's
// cgroup too.
int child_die_with_shim(struct fault *fault);

// last_steps.c
_Noreturn void child_become_program(const struct child *child);
