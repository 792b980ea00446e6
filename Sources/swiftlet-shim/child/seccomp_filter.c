// Decides whether a seccomp filter can be installed before the last steps. The filter is run here as the kernel will run it.
#include "child/steps.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#ifdef __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

// Runs the instructions that libseccomp emits. Every jump leads forward.
static uint32_t action_of(const struct sock_filter *filter, size_t count, const struct seccomp_data *call)
{
    uint32_t value = 0;
    for (size_t at = 0; at < count; at++) {
        const struct sock_filter *step = &filter[at];
        bool holds = false;
        switch (step->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            if (step->k > sizeof *call - sizeof value) {
                return SECCOMP_RET_KILL_PROCESS;
            }
            memcpy(&value, (const char *)call + step->k, sizeof value);
            continue;
        case BPF_ALU | BPF_AND | BPF_K:
            value &= step->k;
            continue;
        case BPF_JMP | BPF_JA:
            at += step->k;
            continue;
        case BPF_JMP | BPF_JEQ | BPF_K:
            holds = value == step->k;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            holds = value > step->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            holds = value >= step->k;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            holds = value & step->k;
            break;
        case BPF_RET | BPF_K:
            return step->k & SECCOMP_RET_ACTION_FULL;
        default:
            return SECCOMP_RET_KILL_PROCESS;
        }
        at += holds ? step->jt : step->jf;
    }
    return SECCOMP_RET_KILL_PROCESS;
}

bool filter_lets_start(const struct record *record)
{
    // From lower_privileges() to execve(), with the arguments that filters check.
    const struct {
        int number;
        uint64_t arguments[2];
    } calls[] = {
        {SYS_capset, {0}},
        {SYS_prctl, {PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL}},
        {SYS_prctl, {PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE}},
        {SYS_prctl, {PR_SET_DUMPABLE}},
        {SYS_clone, {APPEAR_FLAGS}},
        {SYS_sendmsg, {0}},
        {SYS_exit_group, {0}},
        {SYS_close, {0}},
        {SYS_read, {0}},
        {SYS_setsid, {0}},
        {SYS_ioctl, {0, TIOCSCTTY}},
        {SYS_prctl, {PR_SET_PDEATHSIG, SIGKILL}},
        {SYS_newfstatat, {0}},
        {SYS_faccessat2, {0}},
        {SYS_umask, {0}},
        {SYS_write, {0}},
        {SYS_execve, {0}},
    };
    const struct sock_filter *filter = (const struct sock_filter *)record->seccomp.items;
    size_t count = record->seccomp.count / sizeof *filter;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        struct seccomp_data call = {.nr = calls[i].number, .arch = ARCHITECTURE};
        memcpy(call.args, calls[i].arguments, sizeof calls[i].arguments);
        uint32_t action = action_of(filter, count, &call);
        if (action != SECCOMP_RET_ALLOW && action != SECCOMP_RET_LOG) {
            return false;
        }
    }
    return true;
}
