// The kernel's treatment of a program beside others, and the personality of the kernel that it sees. Both survive exec.
#include "child/steps.h"

#include <linux/ioprio.h>
#include <linux/sched.h>
#include <sys/personality.h>
#include <sys/syscall.h>

// The kernel's struct since Linux 4.14; glibc has no name for it yet.
struct scheduling {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t clamp_minimum, clamp_maximum;
};

int set_scheduling(const struct child *child, struct fault *fault)
{
    const struct record *record = child->record;
    if (record_has(record, SWL_TAG_PROCESS_CPU_AFFINITY) &&
        syscall(SYS_sched_setaffinity, 0, record->cpu_affinity.count, record->cpu_affinity.items) < 0) {
        return fail(fault, SWL_STEP_SCHEDULING, "set the CPU affinity");
    }
    if (record_has(record, SWL_TAG_PROCESS_SCHEDULER)) {
        const struct swl_scheduler *wanted = &record->scheduler;
        // The clone in appear() would lose both.
        if (child->appears && (wanted->policy == SCHED_DEADLINE || (wanted->flags & SCHED_FLAG_RESET_ON_FORK))) {
            return refuse(fault, SWL_STEP_SCHEDULING, EOPNOTSUPP,
                          "SCHED_DEADLINE and SCHED_FLAG_RESET_ON_FORK are for the first process of a pid namespace");
        }
        struct scheduling scheduling = {.size = sizeof scheduling,
                                        .policy = wanted->policy,
                                        .flags = wanted->flags,
                                        .nice = wanted->nice,
                                        .priority = wanted->priority,
                                        .runtime = wanted->runtime,
                                        .deadline = wanted->deadline,
                                        .period = wanted->period};
        if (syscall(SYS_sched_setattr, 0, &scheduling, 0) != 0) {
            return fail(fault, SWL_STEP_SCHEDULING, "set the scheduler to policy %u, nice %d, priority %u", wanted->policy,
                        wanted->nice, wanted->priority);
        }
    }
    if (record_has(record, SWL_TAG_PROCESS_IO_PRIORITY) &&
        syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, record->io_priority) != 0) {
        return fail(fault, SWL_STEP_SCHEDULING, "set the I/O priority to class %u, level %u",
                    (unsigned)IOPRIO_PRIO_CLASS(record->io_priority), (unsigned)IOPRIO_PRIO_DATA(record->io_priority));
    }
    if (record_has(record, SWL_TAG_PROCESS_PERSONALITY) && personality(record->personality) < 0) {
        return fail(fault, SWL_STEP_SCHEDULING, "set the personality to %#x", record->personality);
    }
    return 0;
}
