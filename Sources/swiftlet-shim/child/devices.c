#include "child/steps.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

// Depth of folders below the host's /dev.
#define DEPTH_MAX 6

static const struct {
    const char *name;
    unsigned major, minor;
} default_nodes[] = {{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};

static const char *const links[][2] = {
    {"fd", "/proc/self/fd"},       {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"}, {"ptmx", "pts/ptmx"},
};

// Where mknod is not allowed (a machine that is itself a container), the host's node is bound over an empty file. The mount is
// read-only, which does not affect the device: mode, owner and times of the node are the host's. The path may be one that a
// pod has chosen: nothing but the very device is taken from there.
static int bind_node(int directory, const char *name, mode_t mode, dev_t device, const char *host_path)
{
    OWNED int source = open(host_path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat found;
    if (source < 0 || fstat(source, &found) != 0) {
        return -1;
    }
    if ((found.st_mode & S_IFMT) != (mode & S_IFMT) || found.st_rdev != device) {
        errno = EPERM;
        return -1;
    }
    OWNED int file = openat(directory, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    OWNED int target = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0 || target < 0) {
        return -1;
    }
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
    OWNED int tree = open_tree(source, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    return tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0 ? -1 : attach(tree, target);
}

// uid and gid are ids of the host.
static int make_node(int directory, const char *name, mode_t mode, dev_t device, uid_t uid, gid_t gid, const char *host_path)
{
    if (mknodat(directory, name, mode, device) != 0) {
        struct stat status;
        if (errno == EEXIST && fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            (status.st_mode & S_IFMT) == (mode & S_IFMT) && status.st_rdev == device) {
            return 0;
        }
        return errno == EPERM ? bind_node(directory, name, mode, device, host_path) : -1;
    }
    return fchownat(directory, name, uid, gid, AT_SYMLINK_NOFOLLOW);
}

const struct swl_mount *mount_at_dev(const struct record *record)
{
    const struct swl_mount *last = NULL;
    for (size_t i = 0; i < record->mounts.count; i++) {
        if (strcmp(record->mounts.items[i].destination, "/dev") == 0) {
            last = &record->mounts.items[i].fixed;
        }
    }
    return last;
}

static int make_device(const struct device_spec *device, const struct id_maps *ids, int root, struct fault *fault)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(device->path, '/');
    snprintf(parent, sizeof parent, "/%.*s", (int)(slash - device->path), device->path);
    OWNED int directory = open_in_root(root, parent, TARGET_DIRECTORY, 0755);
    mode_t type = device->fixed.type == 'c' ? S_IFCHR : device->fixed.type == 'b' ? S_IFBLK : S_IFIFO;
    dev_t number = type == S_IFIFO ? 0 : makedev(device->fixed.major, device->fixed.minor);
    uid_t uid = host_uid(ids, device->fixed.uid);
    gid_t gid = host_gid(ids, device->fixed.gid);
    if (directory < 0 || make_node(directory, slash + 1, type | device->fixed.mode, number, uid, gid, device->path) != 0) {
        return fail(fault, SWL_STEP_DEVICES, "make the device \"%.300s\"", device->path);
    }
    return 0;
}

static int copy_host_devices(const char *host, int target, int depth, struct fault *fault);

static int copy_host_device(const char *host, int list, const char *name, int target, int depth, struct fault *fault)
{
    static const char *const left_out[] = {".", "..", "pts", "shm", "fd", "mqueue", "console", ".udev", "hugepages"};
    struct stat status;
    for (size_t i = 0; i < sizeof left_out / sizeof *left_out; i++) {
        if (strcmp(name, left_out[i]) == 0) {
            return 0;
        }
    }
    if (fstatat(list, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return 0; // removed meanwhile
    }
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", host, name);
    if (S_ISDIR(status.st_mode) && depth < DEPTH_MAX) {
        mkdirat(target, name, 0755);
        OWNED int below = openat(target, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return below < 0 ? 0 : copy_host_devices(path, below, depth + 1, fault);
    }
    if ((S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) &&
        make_node(target, name, status.st_mode, status.st_rdev, status.st_uid, status.st_gid, path) != 0 && errno != EEXIST) {
        return fail(fault, SWL_STEP_DEVICES, "make the device \"%.300s\"", path);
    }
    return 0;
}

// Privileged containers get every device node of the host, at the same path, with the same owner and mode. In a user namespace
// the host's root owns nothing, so a node of the host is usable only if its mode lets all users open it. Without opendir(), which
// allocates: see memory_forget().
static int copy_host_devices(const char *host, int target, int depth, struct fault *fault)
{
    OWNED int list = open(host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    char buffer[4096] __attribute__((aligned(8)));
    long got = -1;
    while (list >= 0 && (got = syscall(SYS_getdents64, list, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < got;) {
            const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);
            at += entry->d_reclen;
            if (copy_host_device(host, list, entry->d_name, target, depth, fault) != 0) {
                return -1;
            }
        }
    }
    return got < 0 ? fail(fault, SWL_STEP_DEVICES, "read %.300s", host) : 0;
}

int make_devices(const struct child *child, int root, struct fault *fault)
{
    const struct record *record = child->record;
    const struct swl_mount *dev = mount_at_dev(record);
    if (dev && dev->type == SWL_MOUNT_BIND) {
        return 0; // another /dev, usually the host's, keeps its own nodes
    }
    if (dev && dev->type == SWL_MOUNT_TMPFS) {
        OWNED int directory = open_in_root(root, "/dev", TARGET_EXISTING, 0);
        if (directory < 0) {
            return fail(fault, SWL_STEP_DEVICES, "open /dev");
        }
        for (size_t i = 0; i < sizeof default_nodes / sizeof *default_nodes; i++) {
            char host[32];
            snprintf(host, sizeof host, "/dev/%s", default_nodes[i].name);
            if (make_node(directory, default_nodes[i].name, S_IFCHR | 0666,
                          makedev(default_nodes[i].major, default_nodes[i].minor), host_uid(child->ids, 0),
                          host_gid(child->ids, 0), host) != 0) {
                return fail(fault, SWL_STEP_DEVICES, "make %s", host);
            }
        }
        for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
            if (symlinkat(links[i][1], directory, links[i][0]) != 0 && errno != EEXIST) {
                return fail(fault, SWL_STEP_DEVICES, "link /dev/%s", links[i][0]);
            }
        }
        // The mount point for bind_console(), which comes after the protection.
        if (record->terminal) {
            OWNED int place = openat(directory, "console", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
            if (place < 0 && errno != EEXIST) {
                return fail(fault, SWL_STEP_DEVICES, "make the place of /dev/console");
            }
        }
    }
    for (size_t i = 0; i < record->devices.count; i++) {
        if (make_device(&record->devices.items[i], child->ids, root, fault) != 0) {
            return -1;
        }
    }
    // Last: a device that the record asks for has its path, whatever the host has there.
    if (dev && dev->type == SWL_MOUNT_TMPFS && record->host_devices) {
        OWNED int directory = open_in_root(root, "/dev", TARGET_EXISTING, 0);
        return directory < 0 ? fail(fault, SWL_STEP_DEVICES, "open /dev") : copy_host_devices("/dev", directory, 0, fault);
    }
    return 0;
}
