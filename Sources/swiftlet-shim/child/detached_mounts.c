// New file systems and copies of mounts, not attached yet, and attaching them.
#include "child/steps.h"

#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

uint64_t attributes_of(uint32_t flags)
{
    return (flags & (SWL_ATTR_READONLY | SWL_ATTR_RECURSIVE_READONLY) ? MOUNT_ATTR_RDONLY : 0) |
           (flags & SWL_ATTR_NOSUID ? MOUNT_ATTR_NOSUID : 0) | (flags & SWL_ATTR_NODEV ? MOUNT_ATTR_NODEV : 0) |
           (flags & SWL_ATTR_NOEXEC ? MOUNT_ATTR_NOEXEC : 0) | (flags & SWL_ATTR_NOATIME ? MOUNT_ATTR_NOATIME : 0) |
           (flags & SWL_ATTR_STRICTATIME ? MOUNT_ATTR_STRICTATIME : 0) |
           (flags & SWL_ATTR_NODIRATIME ? MOUNT_ATTR_NODIRATIME : 0) |
           (flags & SWL_ATTR_NOSYMFOLLOW ? MOUNT_ATTR_NOSYMFOLLOW : 0);
}

// Names the common file systems for error texts; others are named by number.
static const char *file_system_name(int tree, char *number, size_t size)
{
    static const struct {
        long magic;
        const char *name;
    } known[] = {
        {NFS_SUPER_MAGIC, "nfs"},       {FUSE_SUPER_MAGIC, "fuse"},
        {CIFS_SUPER_MAGIC, "cifs"},     {V9FS_MAGIC, "9p"},
        {PROC_SUPER_MAGIC, "proc"},     {SYSFS_MAGIC, "sysfs"},
        {TMPFS_MAGIC, "tmpfs"},         {EXT4_SUPER_MAGIC, "ext4"},
        {XFS_SUPER_MAGIC, "xfs"},       {BTRFS_SUPER_MAGIC, "btrfs"},
        {DEVPTS_SUPER_MAGIC, "devpts"}, {CGROUP2_SUPER_MAGIC, "cgroup2"},
        {HUGETLBFS_MAGIC, "hugetlbfs"}, {OVERLAYFS_SUPER_MAGIC, "overlay"},
    };
    struct statfs status = {0};
    fstatfs(tree, &status);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (known[i].magic == (long)status.f_type) {
            return known[i].name;
        }
    }
    snprintf(number, size, "number %#lx", (unsigned long)status.f_type);
    return number;
}

int shift_owners(int tree, unsigned below, int user, const char *what, struct fault *fault)
{
    struct mount_attr shift = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)user};
    if (mount_setattr(tree, "", AT_EMPTY_PATH | below, &shift, sizeof shift) != 0) {
        char number[32];
        int error = errno;
        const char *name = file_system_name(tree, number, sizeof number);
        errno = error;
        return fail(fault, SWL_STEP_USER_NAMESPACE,
                    "shift the owners of \"%.200s\": its file system (%s) cannot do that on this kernel, which a pod with "
                    "hostUsers: false needs",
                    what, name);
    }
    return 0;
}

// The kernel interprets the ids in the user namespace of the mounting process, which is still the host's root.
static const char *option_value(const char *key, const char *value, const struct id_maps *ids, char *number, size_t size)
{
    bool uid = strcmp(key, "uid") == 0, gid = strcmp(key, "gid") == 0;
    if (!ids || !value || !(uid || gid)) {
        return value;
    }
    char *end;
    unsigned long id = strtoul(value, &end, 10);
    uint32_t host = *value == 0 || *end || id >= UINT32_MAX ? UINT32_MAX
                    : uid                                   ? host_uid(ids, (uint32_t)id)
                                                            : host_gid(ids, (uint32_t)id);
    snprintf(number, size, "%u", host);
    return number; // the kernel refuses UINT32_MAX
}

int mount_with(const char *type, const char *options, uint64_t attributes, const struct id_maps *ids, int pids)
{
    OWNED int context = fsopen(type, FSOPEN_CLOEXEC);
    // Tools show the source in the first column of /proc/mounts.
    if (context < 0 || fsconfig(context, FSCONFIG_SET_STRING, "source", type, 0) != 0 ||
        (pids >= 0 && fsconfig(context, FSCONFIG_SET_FD, "pidns", NULL, pids) != 0)) {
        return -1;
    }
    for (const char *at = options; *at;) {
        char option[256], number[16];
        size_t length = strcspn(at, ",");
        if (length >= sizeof option) {
            errno = E2BIG;
            return -1;
        }
        memcpy(option, at, length);
        option[length] = 0;
        at += length + (at[length] == ',');
        char *value = strchr(option, '=');
        if (value) {
            *value++ = 0;
        }
        if (option[0] && fsconfig(context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option,
                                  option_value(option, value, ids, number, sizeof number), 0) != 0) {
            return -1;
        }
    }
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) {
        return -1;
    }
    return fsmount(context, FSMOUNT_CLOEXEC, (unsigned)attributes);
}

int mount_new(const char *type, const char *options, uint64_t attributes, const struct id_maps *ids)
{
    return mount_with(type, options, attributes, ids, -1);
}

int attach(int tree, int target)
{
    return move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int attach_root(int tree)
{
    OWNED int place = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return place >= 0 ? attach(tree, place) : -1;
}
