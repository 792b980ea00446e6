// What runs between clone3 and exec in a new process of a container. Nothing here returns to the event loop.
#pragma once

#include "record.h"

enum report_kind { REPORT_WARNING = 1, REPORT_READY = 2, REPORT_FAULT = 3, REPORT_WAITING = 4, REPORT_TERMINAL = 5 };

// One packet on the close-on-exec report socket. READY is sent right before execve(): end of file after READY means that the
// program runs, end of file without it that the child was killed on the way. WAITING is sent by child_await(), TERMINAL carries the
// master side of a new terminal.
struct report {
    uint32_t kind;
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
    const int *sources; // mount sources, O_PATH
    size_t source_count;
    int sandbox;               // pidfd of the pause: whose network, ipc and uts namespaces to join
    int target;                // EXEC: pidfd of the container's init
    int cgroup;                // LAUNCH: directory of the container's cgroup, or -1
    const struct id_maps *ids; // NULL: the pod has no user namespace
    int user;                  // the pod's user namespace; counts only when `ids` is set
    int proc;                  // the host's /proc, see procfs_open(); child_begin() opens it
};

void child_report(const struct child *child, uint32_t kind, const struct fault *fault, int descriptor);
void child_warn(const struct child *child, const struct fault *fault);
_Noreturn void child_fail(const struct child *child, const struct fault *fault);
// Says WAITING and sleeps until the shim's task_continue(), which may have come already. Does not return when the shim is gone.
void child_await(const struct child *child);
// From here on the child dies with the shim. After the last change of user, which would undo it, and before seccomp, which may forbid it.
// A program that changes its user later undoes it as well: whoever finds the shim gone has to kill the container's cgroup, too.
int child_die_with_shim(struct fault *fault);
// Says READY. Does not return when the shim is gone.
void child_ready(const struct child *child);

// The two programs of the event loop's children, top to bottom in their steps.
_Noreturn void container_child(struct child *child);
_Noreturn void exec_child(struct child *child);
// The pause: `program` is its open file. `child->sandbox` and `->target` are not used.
_Noreturn void pause_child(struct child *child, int program);

// start.c: common first and last steps.
int child_begin(struct child *child, const int *kept, size_t count, struct fault *fault);
// With the mounts in place: a new session and, where the record wants one, its controlling terminal.
int child_session(const struct child *child, struct fault *fault);
int set_oom_score_adj(const struct child *child, struct fault *fault);
int set_rlimits(const struct child *child, struct fault *fault);
int give_stdio(const struct child *child, struct fault *fault);
_Noreturn void child_become_program(const struct child *child);

// user_namespace.c
// What the host knows the container's id as; UINT32_MAX when it is not mapped.
uint32_t host_uid(const struct id_maps *ids, uint32_t uid);
uint32_t host_gid(const struct id_maps *ids, uint32_t gid);
// Files made from here on belong to the container's root, while all privileges of the host's root remain. Nothing to do without `ids`.
int own_as_mapped_root(const struct child *child, struct fault *fault);
// Gives up every privilege over the host: the pod's user namespace, and in it root. Nothing to do without `ids`.
int enter_user_namespace(const struct child *child, struct fault *fault);
int become_namespace_root(struct fault *fault);

// procfs.c: files of /proc decide about privileges, so none is ever looked up in a container's root.
// An O_PATH descriptor of the host's /proc, for as long as this process is in the host's root; verified to be one.
int procfs_open(struct fault *fault);
// Writes `value` to the plain file `path` of that very mount: no link out of it, nothing that is mounted over it. -1 and errno.
int procfs_write(int proc, const char *path, const char *value);

// terminal.c: a terminal of the container's own devpts as stdin, stdout and stderr; its master side goes to the shim.
int open_terminal(const struct child *child, struct fault *fault);

// identity.c
int drop_bounding_set(const struct swl_capabilities *capabilities, struct fault *fault);
int change_user(const struct record *record, struct fault *fault);
// For the next exec.
int set_apparmor_profile(const struct child *child, struct fault *fault);
int set_capabilities(const struct swl_capabilities *capabilities, struct fault *fault);
int install_seccomp(const struct record *record, struct fault *fault);

// program.c: fills `path` (PATH_MAX bytes) with what execve() is to be called with.
int find_program(const struct record *record, char *path, struct fault *fault);
int exec_failed(const char *name, int error, struct fault *fault);

// paths.c: all resolution happens inside `root`, symbolic links included; none leads out of it.
enum target_kind { TARGET_EXISTING, TARGET_FILE, TARGET_DIRECTORY };
// An O_PATH descriptor; a missing path is made for TARGET_FILE and TARGET_DIRECTORY. -1 and errno otherwise.
int open_in_root(int root, const char *path, enum target_kind kind, uint32_t mode);

// rootfs.c: the root mount, attached at record->root_path in this mount namespace. Returns its descriptor or -1.
int mount_rootfs(const struct child *child, struct fault *fault);
int pivot_into(int root, struct fault *fault);
// Both ways to say many lower directories; tests call them separately.
int overlay_by_fsconfig(const struct record *record);
int overlay_by_mount(const struct record *record, int *mount_fd);

// mounts.c
// Detached copies of the sources, made while this process is still in the mount namespace that they belong to.
int clone_sources(const struct child *child, int *trees, struct fault *fault);
int mount_all(const struct child *child, int root, int *trees, struct fault *fault);
// A new file system instance as a detached mount. uid= and gid= among the options are the container's ids.
int mount_new(const char *type, const char *options, uint64_t attributes, const struct id_maps *ids);
// Shifts the owners of a detached mount by the pod's mappings; `below` is 0 or AT_RECURSIVE.
int shift_owners(int tree, unsigned below, int user, const char *what, struct fault *fault);
int attach(int tree, int target);
int mask_paths(const struct record *record, int root, struct fault *fault);
int protect_paths(const struct record *record, int root, struct fault *fault);
int protect_root(const struct record *record, int root, struct fault *fault);

// devices.c
int make_devices(const struct child *child, int root, struct fault *fault);

// device_filter.c
int limit_devices(const struct child *child, struct fault *fault);

// sysctl.c: the values land in the namespaces of the caller.
int write_sysctls(const struct child *child, struct fault *fault);
