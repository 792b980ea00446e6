// The namespaces of a container's first process, except pid and user: the pause's, given ones, new ones.
#include "child/steps.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <time.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

// The pause holds these namespaces. In a pod on the host's network the pause is in the host's namespace, and joining it changes
// nothing.
int join_sandbox(const struct child *child, struct fault *fault)
{
    if (setns(child->sandbox, CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "join the sandbox's network, ipc and uts namespaces");
    }
    return 0;
}

// A new time namespace is for the caller's children. The caller sets its clocks first and then joins it.
static int make_time_namespace(const struct child *child, struct fault *fault)
{
    const struct record *record = child->record;
    char text[256];
    size_t length = 0;
    for (size_t i = 0; i < record->time_offsets.count; i++) {
        const struct swl_time_offset *offset = &record->time_offsets.items[i];
        length += (size_t)snprintf(text + length, sizeof text - length, "%u %lld %u\n", offset->clock, (long long)offset->seconds,
                                   offset->nanoseconds);
    }
    if (unshare(CLONE_NEWTIME) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "make a time namespace");
    }
    if (length && procfs_write(child->proc, "self/timens_offsets", text) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "set the clocks of the new time namespace");
    }
    OWNED int made = openat(child->proc, "self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
    return made >= 0 && setns(made, CLONE_NEWTIME) == 0 ? 0 : fail(fault, SWL_STEP_NAMESPACES, "join the new time namespace");
}

// The kernel checks the kind of each.
static int join_given(const struct child *child, struct fault *fault)
{
    const struct record *record = child->record;
    const int *next = child->namespaces + (record->namespaces.pid == SWL_NS_GIVEN);
    if (record->namespaces.cgroup == SWL_NS_GIVEN && setns(*next++, CLONE_NEWCGROUP) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "join the given cgroup namespace");
    }
    if (record->time_namespace == SWL_NS_GIVEN && setns(*next, CLONE_NEWTIME) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "join the given time namespace");
    }
    return 0;
}

int make_namespaces(const struct child *child, struct fault *fault)
{
    const struct record *record = child->record;
    if (join_given(child, fault) != 0) {
        return -1;
    }
    if (record->time_namespace == SWL_NS_NEW && make_time_namespace(child, fault) != 0) {
        return -1;
    }
    // The root of the cgroup namespace is the current cgroup, which is the container's.
    int flags = CLONE_NEWNS | (record->namespaces.cgroup == SWL_NS_NEW ? CLONE_NEWCGROUP : 0);
    if (unshare(flags) != 0) {
        return fail(fault, SWL_STEP_NAMESPACES, "make mount and cgroup namespaces");
    }
    // No mount or unmount from here may reach the host.
    unsigned long mode = record->rootfs_propagation == SWL_PROPAGATION_SLAVE ? MS_SLAVE : MS_PRIVATE;
    if (mount(NULL, "/", NULL, MS_REC | mode, NULL) != 0) {
        return fail(fault, SWL_STEP_PROPAGATION, "change the propagation of /");
    }
    return 0;
}
