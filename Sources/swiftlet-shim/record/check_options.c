// Checks of rarely used options: clocks, hooks, device rules, scheduling.
#include "record/check.h"

#include <linux/ioprio.h>
#include <linux/sched.h>
#include <string.h>
#include <time.h>

static int check_time(const struct record *record, struct fault *fault)
{
    uint32_t mode = record->time_namespace;
    if (mode != SWL_NS_HOST && mode != SWL_NS_NEW && mode != SWL_NS_GIVEN) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "a time namespace is new, given or the host's, not %u", mode);
    }
    if (record->time_offsets.count > (mode == SWL_NS_NEW ? 2 : 0)) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "%zu time offsets: they are for the two clocks of a new time namespace",
                      record->time_offsets.count);
    }
    for (size_t i = 0; i < record->time_offsets.count; i++) {
        const struct swl_time_offset *offset = &record->time_offsets.items[i];
        if ((offset->clock != CLOCK_MONOTONIC && offset->clock != CLOCK_BOOTTIME) || offset->nanoseconds >= NS_PER_S) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "the offset of clock %u and %u ns is not valid", offset->clock,
                          offset->nanoseconds);
        }
    }
    return 0;
}

static int check_hooks(const struct record *record, struct fault *fault)
{
    size_t arguments = record->hook_arguments.count, variables = record->hook_variables.count;
    for (size_t i = 0; i < record->hooks.count; i++) {
        const struct swl_hook *hook = &record->hooks.items[i].fixed;
        const char *path = record->hooks.items[i].path;
        bool creates = hook->moment == SWL_HOOK_CREATE_CONTAINER;
        if (path[0] != '/' || (!creates && hook->moment != SWL_HOOK_START_CONTAINER)) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "the hook \"%.200s\" at moment %u is not valid", path, hook->moment);
        }
        // Until the root has changed, the mount namespace belongs to the host's root. A hook of the pod's user could do nothing
        // in it, and the record does not ask for a hook of the host's root.
        if (creates && record->namespaces.user != SWL_NS_HOST) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL,
                          "the hook \"%.200s\" cannot be run in a user namespace before the root has changed", path);
        }
        if (!creates && !(record->hold & SWL_HOLD_EXEC)) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL,
                          "the hook \"%.200s\" at the start needs a launch that is held before its exec", path);
        }
        if (hook->argument_count > arguments || hook->variable_count > variables || hook->argument_count == 0) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "the hook \"%.200s\" has no arguments, or more than there are", path);
        }
        arguments -= hook->argument_count;
        variables -= hook->variable_count;
    }
    return arguments == 0 && variables == 0
               ? 0
               : refuse(fault, SWL_STEP_RECORD, EINVAL, "%zu arguments and variables do not belong to any hook",
                        arguments + variables);
}

static int check_device_rules(const struct record *record, struct fault *fault)
{
    for (size_t i = 0; i < record->device_rules.count; i++) {
        const struct swl_device_rule *rule = &record->device_rules.items[i];
        bool all = rule->type == 'a';
        if ((!all && rule->type != 'b' && rule->type != 'c') || rule->allow > 1 || rule->access == 0 ||
            (rule->access & ~(uint32_t)(SWL_DEVICE_READ | SWL_DEVICE_WRITE)) ||
            (rule->major != SWL_DEVICE_ANY && rule->major > INT32_MAX) ||
            (rule->minor != SWL_DEVICE_ANY && rule->minor > INT32_MAX)) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "device rule %zu is not valid", i);
        }
    }
    return 0;
}

static int check_scheduling(const struct record *record, struct fault *fault)
{
    const struct swl_scheduler *scheduler = &record->scheduler;
    if (scheduler->policy > SCHED_DEADLINE || scheduler->flags > SCHED_FLAG_ALL) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "scheduler policy %u with flags %#llx does not exist", scheduler->policy,
                      (unsigned long long)scheduler->flags);
    }
    if (IOPRIO_PRIO_CLASS(record->io_priority) > IOPRIO_CLASS_IDLE || record->io_priority > UINT16_MAX) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "I/O priority %#x does not exist", record->io_priority);
    }
    return 0;
}

int check_options(const struct record *record, struct fault *fault)
{
    return check_time(record, fault) != 0 || check_hooks(record, fault) != 0 || check_device_rules(record, fault) != 0 ||
                   check_scheduling(record, fault) != 0
               ? -1
               : 0;
}
