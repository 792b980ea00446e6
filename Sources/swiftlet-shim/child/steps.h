// The steps of a child, for the files of this folder. Each file uses only what comes before it here.
#pragma once

#include "child/child.h"

#include <sys/stat.h>

// report.c
void child_report(const struct child *child, uint32_t kind, const struct fault *fault, int descriptor);
void child_warn(const struct child *child, const struct fault *fault);
_Noreturn void child_fail(const struct child *child, const struct fault *fault);
// Says WAITING and sleeps until the shim's task_continue(), which may have come already. Does not return when the shim is gone.
void child_await(const struct child *child);
// The same without saying so.
void child_wait(const struct child *child);
// Says READY. Does not return when the shim is gone.
void child_ready(const struct child *child);

// procfs.c: files of /proc decide about privileges, so none is ever looked up in a container's root.
// An O_PATH descriptor of the host's /proc, for as long as this process is in the host's root; verified to be one.
int procfs_open(struct fault *fault);
// Writes `value` to the plain file `path` of that very mount: no link out of it, nothing that is mounted over it. -1 and errno.
int procfs_write(int proc, const char *path, const char *value);

// user_namespace.c
// What the host knows the container's id as; UINT32_MAX when it is not mapped.
uint32_t host_uid(const struct id_maps *ids, uint32_t uid);
uint32_t host_gid(const struct id_maps *ids, uint32_t gid);
// Files made from here on belong to the container's root, while all privileges of the host's root remain. Nothing to do without `ids`.
int own_as_mapped_root(const struct child *child, struct fault *fault);
// Gives up every privilege over the host: the pod's user namespace, and in it root. Nothing to do without `ids`.
int enter_user_namespace(const struct child *child, struct fault *fault);
int become_namespace_root(struct fault *fault);

// paths.c: all resolution happens inside `root`, symbolic links included; none leads out of it.
enum target_kind { TARGET_EXISTING, TARGET_FILE, TARGET_DIRECTORY };
// An O_PATH descriptor; a missing path is made for TARGET_FILE and TARGET_DIRECTORY. -1 and errno otherwise.
int open_in_root(int root, const char *path, enum target_kind kind, uint32_t mode);

// detached_mounts.c
// MOUNT_ATTR_* for SWL_ATTR_*.
uint64_t attributes_of(uint32_t flags);
// A new file system instance as a detached mount. uid= and gid= among the options are the container's ids.
int mount_new(const char *type, const char *options, uint64_t attributes, const struct id_maps *ids);
// `pids` is the pid namespace that a proc file system is to show, -1 for the own one.
int mount_with(const char *type, const char *options, uint64_t attributes, const struct id_maps *ids, int pids);
// Shifts the owners of a detached mount by the pod's mappings; `below` is 0 or AT_RECURSIVE.
int shift_owners(int tree, unsigned below, int user, const char *what, struct fault *fault);
int attach(int tree, int target);
// Over the root, for pivot_into().
int attach_root(int tree);

// overlay.c
// Device nodes of the image and of the writable layer, where CAP_MKNOD, one of the default capabilities, makes them: the device filter says
// which of them can be opened. Without a cgroup there is no filter, and none of them can. Privileged containers are spared both.
bool root_is_nodev(const struct child *child);
// Both ways to say many lower directories; tests call them separately.
int overlay_by_fsconfig(const struct record *record, bool nodev);
int overlay_by_mount(const struct record *record, bool nodev, int *mount_fd);
int mount_overlay(const struct child *child, int place, struct fault *fault);

// rootfs.c: the root mount, attached at record->root_path in this mount namespace. Returns its descriptor or -1.
int mount_rootfs(const struct child *child, struct fault *fault);
// The image's. Before mount_all(): what is mounted over them hides them.
int mount_volumes(const struct record *record, int root, struct fault *fault);
int pivot_into(int root, struct fault *fault);

// mount_sources.c
// Detached copies of the sources, made while this process is still in the mount namespace that they belong to.
int clone_sources(const struct child *child, int *trees, struct fault *fault);

// mounts.c
int mount_all(const struct child *child, int root, int *trees, struct fault *fault);

// devices.c
// What is mounted there, or NULL.
const struct swl_mount *mount_at_dev(const struct record *record);
int make_devices(const struct child *child, int root, struct fault *fault);

// device_filter.c
int limit_devices(const struct child *child, struct fault *fault);

// null.c: standard streams that are the null device. Never by the host's own node: what root of a container does to its mode, owner or times by
// way of /proc/self/fd would be done to the host's.
bool is_null_device(const struct stat *status);
// Before the container is entered: through a read-only mount of the node. Writing to a device is no writing to its file system.
int shield_null(const struct child *child, struct fault *fault);
// In the container's root: its own node, so that the name is what a program expects, where there is a true one.
int adopt_null(const struct child *child, struct fault *fault);

// protect.c
int mask_paths(const struct record *record, int root, struct fault *fault);
// Every tmpfs that is to be read-only, now that all is in it.
int protect_mounts(const struct record *record, int root, struct fault *fault);
int protect_paths(const struct record *record, int root, struct fault *fault);
int protect_root(const struct record *record, int root, struct fault *fault);

// namespaces.c
int join_sandbox(const struct child *child, struct fault *fault);
// Mount, cgroup and time namespaces: new or given ones.
int make_namespaces(const struct child *child, struct fault *fault);

// pod_procfs.c
// Makes the proc file system of the pod's pid namespace while the pause is alone there, and hands the mount namespace of which it is the root
// to the shim. No process lives in that one, so that no program gets to it; this process goes on in a copy.
int keep_procfs(const struct child *child, struct fault *fault);

// sysctl.c: the values land in the namespaces of the caller.
int write_sysctls(const struct child *child, struct fault *fault);

// hooks.c: those of this moment, one after the other.
int run_hooks(const struct child *child, enum swl_hook_moment moment, struct fault *fault);

// terminal.c: a terminal of the container's own devpts as stdin, stdout and stderr; its master side goes to the shim.
int open_terminal(const struct child *child, struct fault *fault);

// scheduling.c: needs CAP_SYS_NICE.
int set_scheduling(const struct child *child, struct fault *fault);

// identity.c
int drop_bounding_set(const struct swl_capabilities *capabilities, struct fault *fault);
int change_user(const struct record *record, struct fault *fault);
// For the next exec.
int set_apparmor_profile(const struct child *child, struct fault *fault);
int set_capabilities(const struct swl_capabilities *capabilities, struct fault *fault);
int install_seccomp(const struct record *record, struct fault *fault);
// All that the program will not have, except what install_seccomp() needs when it is still to come.
int lower_privileges(const struct record *record, bool filtered, struct fault *fault);

// appear.c: into a pid namespace in which programs of the pod run already. One of them may have CAP_SYS_PTRACE, and with that gets hold of
// whatever a process that it can see has: root directory, descriptors, capabilities. So all is prepared by a process that it cannot see; what
// that one clones into the namespace, and leaves the rest to, has nothing that the program will not have as well.
// Returns in the new process. Nothing to do for one that is where it is to be from the beginning.
int appear(const struct child *child, struct fault *fault);
// What it clones with: a child of the shim, as the process itself is.
#define APPEAR_FLAGS (CLONE_PARENT | CLONE_PIDFD)

// seccomp_filter.c: whether install_seccomp() can come before lower_privileges() and appear() because there is a filter, and it allows all that
// follows.
bool filter_lets_start(const struct record *record);

// program.c: fills `path` (PATH_MAX bytes) with what execve() is to be called with.
int find_program(const struct record *record, char *path, struct fault *fault);
int exec_failed(const char *name, int error, struct fault *fault);

// first_steps.c
int child_begin(struct child *child, const int *kept, size_t count, struct fault *fault);
int set_oom_score_adj(const struct child *child, struct fault *fault);
int set_rlimits(const struct child *child, struct fault *fault);
int give_stdio(const struct child *child, struct fault *fault);
// With the mounts in place: a keyring of its own and, where the record wants one, a terminal.
int child_session(const struct child *child, struct fault *fault);
// With that terminal, which is stdin by now, as the controlling one. By the process that becomes the program.
int lead_session(const struct record *record, struct fault *fault);
// From here on the child dies with the shim. After the last change of user, which would undo it, and before seccomp, which may forbid it.
// A program that changes its user later undoes it as well: whoever finds the shim gone has to kill the container's cgroup, too.
int child_die_with_shim(struct fault *fault);

// last_steps.c
_Noreturn void child_become_program(const struct child *child);
