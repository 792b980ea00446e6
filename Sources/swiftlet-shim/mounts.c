#include "child.h"

#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif

static uint64_t attributes_of(uint32_t flags)
{
    return (flags & (SWL_ATTR_READONLY | SWL_ATTR_RECURSIVE_READONLY) ? MOUNT_ATTR_RDONLY : 0) |
           (flags & SWL_ATTR_NOSUID ? MOUNT_ATTR_NOSUID : 0) | (flags & SWL_ATTR_NODEV ? MOUNT_ATTR_NODEV : 0) |
           (flags & SWL_ATTR_NOEXEC ? MOUNT_ATTR_NOEXEC : 0) | (flags & SWL_ATTR_NOATIME ? MOUNT_ATTR_NOATIME : 0) |
           (flags & SWL_ATTR_STRICTATIME ? MOUNT_ATTR_STRICTATIME : 0) |
           (flags & SWL_ATTR_NODIRATIME ? MOUNT_ATTR_NODIRATIME : 0) |
           (flags & SWL_ATTR_NOSYMFOLLOW ? MOUNT_ATTR_NOSYMFOLLOW : 0);
}

// For people; the rest is told by number.
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

static struct mount_attr attributes_to_set(const struct swl_mount *mount)
{
    struct mount_attr attributes = {.attr_set = attributes_of(mount->attributes)};
    // Setting an access time mode means replacing the whole field.
    attributes.attr_clr = attributes.attr_set & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0;
    return attributes;
}

// A descriptor that the agent opened: nobody can exchange the file behind it any more. open_tree() refuses mounts of another mount
// namespace, hence before the own one is made.
static int clone_source(int source, const struct mount_spec *mount, int user, struct fault *fault)
{
    const struct swl_mount *fixed = &mount->fixed;
    unsigned recursive = fixed->attributes & SWL_ATTR_NOT_RECURSIVE ? 0 : AT_RECURSIVE;
    OWNED int tree = open_tree(source, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive);
    if (tree < 0) {
        return fail(fault, SWL_STEP_MOUNT, "clone the source of \"%.300s\"", mount->destination);
    }
    static const uint64_t propagations[] = {MS_PRIVATE, MS_SLAVE, MS_SHARED, MS_UNBINDABLE};
    struct mount_attr all = {.propagation = propagations[fixed->propagation]};
    struct mount_attr top = attributes_to_set(fixed);
    if (fixed->attributes & SWL_ATTR_RECURSIVE_READONLY) {
        all.attr_set = MOUNT_ATTR_RDONLY;
    }
    unsigned below = fixed->attributes & SWL_ATTR_RECURSIVE ? recursive : 0;
    if (mount_setattr(tree, "", AT_EMPTY_PATH | recursive, &all, sizeof all) != 0 ||
        (top.attr_set && mount_setattr(tree, "", AT_EMPTY_PATH | below, &top, sizeof top) != 0)) {
        return fail(fault, SWL_STEP_MOUNT, "set the attributes of \"%.300s\"", mount->destination);
    }
    if ((fixed->attributes & SWL_ATTR_IDMAPPED) && shift_owners(tree, below, user, mount->destination, fault) != 0) {
        return -1;
    }
    return take(&tree);
}

// The kernel copies only mounts of the own mount namespace.
static int clone_procfs(const struct child *child, const struct mount_spec *mount, struct fault *fault)
{
    OWNED int own = openat(child->proc, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
    if (own < 0 || setns(child->procfs, CLONE_NEWNS) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "enter the mount namespace of the pod's proc file system");
    }
    struct mount_attr attributes = attributes_to_set(&mount->fixed);
    OWNED int tree = open_tree(AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (tree < 0 || mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0) {
        return fail(fault, SWL_STEP_MOUNT, "copy the mount of the pod's proc file system");
    }
    return setns(own, CLONE_NEWNS) == 0 ? take(&tree) : fail(fault, SWL_STEP_NAMESPACES, "return to the host's mount namespace");
}

int clone_sources(const struct child *child, int *trees, struct fault *fault)
{
    const struct record *record = child->record;
    for (size_t i = 0; i < record->mounts.count; i++) {
        const struct mount_spec *mount = &record->mounts.items[i];
        trees[i] = -1;
        if (mount->fixed.type == SWL_MOUNT_PROC && child->procfs >= 0 && !mount->data[0] &&
            (trees[i] = clone_procfs(child, mount, fault)) < 0) {
            return -1;
        }
        if (mount->fixed.type != SWL_MOUNT_BIND) {
            continue;
        }
        if (mount->fixed.source >= child->source_count) {
            return refuse(fault, SWL_STEP_MOUNT, EINVAL, "mount \"%.200s\" wants source %u of %zu", mount->destination,
                          mount->fixed.source, child->source_count);
        }
        trees[i] = clone_source(child->sources[mount->fixed.source], mount, child->user, fault);
        if (trees[i] < 0) {
            return -1;
        }
    }
    return 0;
}

// The kernel takes the ids of whoever mounts, which here is still the host's root.
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

// `pids` is the pid namespace that a proc file system is to show, -1 for the own one.
static int mount_with(const char *type, const char *options, uint64_t attributes, const struct id_maps *ids, int pids)
{
    OWNED int context = fsopen(type, FSOPEN_CLOEXEC);
    // The source is what tools show in the first column of /proc/mounts.
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

static const struct {
    const char *name, *options;
} file_systems[] = {
    [SWL_MOUNT_PROC] = {"proc", ""},       [SWL_MOUNT_SYSFS] = {"sysfs", ""},
    [SWL_MOUNT_CGROUP2] = {"cgroup2", ""}, [SWL_MOUNT_DEVPTS] = {"devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5"},
    [SWL_MOUNT_TMPFS] = {"tmpfs", ""},     [SWL_MOUNT_MQUEUE] = {"mqueue", ""},
};

// /proc and /sys decide what later steps read and write: they may only be mounted on a real directory, never through a link that an
// image made (CVE-2019-19921).
static bool must_be_plain(uint32_t type)
{
    return type == SWL_MOUNT_PROC || type == SWL_MOUNT_SYSFS;
}

// Nothing may be mounted over files of /proc (CVE-2019-16884), except those that lxcfs and the like replace.
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
    // The namespace that this process is in is the host's then: never shown to a container.
    if (type == SWL_MOUNT_PROC && child->appears) {
        pids = openat(child->proc, "self/ns/pid_for_children", O_RDONLY | O_CLOEXEC);
        if (pids < 0) {
            return fail(fault, SWL_STEP_MOUNT, "open the pid namespace for \"%.200s\"", mount->destination);
        }
    }
    // A tmpfs is empty: what is to be in it, mount points and devices, is made first, see protect_mounts().
    uint64_t attributes = attributes_of(mount->fixed.attributes) & ~(uint64_t)(type == SWL_MOUNT_TMPFS ? MOUNT_ATTR_RDONLY : 0);
    OWNED int tree = mount_with(name, mount->data[0] ? mount->data : file_systems[type].options, attributes, child->ids, pids);
    if (tree < 0) {
        return fail(fault, SWL_STEP_MOUNT, "make a %s with options \"%.100s\" for \"%.200s\"", name, mount->data,
                    mount->destination);
    }
    // These two ignore whom new files belong to.
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
