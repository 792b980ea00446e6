// The way into the pod's user namespace (hostUsers: false): from the host's root to a root that owns nothing of the host.
#include "child/steps.h"

#include <linux/securebits.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static uint32_t to_host(const struct swl_id_mapping *maps, size_t count, uint32_t id)
{
    for (size_t i = 0; i < count; i++) {
        if (id >= maps[i].container_id && id - maps[i].container_id < maps[i].size) {
            return maps[i].host_id + (id - maps[i].container_id);
        }
    }
    return UINT32_MAX;
}

uint32_t host_uid(const struct id_maps *ids, uint32_t uid)
{
    return ids ? to_host(ids->uids, ids->uid_count, uid) : uid;
}

uint32_t host_gid(const struct id_maps *ids, uint32_t gid)
{
    return ids ? to_host(ids->gids, ids->gid_count, gid) : gid;
}

int own_as_mapped_root(const struct child *child, struct fault *fault)
{
    if (!child->ids) {
        return 0;
    }
    // Without this bit the change of the file system uid would drop CAP_CHOWN, CAP_MKNOD and the like. Entering the namespace
    // clears the bit.
    if (prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0) != 0) {
        return fail(fault, SWL_STEP_USER_NAMESPACE, "keep capabilities over a change of the file system uid");
    }
    uint32_t uid = host_uid(child->ids, 0), gid = host_gid(child->ids, 0);
    setfsgid(gid);
    setfsuid(uid);
    // They do not report errors; called with an impossible id they return the current one.
    if ((uint32_t)setfsuid((uid_t)-1) != uid || (uint32_t)setfsgid((gid_t)-1) != gid) {
        return refuse(fault, SWL_STEP_USER_NAMESPACE, EPERM, "make files as host user %u and group %u", uid, gid);
    }
    return 0;
}

int become_namespace_root(struct fault *fault)
{
    if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, 0, 0, 0) != 0 || syscall(SYS_setresuid, 0, 0, 0) != 0) {
        return fail(fault, SWL_STEP_USER_NAMESPACE, "become root of the pod's user namespace");
    }
    return 0;
}

int enter_user_namespace(const struct child *child, struct fault *fault)
{
    if (!child->ids) {
        return 0;
    }
    if (setns(child->user, CLONE_NEWUSER) != 0) {
        return fail(fault, SWL_STEP_USER_NAMESPACE, "join the pod's user namespace");
    }
    return become_namespace_root(fault);
}
