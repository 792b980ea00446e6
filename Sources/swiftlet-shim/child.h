// What runs between clone3 and exec in a new process of a container. Nothing here returns to the event loop.
#pragma once

#include "record.h"

enum report_kind { REPORT_WARNING = 1, REPORT_READY = 2, REPORT_FAULT = 3 };

// One write on the close-on-exec report pipe (smaller than PIPE_BUF, so atomic). READY is sent right before execve():
// end of file after READY means that the program runs, end of file without it that the child was killed on the way.
struct report {
    uint32_t kind;
    struct fault fault;
};

struct child {
    const struct record *record;
    int report;
    int stdio[3];
    const int *sources; // mount sources, O_PATH
    size_t source_count;
    int sandbox; // pidfd of the pause: whose network, ipc and uts namespaces to join
    int target;  // EXEC: pidfd of the container's init
    int cgroup;  // LAUNCH: directory of the container's cgroup, or -1
};

void child_warn(const struct child *child, const struct fault *fault);
_Noreturn void child_fail(const struct child *child, const struct fault *fault);

// The two programs of the event loop's children, top to bottom in their steps.
_Noreturn void container_child(const struct child *child);
_Noreturn void exec_child(const struct child *child);
// The pause: `program` is its open file. `child->sandbox` and `->target` are not used.
_Noreturn void pause_child(const struct child *child, int program);

// start.c: common first and last steps.
int child_begin(const struct child *child, const int *kept, size_t count, struct fault *fault);
int child_session(const struct child *child, struct fault *fault);
int set_oom_score_adj(const struct child *child, struct fault *fault);
int set_rlimits(const struct child *child, struct fault *fault);
_Noreturn void child_become_program(const struct child *child);

// identity.c
int drop_bounding_set(const struct swl_capabilities *capabilities, struct fault *fault);
int change_user(const struct record *record, struct fault *fault);
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
int mount_rootfs(const struct record *record, struct fault *fault);
int pivot_into(int root, struct fault *fault);
// Both ways to say many lower directories; tests call them separately.
int overlay_by_fsconfig(const struct record *record);
int overlay_by_mount(const struct record *record, int *mount_fd);

// mounts.c
// Detached copies of the sources, made while this process is still in the mount namespace that they belong to.
int clone_sources(const struct child *child, int *trees, struct fault *fault);
int mount_all(const struct child *child, int root, int *trees, struct fault *fault);
// A new file system instance as a detached mount.
int mount_new(const char *type, const char *options, uint64_t attributes);
int attach(int tree, int target);
int mask_paths(const struct record *record, int root, struct fault *fault);
int protect_paths(const struct record *record, int root, struct fault *fault);
int protect_root(const struct record *record, int root, struct fault *fault);

// devices.c
int make_devices(const struct record *record, int root, struct fault *fault);

// device_filter.c
int limit_devices(const struct child *child, struct fault *fault);

// sysctl.c: `proc` is the host's /proc; the values land in the namespaces of the caller.
int write_sysctls(const struct record *record, int proc, struct fault *fault);
