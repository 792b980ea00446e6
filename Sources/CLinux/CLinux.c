#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x00001000
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

_Static_assert(sizeof(struct open_how) == 24, "open_how is three 64-bit fields");
_Static_assert(sizeof(struct swl_inotify_header) == sizeof(struct inotify_event), "the kernel's event header");
_Static_assert(O_PATH == 010000000, "SWL_O_PATH");
_Static_assert(AT_EMPTY_PATH == 0x1000 && AT_REMOVEDIR == 0x200 && AT_SYMLINK_NOFOLLOW == 0x100, "SWL_AT_*");

int swl_pidfd_open(pid_t pid, unsigned int flags)
{
    return (int)syscall(SYS_pidfd_open, pid, flags);
}

int swl_pidfd_send_signal(int pidfd, int signal)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int swl_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}

int swl_open_tree(int dirfd, const char *path, unsigned int flags)
{
    return (int)syscall(SYS_open_tree, dirfd, path, flags);
}

int swl_move_mount(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned int flags)
{
    return (int)syscall(SYS_move_mount, from_dirfd, from, to_dirfd, to, flags);
}

int swl_mount_setattr(int dirfd, const char *path, unsigned int flags, uint64_t set, uint64_t clear, uint64_t propagation,
                      int userns_fd)
{
    struct {
        uint64_t attr_set, attr_clr, propagation, userns_fd;
    } attributes = {set, clear, propagation, userns_fd < 0 ? 0 : (uint64_t)userns_fd};
    return (int)syscall(SYS_mount_setattr, dirfd, path, flags, &attributes, sizeof attributes);
}

int swl_fsopen(const char *type, unsigned int flags)
{
    return (int)syscall(SYS_fsopen, type, flags);
}

int swl_fsconfig(int fd, unsigned int command, const char *key, const char *value, int aux)
{
    return (int)syscall(SYS_fsconfig, fd, command, key, value, aux);
}

int swl_fsmount(int fd, unsigned int flags, unsigned int attributes)
{
    return (int)syscall(SYS_fsmount, fd, flags, attributes);
}

int swl_mount(const char *source, const char *target, const char *type, uint64_t flags, const char *data)
{
    return mount(source, target, type, (unsigned long)flags, data);
}

int swl_umount2(const char *target, int flags)
{
    return umount2(target, flags);
}

int swl_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
    return (int)syscall(SYS_close_range, first, last, flags);
}

int swl_setns(int fd, int type)
{
    return setns(fd, type);
}

int swl_unshare(int flags)
{
    return unshare(flags);
}

int swl_renameat2(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned int flags)
{
    return (int)syscall(SYS_renameat2, from_dirfd, from, to_dirfd, to, flags);
}

int swl_syncfs(int fd)
{
    return syncfs(fd);
}

int swl_statx(int dirfd, const char *path, int flags, struct swl_stat *out)
{
    struct statx s;
    memset(&s, 0, sizeof s);
    if (statx(dirfd, path, flags, STATX_BASIC_STATS | 0x1000 /* STATX_MNT_ID */, &s) < 0)
        return -1;
    *out = (struct swl_stat){
        .inode = s.stx_ino,
        .size = s.stx_size,
        .blocks = s.stx_blocks,
        .mount_id = (s.stx_mask & 0x1000) ? s.stx_mnt_id : 0,
        .mtime_sec = s.stx_mtime.tv_sec,
        .mtime_nsec = s.stx_mtime.tv_nsec,
        .mode = s.stx_mode,
        .uid = s.stx_uid,
        .gid = s.stx_gid,
        .links = s.stx_nlink,
        .device_major = s.stx_dev_major,
        .device_minor = s.stx_dev_minor,
        .is_mount_root = (s.stx_attributes & 0x2000 /* STATX_ATTR_MOUNT_ROOT */) != 0,
    };
    return 0;
}

ssize_t swl_send_fds(int socket, const void *bytes, size_t count, const int *fds, unsigned int fd_count, int flags)
{
    if (fd_count > SWL_MAX_FDS) {
        errno = EINVAL;
        return -1;
    }
    union {
        char space[CMSG_SPACE(SWL_MAX_FDS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd_count > 0) {
        memset(&control, 0, CMSG_SPACE(fd_count * sizeof(int)));
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
    }
    return sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

ssize_t swl_recv_fds(int socket, void *bytes, size_t capacity, int *fds, unsigned int fd_capacity, unsigned int *fd_count,
                     int *message_flags, int flags)
{
    union {
        char space[CMSG_SPACE(SWL_MAX_FDS * sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = {.iov_base = bytes, .iov_len = capacity};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *fd_count = 0;
    ssize_t length = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (length < 0)
        return -1;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        unsigned int count = (unsigned int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (unsigned int i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            if (*fd_count < fd_capacity)
                fds[(*fd_count)++] = fd;
            else {
                close(fd);
                message.msg_flags |= MSG_CTRUNC;
            }
        }
    }
    *message_flags = message.msg_flags;
    return length;
}

int swl_unix_socket(int type, int flags)
{
    return socket(AF_UNIX, type | SOCK_CLOEXEC | flags, 0);
}

static int unix_address(struct sockaddr_un *address, const char *path)
{
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    size_t length = strlen(path);
    if (length >= sizeof address->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address->sun_path, path, length);
    return 0;
}

int swl_unix_connect(int socket, const char *path)
{
    struct sockaddr_un address;
    if (unix_address(&address, path) < 0)
        return -1;
    return connect(socket, (struct sockaddr *)&address, sizeof address);
}

int swl_unix_listen(int socket, const char *path, int backlog)
{
    struct sockaddr_un address;
    if (unix_address(&address, path) < 0)
        return -1;
    if (bind(socket, (struct sockaddr *)&address, sizeof address) < 0)
        return -1;
    return listen(socket, backlog);
}

int swl_accept(int socket)
{
    return accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int swl_peer_credentials(int socket, pid_t *pid, uid_t *uid, gid_t *gid)
{
    struct ucred credentials;
    socklen_t length = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
        return -1;
    *pid = credentials.pid;
    *uid = credentials.uid;
    *gid = credentials.gid;
    return 0;
}

int swl_socketpair(int type, int *first, int *second)
{
    int pair[2];
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return -1;
    *first = pair[0];
    *second = pair[1];
    return 0;
}

int swl_ioctl_int(int fd, unsigned long request, int *value)
{
    return ioctl(fd, request, value);
}

int swl_ioctl_pointer(int fd, unsigned long request, void *pointer)
{
    return ioctl(fd, request, pointer);
}

unsigned long swl_fs_ioc_getflags(void)
{
    return FS_IOC_GETFLAGS;
}

struct spawn_child {
    const struct swl_spawn_request *request;
    sigset_t mask;
    volatile int error;
    const char *volatile step;
};

static int spawn_failed(struct spawn_child *child, const char *step)
{
    child->error = errno;
    child->step = step;
    _exit(127);
}

// Runs on its own stack in the parent's memory, with the parent's thread suspended: only system calls, no allocation, no locks.
static int spawn_entry(void *argument)
{
    struct spawn_child *child = argument;
    const struct swl_spawn_request *request = child->request;

    // Handlers first: with the mask lifted, a handler of the parent would run in the parent's memory.
    struct sigaction ordinary;
    memset(&ordinary, 0, sizeof ordinary);
    ordinary.sa_handler = SIG_DFL;
    for (int number = 1; number < 65; number++)
        if (number != SIGKILL && number != SIGSTOP)
            sigaction(number, &ordinary, NULL);

    if (request->new_session && setsid() < 0)
        return spawn_failed(child, "setsid");
    // Before anything of the program runs, so that no descendant is ever outside.
    if (request->cgroup_procs_fd >= 0 && write(request->cgroup_procs_fd, "0", 1) != 1)
        return spawn_failed(child, "write cgroup.procs");
    if (request->directory && chdir(request->directory) < 0)
        return spawn_failed(child, "chdir");

    // Sources are lifted above the targets first, so that no dup2 overwrites a source still to come.
    int count = (int)request->fd_count;
    int lifted[16];
    for (int i = 0; i < count; i++) {
        int source = request->fds[i];
        if (source < 0) {
            source = open("/dev/null", O_RDWR | O_CLOEXEC);
            if (source < 0)
                return spawn_failed(child, "open /dev/null");
        }
        lifted[i] = fcntl(source, F_DUPFD_CLOEXEC, 32);
        if (lifted[i] < 0)
            return spawn_failed(child, "fcntl F_DUPFD_CLOEXEC");
    }
    for (int i = 0; i < count; i++)
        if (dup2(lifted[i], i) < 0)
            return spawn_failed(child, "dup2");
    if (syscall(SYS_close_range, (unsigned int)count, ~0u, 0) < 0)
        return spawn_failed(child, "close_range");

    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(request->path, request->argv, request->envp);
    return spawn_failed(child, "execve");
}

pid_t swl_spawn(const struct swl_spawn_request *request, int *pidfd, const char **failed_step)
{
    *failed_step = "clone";
    if (request->fd_count > 16) {
        errno = EINVAL;
        return -1;
    }
    const size_t stack_size = 64 * 1024;
    char *stack = mmap(NULL, stack_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (stack == MAP_FAILED)
        return -1;

    struct spawn_child child = {.request = request};
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &child.mask);
    int cancel;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel);

    int fd = -1;
    pid_t pid = clone(spawn_entry, stack + stack_size, CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &child, &fd);
    int error = pid < 0 ? errno : child.error;
    if (pid > 0 && error != 0) {
        waitpid(pid, NULL, 0);
        close(fd);
        *failed_step = child.step;
        pid = -1;
    }

    pthread_setcancelstate(cancel, NULL);
    pthread_sigmask(SIG_SETMASK, &child.mask, NULL);
    munmap(stack, stack_size);
    if (pid > 0)
        *pidfd = fd;
    errno = error;
    return pid;
}

int swl_reap_pidfd(int pidfd, int *code, int *status)
{
    siginfo_t info;
    memset(&info, 0, sizeof info);
    if (waitid((idtype_t)P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) < 0)
        return -1;
    if (info.si_pid == 0)
        return 0;
    *code = info.si_code;
    *status = info.si_status;
    return 1;
}

int swl_cld_exited(void)
{
    return CLD_EXITED;
}

int swl_inotify_init(void)
{
    return inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
}

int swl_inotify_add(int fd, const char *path, uint32_t mask)
{
    return inotify_add_watch(fd, path, mask);
}

int swl_inotify_remove(int fd, int watch)
{
    return inotify_rm_watch(fd, watch);
}

int swl_epoll_create(void)
{
    return epoll_create1(EPOLL_CLOEXEC);
}

int swl_epoll_control(int epoll, int operation, int fd, uint32_t events, uint64_t token)
{
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, operation, fd, &event);
}

int swl_epoll_wait(int epoll, uint64_t *tokens, int capacity, int timeout)
{
    struct epoll_event events[64];
    int count = epoll_wait(epoll, events, capacity < 64 ? capacity : 64, timeout);
    for (int i = 0; i < count; i++)
        tokens[i] = events[i].data.u64;
    return count;
}

int swl_eventfd(void)
{
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

int64_t swl_clock_nanoseconds(int clock)
{
    struct timespec now;
    if (clock_gettime((clockid_t)clock, &now) < 0)
        return -1;
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int swl_clock_realtime(void)
{
    return CLOCK_REALTIME;
}
int swl_clock_monotonic(void)
{
    return CLOCK_MONOTONIC;
}
int swl_clock_boottime(void)
{
    return CLOCK_BOOTTIME;
}

int swl_set_thread_name(const char *name)
{
    return prctl(PR_SET_NAME, name);
}

int swl_fsetxattr(int fd, const char *name, const void *value, size_t size)
{
    return fsetxattr(fd, name, value, size, 0);
}

ssize_t swl_fgetxattr(int fd, const char *name, void *value, size_t capacity)
{
    return fgetxattr(fd, name, value, capacity);
}

const char *swl_errno_name(int number)
{
    return strerrorname_np(number);
}

const char *swl_errno_text(int number)
{
    return strerrordesc_np(number);
}
