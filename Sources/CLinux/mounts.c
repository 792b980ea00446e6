#define _GNU_SOURCE
#include "CLinux.h"

#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

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
