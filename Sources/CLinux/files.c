#define _GNU_SOURCE
#include "CLinux.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <linux/quota.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif
#ifndef STATX_ATTR_MOUNT_ROOT
#define STATX_ATTR_MOUNT_ROOT 0x2000
#endif

_Static_assert(sizeof(struct open_how) == 24, "open_how is three 64-bit fields");
_Static_assert(O_PATH == 010000000, "SWL_O_PATH");
_Static_assert(AT_EMPTY_PATH == 0x1000 && AT_REMOVEDIR == 0x200 && AT_SYMLINK_NOFOLLOW == 0x100, "SWL_AT_*");
_Static_assert(F_RDLCK == 0 && F_UNLCK == 2, "SWL_F_*");

int swl_openat2(int dirfd, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}

int swl_renameat2(int from_dirfd, const char *from, int to_dirfd, const char *to, unsigned int flags)
{
    return (int)syscall(SYS_renameat2, from_dirfd, from, to_dirfd, to, flags);
}

int swl_syncfs(int fd)
{
    return syncfs(fd);
}

int swl_set_lease(int fd, int type)
{
    return fcntl(fd, F_SETLEASE, type);
}

int swl_set_signal(int fd, int signal)
{
    return fcntl(fd, F_SETSIG, signal);
}

int swl_statx(int dirfd, const char *path, int flags, struct swl_stat *out)
{
    struct statx s;
    memset(&s, 0, sizeof s);
    if (statx(dirfd, path, flags, STATX_BASIC_STATS | STATX_MNT_ID, &s) < 0)
        return -1;
    *out = (struct swl_stat){
        .inode = s.stx_ino,
        .size = s.stx_size,
        .blocks = s.stx_blocks,
        .mount_id = (s.stx_mask & STATX_MNT_ID) ? s.stx_mnt_id : 0,
        .mtime_sec = s.stx_mtime.tv_sec,
        .mtime_nsec = s.stx_mtime.tv_nsec,
        .mode = s.stx_mode,
        .uid = s.stx_uid,
        .gid = s.stx_gid,
        .links = s.stx_nlink,
        .device_major = s.stx_dev_major,
        .device_minor = s.stx_dev_minor,
        .is_mount_root = (s.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0,
    };
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

_Static_assert(sizeof(struct swl_file_attributes) == sizeof(struct fsxattr), "struct fsxattr");
_Static_assert(offsetof(struct swl_file_attributes, project) == offsetof(struct fsxattr, fsx_projid), "fsx_projid");
_Static_assert(FS_XFLAG_PROJINHERIT == 0x200, "SWL_FS_XFLAG_PROJINHERIT");

int swl_get_file_attributes(int fd, struct swl_file_attributes *out)
{
    return ioctl(fd, FS_IOC_FSGETXATTR, out);
}

int swl_set_file_attributes(int fd, const struct swl_file_attributes *attributes)
{
    return ioctl(fd, FS_IOC_FSSETXATTR, attributes);
}

int swl_get_project_quota(int fd, uint32_t project, struct swl_quota *out)
{
    struct if_dqblk quota;
    memset(&quota, 0, sizeof quota);
    if (syscall(SYS_quotactl_fd, fd, QCMD(Q_GETQUOTA, PRJQUOTA), project, &quota) < 0)
        return -1;
    *out = (struct swl_quota){
        .bytes = quota.dqb_curspace,
        .inodes = quota.dqb_curinodes,
        .has_limits = quota.dqb_bhardlimit || quota.dqb_bsoftlimit || quota.dqb_ihardlimit || quota.dqb_isoftlimit,
    };
    return 0;
}

int swl_fsetxattr(int fd, const char *name, const void *value, size_t size)
{
    return fsetxattr(fd, name, value, size, 0);
}

ssize_t swl_fgetxattr(int fd, const char *name, void *value, size_t capacity)
{
    return fgetxattr(fd, name, value, capacity);
}

ssize_t swl_flistxattr(int fd, char *list, size_t capacity)
{
    return flistxattr(fd, list, capacity);
}
