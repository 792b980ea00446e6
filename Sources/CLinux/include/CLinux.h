// The system calls and constants that glibc or Swift lack. One call per function, -1 and errno on failure, no policy.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "swl_wire.h"

#ifdef __cplusplus
extern "C" {
#endif

// openat2: struct open_how.resolve.
static const uint64_t SWL_RESOLVE_NO_XDEV = 0x01;
static const uint64_t SWL_RESOLVE_NO_MAGICLINKS = 0x02;
static const uint64_t SWL_RESOLVE_NO_SYMLINKS = 0x04;
static const uint64_t SWL_RESOLVE_BENEATH = 0x08;
static const uint64_t SWL_RESOLVE_IN_ROOT = 0x10;

// Open flags that are macros with casts, or missing from the Glibc module.
static const int32_t SWL_O_PATH = 010000000;
static const int32_t SWL_AT_EMPTY_PATH = 0x1000;
static const int32_t SWL_AT_RECURSIVE = 0x8000;
static const int32_t SWL_AT_REMOVEDIR = 0x200;
static const int32_t SWL_AT_SYMLINK_NOFOLLOW = 0x100;

// open_tree, move_mount, fsopen, fsconfig, fsmount.
static const uint32_t SWL_OPEN_TREE_CLONE = 1;
static const uint32_t SWL_OPEN_TREE_CLOEXEC = 02000000;
static const uint32_t SWL_MOVE_MOUNT_F_EMPTY_PATH = 0x04;
static const uint32_t SWL_MOVE_MOUNT_T_EMPTY_PATH = 0x40;
static const uint32_t SWL_FSOPEN_CLOEXEC = 0x01;
static const uint32_t SWL_FSMOUNT_CLOEXEC = 0x01;
static const uint32_t SWL_FSCONFIG_SET_FLAG = 0;
static const uint32_t SWL_FSCONFIG_SET_STRING = 1;
static const uint32_t SWL_FSCONFIG_CMD_CREATE = 6;

// mount_setattr and fsmount attributes.
static const uint64_t SWL_MOUNT_ATTR_RDONLY = 0x01;
static const uint64_t SWL_MOUNT_ATTR_NOSUID = 0x02;
static const uint64_t SWL_MOUNT_ATTR_NODEV = 0x04;
static const uint64_t SWL_MOUNT_ATTR_NOEXEC = 0x08;
static const uint64_t SWL_MOUNT_ATTR_IDMAP = 0x00100000;

// mount and umount2.
static const uint64_t SWL_MS_RDONLY = 1;
static const uint64_t SWL_MS_NOSUID = 2;
static const uint64_t SWL_MS_NODEV = 4;
static const uint64_t SWL_MS_NOEXEC = 8;
static const uint64_t SWL_MS_REMOUNT = 32;
static const uint64_t SWL_MS_BIND = 4096;
static const uint64_t SWL_MS_MOVE = 8192;
static const uint64_t SWL_MS_REC = 16384;
static const uint64_t SWL_MS_UNBINDABLE = 1 << 17;
static const uint64_t SWL_MS_PRIVATE = 1 << 18;
static const uint64_t SWL_MS_SLAVE = 1 << 19;
static const uint64_t SWL_MS_SHARED = 1 << 20;
static const int32_t SWL_MNT_FORCE = 1;
static const int32_t SWL_MNT_DETACH = 2;
static const int32_t SWL_UMOUNT_NOFOLLOW = 8;

// Namespace types.
static const int32_t SWL_CLONE_NEWNS = 0x00020000;
static const int32_t SWL_CLONE_NEWCGROUP = 0x02000000;
static const int32_t SWL_CLONE_NEWUTS = 0x04000000;
static const int32_t SWL_CLONE_NEWIPC = 0x08000000;
static const int32_t SWL_CLONE_NEWUSER = 0x10000000;
static const int32_t SWL_CLONE_NEWPID = 0x20000000;
static const int32_t SWL_CLONE_NEWNET = 0x40000000;

// renameat2.
static const uint32_t SWL_RENAME_NOREPLACE = 1;
static const uint32_t SWL_RENAME_EXCHANGE = 2;

int swl_pidfd_open(pid_t pid, unsigned int flags);
int swl_pidfd_send_signal(int pidfd, int signal);

int swl_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int swl_open_tree(int dirfd, const char *path, unsigned int flags);
int swl_move_mount(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned int flags);
int swl_mount_setattr(int dirfd, const char *path, unsigned int flags, uint64_t set, uint64_t clear, uint64_t propagation,
                      int userns_fd);
int swl_fsopen(const char *type, unsigned int flags);
int swl_fsconfig(int fd, unsigned int command, const char *key, const char *value, int aux);
int swl_fsmount(int fd, unsigned int flags, unsigned int attributes);
int swl_mount(const char *source, const char *target, const char *type, uint64_t flags, const char *data);
int swl_umount2(const char *target, int flags);

int swl_close_range(unsigned int first, unsigned int last, unsigned int flags);
int swl_setns(int fd, int type);
int swl_unshare(int flags);
int swl_renameat2(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned int flags);
int swl_syncfs(int fd);

// Leases of an open file (fcntl F_SETLEASE), and the signal that announces a broken one (fcntl F_SETSIG).
static const int32_t SWL_F_RDLCK = 0;
static const int32_t SWL_F_UNLCK = 2;
int swl_set_lease(int fd, int type);
int swl_set_signal(int fd, int signal);

// The result of statx for one object, with its mount.
struct swl_stat {
    uint64_t inode;
    uint64_t size;     // bytes
    uint64_t blocks;   // 512-byte units
    uint64_t mount_id; // 0 when the kernel does not report it
    int64_t mtime_sec;
    uint32_t mtime_nsec;
    uint32_t mode;
    uint32_t uid;
    uint32_t gid;
    uint32_t links;
    uint32_t device_major;
    uint32_t device_minor;
    uint32_t is_mount_root;
};
int swl_statx(int dirfd, const char *path, int flags, struct swl_stat *out);

// Send or receive one packet with at most SWL_FDS_MAX descriptors. Received descriptors are close-on-exec. `message_flags` gets
// msghdr.msg_flags (MSG_TRUNC, MSG_CTRUNC).
ssize_t swl_send_fds(int socket, const void *bytes, size_t count, const int *fds, unsigned int fd_count, int flags);
ssize_t swl_recv_fds(int socket, void *bytes, size_t capacity, int *fds, unsigned int fd_capacity, unsigned int *fd_count,
                     int *message_flags, int flags);
int swl_unix_socket(int type, int flags);
int swl_unix_connect(int socket, const char *path);
int swl_unix_listen(int socket, const char *path, int backlog);
int swl_accept(int socket);
int swl_peer_credentials(int socket, pid_t *pid, uid_t *uid, gid_t *gid);
int swl_socketpair(int type, int *first, int *second);

// A socket of another network namespace, for TCP one that does not block; `family` is AF_INET or AF_INET6. The calling thread is in its own
// namespace again when these return; the process ends if that cannot be.
int swl_netlink_socket_in_netns(int namespace_fd, int bus);
int swl_tcp_socket_in_netns(int namespace_fd, int family);
// Begins to connect to the family's loopback address.
int swl_tcp_connect_loopback(int socket, int family, uint16_t port);
// SO_ERROR: the result of a connect that went on in the background.
int swl_socket_error(int socket, int *error);
// Without SIGPIPE.
ssize_t swl_send(int socket, const void *bytes, size_t count);

// Fixed arguments for the variadic ioctl.
int swl_ioctl_int(int fd, unsigned long request, int *value);
int swl_ioctl_pointer(int fd, unsigned long request, void *pointer);
unsigned long swl_fs_ioc_getflags(void);

#define SWL_SPAWN_FDS_MAX 16

// Starts a program without copying this process: vfork semantics on a stack of its own.
struct swl_spawn_request {
    const char *path;
    char *const *argv;
    char *const *envp;
    const char *directory; // NULL: inherited
    const int *fds;        // become 0, 1, 2, ... in the child; -1 becomes /dev/null; every other descriptor is closed
    unsigned int fd_count; // at most SWL_SPAWN_FDS_MAX
    int cgroup_procs_fd;   // an open cgroup.procs that the child enters before its exec, or -1
    int new_session;
};
// Returns the pid and stores a pidfd. On failure returns -1 with the errno of the failed step and its name in `failed_step`.
pid_t swl_spawn(const struct swl_spawn_request *request, int *pidfd, const char **failed_step);
// Reaps the child behind a pidfd. Returns 1 with si_code in `code` and si_status in `status`, or 0 while the child runs.
int swl_reap_pidfd(int pidfd, int *code, int *status);
int swl_cld_exited(void);

int swl_inotify_init(void);
int swl_inotify_add(int fd, const char *path, uint32_t mask);
int swl_inotify_remove(int fd, int watch);
// The layout of one inotify event; the kernel's interface fixes the offsets.
struct swl_inotify_header {
    int32_t watch;
    uint32_t mask;
    uint32_t cookie;
    uint32_t name_length;
};
static const uint32_t SWL_IN_MODIFY = 0x002;
static const uint32_t SWL_IN_ATTRIB = 0x004;
static const uint32_t SWL_IN_CLOSE_WRITE = 0x008;
static const uint32_t SWL_IN_MOVED_FROM = 0x040;
static const uint32_t SWL_IN_MOVED_TO = 0x080;
static const uint32_t SWL_IN_CREATE = 0x100;
static const uint32_t SWL_IN_DELETE = 0x200;
static const uint32_t SWL_IN_DELETE_SELF = 0x400;
static const uint32_t SWL_IN_MOVE_SELF = 0x800;
static const uint32_t SWL_IN_Q_OVERFLOW = 0x4000;
static const uint32_t SWL_IN_IGNORED = 0x8000;
static const uint32_t SWL_IN_ONLYDIR = 0x01000000;
static const uint32_t SWL_IN_ISDIR = 0x40000000;

int swl_epoll_create(void);
static const int32_t SWL_EPOLL_CTL_ADD = 1;
static const int32_t SWL_EPOLL_CTL_DEL = 2;
static const int32_t SWL_EPOLL_CTL_MOD = 3;
int swl_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token);
// Fills `tokens` with the ready tokens; timeout in milliseconds, -1 for none.
int swl_epoll_wait(int epoll, uint64_t *tokens, int capacity, int timeout);
int swl_eventfd(void);
static const uint32_t SWL_EPOLLIN = 0x001;
static const uint32_t SWL_EPOLLOUT = 0x004;
static const uint32_t SWL_EPOLLPRI = 0x002;
static const uint32_t SWL_EPOLLONESHOT = 1u << 30;

int64_t swl_clock_nanoseconds(int clock);
int swl_clock_realtime(void);
int swl_clock_monotonic(void);
int swl_clock_boottime(void);

// Names the calling thread, at most 15 characters.
int swl_set_thread_name(const char *name);

// Bounds the allocator's arenas, one of which serves several threads, and the free memory at their ends (mallopt(3)). 1 for success, 0 for failure.
int swl_limit_arenas(int count);

// Returns free memory to the kernel (malloc_trim(3)).
int swl_trim_memory(void);

// Extended attributes of an open file; the Glibc module does not import <sys/xattr.h>.
// FS_IOC_FSGETXATTR and FS_IOC_FSSETXATTR: struct fsxattr.
struct swl_file_attributes {
    uint32_t flags;
    uint32_t extent_size;
    uint32_t extents;
    uint32_t project;
    uint32_t copy_extent_size;
    unsigned char reserved[8];
};
static const uint32_t SWL_FS_XFLAG_PROJINHERIT = 0x200;
int swl_get_file_attributes(int fd, struct swl_file_attributes *out);
int swl_set_file_attributes(int fd, const struct swl_file_attributes *attributes);

// quotactl_fd, Q_GETQUOTA of a project.
struct swl_quota {
    uint64_t bytes;
    uint64_t inodes;
    int has_limits;
};
int swl_get_project_quota(int fd, uint32_t project, struct swl_quota *out);

int swl_fsetxattr(int fd, const char *name, const void *value, size_t size);
ssize_t swl_fgetxattr(int fd, const char *name, void *value, size_t capacity);
ssize_t swl_flistxattr(int fd, char *list, size_t capacity);

// "ENOENT", or NULL for a number without a name.
const char *swl_errno_name(int number);
const char *swl_errno_text(int number);

#ifdef __cplusplus
}
#endif
