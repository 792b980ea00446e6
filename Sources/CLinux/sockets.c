#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

ssize_t swl_send_fds(int socket, const void *bytes, size_t count, const int *fds, unsigned int fd_count, int flags)
{
    if (fd_count > SWL_FDS_MAX) {
        errno = EINVAL;
        return -1;
    }
    union {
        char space[CMSG_SPACE(SWL_FDS_MAX * sizeof(int))];
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
        char space[CMSG_SPACE(SWL_FDS_MAX * sizeof(int))];
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

// Of 10 ms each.
#define RETURN_TRIES 500

static int socket_in_netns(int namespace_fd, int domain, int type, int protocol)
{
    int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (home < 0)
        return -1;
    int fd = -1;
    int error = 0;
    if (setns(namespace_fd, CLONE_NEWNET) < 0) {
        error = errno;
    } else {
        fd = socket(domain, type | SOCK_CLOEXEC, protocol);
        error = errno;
        // A thread that stayed in a pod's network would carry other work there. Nothing but a want of memory can be in the way.
        for (int tries = 0; setns(home, CLONE_NEWNET) < 0; tries++) {
            if ((errno != ENOMEM && errno != EINTR) || tries == RETURN_TRIES) {
                perror("swiftlet: a thread cannot return to the node's network namespace");
                abort();
            }
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
    }
    close(home);
    errno = error;
    return fd;
}

int swl_netlink_socket_in_netns(int namespace_fd, int bus)
{
    return socket_in_netns(namespace_fd, AF_NETLINK, SOCK_RAW, bus);
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

int swl_tcp_socket_in_netns(int namespace_fd, int family)
{
    return socket_in_netns(namespace_fd, family, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

int swl_tcp_connect_loopback(int socket, int family, uint16_t port)
{
    if (family == AF_INET6) {
        struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
        return connect(socket, (struct sockaddr *)&address, sizeof address);
    }
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect(socket, (struct sockaddr *)&address, sizeof address);
}

int swl_socket_error(int socket, int *error)
{
    socklen_t length = sizeof *error;
    return getsockopt(socket, SOL_SOCKET, SO_ERROR, error, &length);
}

ssize_t swl_send(int socket, const void *bytes, size_t count)
{
    return send(socket, bytes, count, MSG_NOSIGNAL);
}
