// Copies of the sources of bind mounts, made in the mount namespace of the sources.
#include "child/steps.h"

#include <sched.h>
#include <sys/mount.h>

static struct mount_attr attributes_to_set(const struct swl_mount *mount)
{
    struct mount_attr attributes = {.attr_set = attributes_of(mount->attributes)};
    // Setting an access time mode replaces the whole field.
    attributes.attr_clr = attributes.attr_set & MOUNT_ATTR__ATIME ? MOUNT_ATTR__ATIME : 0;
    return attributes;
}

// Clones a source by the agent's descriptor, whose file cannot be exchanged any more. open_tree() refuses mounts of another mount
// namespace, hence before this process makes its own.
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

// The kernel copies only mounts of the caller's mount namespace.
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
