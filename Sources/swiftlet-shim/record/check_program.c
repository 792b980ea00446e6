// The identity of a program: arguments, user, capabilities, limits, filters.
#include "record/check.h"

#include <limits.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/resource.h>

#define DELETE 127

// The name becomes part of a command to the kernel.
static bool is_profile(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)name[i] < ' ' || name[i] == DELETE) {
            return false;
        }
    }
    return length > 0 && length <= APPARMOR_NAME_MAX && name[0] != ' ' && name[length - 1] != ' ';
}

int check_program(const struct record *record, struct fault *fault)
{
    const struct swl_capabilities *caps = &record->capabilities;
    if (!record->args.items[0][0]) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "args[0] is empty");
    }
    if (!is_path(record->cwd)) {
        return refuse_value(fault, "cwd is not absolute", record->cwd);
    }
    for (size_t i = 0; i < record->env.count; i++) {
        if (!strchr(record->env.items[i], '=')) {
            return refuse_value(fault, "env entry without '='", record->env.items[i]);
        }
    }
    if ((caps->effective & ~caps->permitted) || (caps->ambient & ~(caps->permitted & caps->inheritable))) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL,
                      "effective must be within permitted, ambient within permitted and inheritable");
    }
    for (size_t i = 0; i < record->rlimits.count; i++) {
        if (record->rlimits.items[i].resource >= RLIM_NLIMITS) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "rlimit number %u does not exist", record->rlimits.items[i].resource);
        }
    }
    if (record->user.uid == UINT32_MAX || record->user.gid == UINT32_MAX || record->groups.count > NGROUPS_MAX) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL,
                      "uid and gid must be below 4294967295, with at most 65536 supplementary groups");
    }
    if (record->seccomp.count / sizeof(struct sock_filter) > BPF_MAXINSNS) {
        return refuse(fault, SWL_STEP_RECORD, E2BIG, "the seccomp filter has more than %d instructions", BPF_MAXINSNS);
    }
    if (record->apparmor_profile && !is_profile(record->apparmor_profile)) {
        return refuse_value(fault, "this is not the name of an AppArmor profile", record->apparmor_profile);
    }
    return 0;
}
