// The mounts of a container, in the order of its record.
#include "child/steps.h"

#include <linux/magic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static const struct {
    const char *name, *options;
} file_systems[] = {
    [SWL_MOUNT_PROC] = {"proc", ""},       [SWL_MOUNT_SYSFS] = {"sysfs", ""},
    [SWL_MOUNT_CGROUP2] = {"cgroup2", ""}, [SWL_MOUNT_DEVPTS] = {"devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5"},
    [SWL_MOUNT_TMPFS] = {"tmpfs", ""},     [SWL_MOUNT_MQUEUE] = {"mqueue", ""},
};

// /proc and /sys decide where later steps read and write. They may only be mounted on a real directory, never through a link that
// an image made (CVE-2019-19921).
static bool must_be_plain(uint32_t type)
{
    return type == SWL_MOUNT_PROC || type == SWL_MOUNT_SYSFS;
}

// Refuses mounts over files of /proc (CVE-2019-16884), except the files that lxcfs and the like replace.
static bool forbidden_in_proc(int target, const char *destination)
{
    static const char *const allowed[] = {"/proc/cpuinfo", "/proc/diskstats", "/proc/meminfo", "/proc/stat",
                                          "/proc/swaps",   "/proc/uptime",    "/proc/loadavg", "/proc/slabinfo"};
    struct statfs status;
    if (fstatfs(target, &status) != 0) {
        return true;
    }
    if (status.f_type != PROC_SUPER_MAGIC) {
        return false;
    }
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        if (strcmp(destination, allowed[i]) == 0) {
            return false;
        }
    }
    return true;
}

static int make_tree(const struct child *child, const struct mount_spec *mount, struct fault *fault)
{
    uint32_t type = mount->fixed.type;
    const char *name = file_systems[type].name;
    OWNED int pids = -1;
    // This process is in the host's pid namespace, which a container must never see.
    if (type == SWL_MOUNT_PROC && child->appears) {
        pids = openat(child->proc, "self/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
        if (pids < 0) {
            return fail(fault, SWL_STEP_MOUNT, "open the pid namespace for \"%.200s\"", mount->destination);
        }
    }
    // A tmpfs starts empty: its mount points and devices are made before it becomes read-only, see protect_mounts().
    uint64_t attributes = attributes_of(mount->fixed.attributes) & ~(uint64_t)(type == SWL_MOUNT_TMPFS ? MOUNT_ATTR_RDONLY : 0);
    OWNED int tree = mount_with(name, mount->data[0] ? mount->data : file_systems[type].options, attributes, child->ids, pids);
    if (tree < 0) {
        return fail(fault, SWL_STEP_MOUNT, "make a %s with options \"%.100s\" for \"%.200s\"", name, mount->data,
                    mount->destination);
    }
    // These two file systems ignore the owner of new files.
    bool terminals = type == SWL_MOUNT_DEVPTS;
    if (child->ids && (terminals || type == SWL_MOUNT_MQUEUE)) {
        uint32_t uid = host_uid(child->ids, 0), gid = host_gid(child->ids, 0);
        if (fchownat(tree, "", uid, gid, AT_EMPTY_PATH) != 0 || (terminals && fchownat(tree, "ptmx", uid, gid, 0) != 0)) {
            return fail(fault, SWL_STEP_MOUNT, "give \"%.300s\" to the container's root", mount->destination);
        }
    }
    return take(&tree);
}

static int open_target(const struct mount_spec *mount, int root, enum target_kind kind, struct fault *fault)
{
    const char *destination = mount->destination;
    OWNED int target = open_in_root(root, destination, kind, 0755);
    if (target < 0) {
        return fail(fault, SWL_STEP_MOUNT, "open or make the mount point \"%.300s\"", destination);
    }
    if (must_be_plain(mount->fixed.type)) {
        close_owned(&target);
        target = sys_openat2(root, destination + 1, O_PATH | O_DIRECTORY, 0, RESOLVE_PLAIN_BENEATH);
        if (target < 0) {
            return fail(fault, SWL_STEP_MOUNT, "\"%.300s\" of the image must be a directory, not a link", destination);
        }
    }
    if (mount->fixed.type != SWL_MOUNT_PROC && forbidden_in_proc(target, destination)) {
        return refuse(fault, SWL_STEP_MOUNT, EPERM, "mounting on \"%.300s\", which is inside /proc, is not allowed", destination);
    }
    return take(&target);
}

static int mount_one(const struct child *child, const struct mount_spec *mount, int root, int *bind_tree, struct fault *fault)
{
    enum target_kind kind = TARGET_DIRECTORY;
    OWNED int tree = take(bind_tree);
    if (mount->fixed.type == SWL_MOUNT_BIND) {
        struct stat status;
        if (fstat(tree, &status) != 0) {
            return fail(fault, SWL_STEP_MOUNT, "stat the source of \"%.300s\"", mount->destination);
        }
        if (S_ISLNK(status.st_mode)) {
            return refuse(fault, SWL_STEP_MOUNT, ELOOP, "the source of \"%.300s\" is a symbolic link, not what it leads to",
                          mount->destination);
        }
        kind = S_ISDIR(status.st_mode) ? TARGET_DIRECTORY : TARGET_FILE;
    } else if (tree < 0) {
        tree = make_tree(child, mount, fault);
    }
    OWNED int target = tree < 0 ? -1 : open_target(mount, root, kind, fault);
    if (target < 0) {
        return -1;
    }
    if (attach(tree, target) != 0) {
        return fail(fault, SWL_STEP_MOUNT, "mount on \"%.300s\"", mount->destination);
    }
    return 0;
}

int mount_all(const struct child *child, int root, int *trees, struct fault *fault)
{
    for (size_t i = 0; i < child->record->mounts.count; i++) {
        if (mount_one(child, &child->record->mounts.items[i], root, &trees[i], fault) != 0) {
            return -1;
        }
    }
    return 0;
}
