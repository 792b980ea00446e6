#include "child.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

// Since Linux 6.7 each lower directory is a parameter of its own, without any common length limit. EINVAL: not known here.
int overlay_by_fsconfig(const struct record *record)
{
    OWNED int context = fsopen("overlay", FSOPEN_CLOEXEC);
    if (context < 0 || fsconfig(context, FSCONFIG_SET_STRING, "source", "overlay", 0) != 0) {
        return -1;
    }
    for (size_t i = 0; i < record->lowers.count; i++) {
        if (fsconfig(context, FSCONFIG_SET_STRING, "lowerdir+", record->lowers.items[i], 0) != 0) {
            return -1;
        }
    }
    if (record->upper && (fsconfig(context, FSCONFIG_SET_STRING, "upperdir", record->upper, 0) != 0 ||
                          fsconfig(context, FSCONFIG_SET_STRING, "workdir", record->work, 0) != 0)) {
        return -1;
    }
    for (const char *at = record->overlay_options; *at;) {
        char option[256];
        size_t length = strcspn(at, ",");
        snprintf(option, sizeof option, "%.*s", (int)length, at);
        at += length + (at[length] == ',');
        char *value = strchr(option, '=');
        if (value) {
            *value++ = 0;
        }
        if (fsconfig(context, value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, option, value, 0) != 0) {
            return -1;
        }
    }
    if (fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0) {
        return -1;
    }
    return fsmount(context, FSMOUNT_CLOEXEC, record->host_devices ? 0 : MOUNT_ATTR_NODEV);
}

// Before that mount(2) takes one page of options. Descriptor numbers, relative to /proc/self/fd, are the shortest names there are:
// a page holds about a thousand of them, and no path needs its colons escaped.
int overlay_by_mount(const struct record *record, int *mount_fd)
{
    char options[4096];
    int used = snprintf(options, sizeof options, "lowerdir=");
    for (size_t i = 0; i < record->lowers.count; i++) {
        int lower = open(record->lowers.items[i], O_PATH | O_DIRECTORY | O_CLOEXEC); // closed by exec, at the latest
        if (lower < 0) {
            return -1;
        }
        used += snprintf(options + used, sizeof options - (size_t)used, "%s%d", i ? ":" : "", lower);
        if ((size_t)used >= sizeof options - 64) {
            errno = E2BIG;
            return -1;
        }
    }
    if (record->upper) {
        int upper = open(record->upper, O_PATH | O_DIRECTORY | O_CLOEXEC);
        int work = open(record->work, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (upper < 0 || work < 0) {
            return -1;
        }
        used += snprintf(options + used, sizeof options - (size_t)used, ",upperdir=%d,workdir=%d", upper, work);
    }
    if (record->overlay_options[0]) {
        used += snprintf(options + used, sizeof options - (size_t)used, ",%s", record->overlay_options);
    }
    if ((size_t)used >= sizeof options) {
        errno = E2BIG;
        return -1;
    }
    if (chdir("/proc/self/fd") != 0 ||
        mount("overlay", record->root_path, "overlay", record->host_devices ? 0 : MS_NODEV, options) != 0) {
        return -1;
    }
    *mount_fd = open(record->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return *mount_fd < 0 || chdir("/") != 0 ? -1 : 0;
}

// The path must be a plain directory of the host: it is the agent's own. NODEV, because CAP_MKNOD is among the default
// capabilities of containers: device nodes work in /dev only, never in the image or the writable layer. Privileged containers are spared.
int mount_rootfs(const struct record *record, struct fault *fault)
{
    OWNED int place = sys_openat2(AT_FDCWD, record->root_path, O_PATH | O_DIRECTORY, 0, 0);
    if (place < 0) {
        fail(fault, SWL_STEP_ROOTFS, "open the root directory \"%.300s\"", record->root_path);
        return -1;
    }
    OWNED int root = -1;
    // An overlay needs two directories: a single layer without a writable one is shown as it is, read-only.
    bool single = record->lowers.count == 1 && !record->upper;
    if (record->lowers.count == 0 || single) {
        struct mount_attr attributes = {.attr_set =
                                            (record->host_devices ? 0 : MOUNT_ATTR_NODEV) | (single ? MOUNT_ATTR_RDONLY : 0),
                                        .propagation = MS_PRIVATE};
        const char *source = single ? record->lowers.items[0] : record->root_path;
        root = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        if (root < 0 || mount_setattr(root, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
            return fail(fault, SWL_STEP_ROOTFS, "bind the root directory \"%.300s\"", source);
        }
    } else {
        root = overlay_by_fsconfig(record);
        if (root < 0 && (errno == EINVAL || errno == ENOSYS || errno == EOPNOTSUPP)) {
            if (overlay_by_mount(record, &root) != 0) {
                return fail(fault, SWL_STEP_ROOTFS, "mount the overlay of %zu lower directories, uppermost \"%.200s\"",
                            record->lowers.count, record->lowers.items[0]);
            }
            return take(&root); // mount(2) has attached it already
        }
        if (root < 0) {
            return fail(fault, SWL_STEP_ROOTFS, "make the overlay of %zu lower directories, uppermost \"%.200s\"",
                        record->lowers.count, record->lowers.items[0]);
        }
    }
    if (attach(root, place) != 0) {
        return fail(fault, SWL_STEP_ROOTFS, "attach the root file system at \"%.300s\"", record->root_path);
    }
    return take(&root);
}

// pivot_root(".", ".") stacks the old root on the new one, so that no directory for it is needed; then it is detached, and with it
// every mount of the host that the new namespace had copied.
int pivot_into(int root, struct fault *fault)
{
    if (fchdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0) {
        return fail(fault, SWL_STEP_PIVOT_ROOT, "pivot_root");
    }
    if (umount2(".", MNT_DETACH) != 0 || chdir("/") != 0) {
        return fail(fault, SWL_STEP_PIVOT_ROOT, "detach the host's root");
    }
    return 0;
}
