// User, capabilities, seccomp. Raw system calls: glibc would look for threads, and the shim has none.
#include "child/steps.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

// Bits of a capability set.
#define CAPABILITIES_MAX 64

// Refuses numbers that the kernel does not know: a requested capability that is not given is an error.
static int last_capability(void)
{
    int last = 0;
    while (last < CAPABILITIES_MAX - 1 && prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0) {
        last++;
    }
    return last;
}

int drop_bounding_set(const struct swl_capabilities *capabilities, struct fault *fault)
{
    int last = last_capability();
    uint64_t known = last == CAPABILITIES_MAX - 1 ? UINT64_MAX : ((uint64_t)1 << (last + 1)) - 1;
    uint64_t all = capabilities->bounding | capabilities->effective | capabilities->inheritable | capabilities->permitted |
                   capabilities->ambient;
    if (all & ~known) {
        return refuse(fault, SWL_STEP_CAPABILITIES, EINVAL, "capabilities %#llx are beyond the kernel's last one, %d",
                      (unsigned long long)(all & ~known), last);
    }
    for (int number = 0; number <= last; number++) {
        if (!(capabilities->bounding >> number & 1) && prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) {
            return fail(fault, SWL_STEP_CAPABILITIES, "drop capability %d from the bounding set", number);
        }
    }
    return 0;
}

static const char *unmapped(void)
{
    return errno == EINVAL ? ", which the pod's id mappings do not contain" : "";
}

int change_user(const struct record *record, struct fault *fault)
{
    // The permitted set survives the change of uid, so that the exact sets can be installed afterwards.
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) {
        return fail(fault, SWL_STEP_CAPABILITIES, "keep capabilities");
    }
    // EINVAL: an id that the pod's user namespace does not map.
    if (syscall(SYS_setgroups, record->groups.count, record->groups.items) != 0) {
        return fail(fault, SWL_STEP_USER, "set %zu supplementary groups%s", record->groups.count, unmapped());
    }
    uint32_t gid = record->user.gid, uid = record->user.uid;
    if (syscall(SYS_setresgid, gid, gid, gid) != 0) {
        return fail(fault, SWL_STEP_USER, "become group %u%s", gid, unmapped());
    }
    if (syscall(SYS_setresuid, uid, uid, uid) != 0) {
        return fail(fault, SWL_STEP_USER, "become user %u%s", uid, unmapped());
    }
    if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) != 0) {
        return fail(fault, SWL_STEP_CAPABILITIES, "stop keeping capabilities");
    }
    return 0;
}

static int capset(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {
        {(uint32_t)effective, (uint32_t)permitted, (uint32_t)inheritable},
        {(uint32_t)(effective >> 32), (uint32_t)(permitted >> 32), (uint32_t)(inheritable >> 32)},
    };
    return (int)syscall(SYS_capset, &header, data);
}

int set_capabilities(const struct swl_capabilities *capabilities, struct fault *fault)
{
    if (capset(capabilities->effective, capabilities->permitted, capabilities->inheritable) != 0) {
        return fail(fault, SWL_STEP_CAPABILITIES, "set effective %#llx permitted %#llx inheritable %#llx",
                    (unsigned long long)capabilities->effective, (unsigned long long)capabilities->permitted,
                    (unsigned long long)capabilities->inheritable);
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
        return fail(fault, SWL_STEP_CAPABILITIES, "clear the ambient set");
    }
    for (int number = 0; number < CAPABILITIES_MAX; number++) {
        if ((capabilities->ambient >> number & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0) != 0) {
            return fail(fault, SWL_STEP_CAPABILITIES, "raise ambient capability %d", number);
        }
    }
    return 0;
}

int lower_privileges(const struct record *record, bool filtered, struct fault *fault)
{
    if (record->seccomp.count == 0 || record->no_new_privileges || filtered) {
        return set_capabilities(&record->capabilities, fault);
    }
    const struct swl_capabilities *wanted = &record->capabilities;
    uint64_t left = wanted->permitted | (uint64_t)1 << CAP_SYS_ADMIN;
    return capset(left, left, wanted->inheritable) == 0 ? 0 : fail(fault, SWL_STEP_CAPABILITIES, "capset");
}

static int regain_effective(struct fault *fault)
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0) {
        return fail(fault, SWL_STEP_CAPABILITIES, "capget");
    }
    uint64_t permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
    uint64_t inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
    return capset(permitted, permitted, inheritable) == 0 ? 0 : fail(fault, SWL_STEP_CAPABILITIES, "capset");
}

// Takes effect at the next exec. Every kernel that has AppArmor and the mount calls that the shim needs has this directory; the
// older /proc/self/attr/exec belongs to the first security module.
int set_apparmor_profile(const struct child *child, struct fault *fault)
{
    const char *profile = child->record->apparmor_profile;
    char command[APPARMOR_NAME_MAX + 8];
    if (!profile) {
        return 0;
    }
    if (faccessat(child->proc, "self/attr/apparmor", F_OK, 0) != 0) {
        return refuse(fault, SWL_STEP_APPARMOR, ENOTSUP,
                      "AppArmor profile \"%.200s\" is wanted, but AppArmor is not enabled in this kernel", profile);
    }
    snprintf(command, sizeof command, "exec %s", profile);
    if (procfs_write(child->proc, "self/attr/apparmor/exec", command) != 0) {
        return errno == ENOENT
                   ? refuse(fault, SWL_STEP_APPARMOR, ENOENT, "AppArmor profile \"%.200s\" is not loaded, see apparmor_parser(8)",
                            profile)
                   : fail(fault, SWL_STEP_APPARMOR, "confine the program by the AppArmor profile \"%.200s\"", profile);
    }
    return 0;
}

// Without no_new_privs the kernel requires CAP_SYS_ADMIN for a filter, and the change of uid has cleared the effective set.
int install_seccomp(const struct record *record, struct fault *fault)
{
    if (record->seccomp.count == 0) {
        return 0;
    }
    if (!record->no_new_privileges && regain_effective(fault) != 0) {
        return -1;
    }
    struct sock_fprog program = {
        .len = (unsigned short)(record->seccomp.count / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)record->seccomp.items,
    };
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, record->seccomp_flags, &program) != 0) {
        return fail(fault, SWL_STEP_SECCOMP, "install the filter of %u instructions", program.len);
    }
    return 0;
}
