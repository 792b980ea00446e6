// swiftlet-pause: holds the namespaces of a pod. It uses no C library, so it costs few pages. As PID 1 of a shared pid namespace
// it reaps every orphan; SIGTERM and SIGINT end it with code 0.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__)
#define MACHINE AUDIT_ARCH_X86_64
enum { SYS_rt_sigprocmask = 14, SYS_wait4 = 61, SYS_rt_sigtimedwait = 128, SYS_prctl = 157, SYS_exit_group = 231 };

static long call(long number, long a, long b, long c, long d)
{
    long result;
    register long r10 __asm__("r10") = d;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10) : "rcx", "r11", "memory");
    return result;
}

__asm__(".globl _start\n_start:\n xor %ebp,%ebp\n and $-16,%rsp\n call run\n");
#elif defined(__aarch64__)
#define MACHINE AUDIT_ARCH_AARCH64
enum { SYS_exit_group = 94, SYS_rt_sigprocmask = 135, SYS_rt_sigtimedwait = 137, SYS_prctl = 167, SYS_wait4 = 260 };

static long call(long number, long a, long b, long c, long d)
{
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}

__asm__(".globl _start\n_start:\n mov x29, xzr\n bl run\n");
#else
#error "swiftlet-pause knows x86_64 and aarch64"
#endif

enum { SIGINT = 2, SIGTERM = 15, SIGCHLD = 17, SIG_BLOCK = 0, WNOHANG = 1, EINTR = 4 };

// The only system calls for the rest of its life. Any other call ends it: another program would be running in its place.
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
static const struct sock_filter filter[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MACHINE, 1, 0), // numbers mean other calls on other architectures
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_sigtimedwait, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_wait4, 2, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

// Signals are blocked and waited for: PID 1 ignores signals without a handler, but keeps blocked ones.
__attribute__((used, noreturn)) void run(void)
{
    uint64_t set = 1ULL << (SIGINT - 1) | 1ULL << (SIGTERM - 1) | 1ULL << (SIGCHLD - 1);
    call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&set, 0, sizeof set);
    // The exec has made it dumpable. In a shared pid namespace a container of the same user could trace it, and through it act on
    // the pod's namespaces.
    if (call(SYS_prctl, PR_SET_DUMPABLE, 0, 0, 0) != 0) {
        call(SYS_exit_group, 1, 0, 0, 0);
    }
    // Allowed without privileges by no_new_privs, which the shim has set.
    struct sock_fprog program = {sizeof filter / sizeof *filter, (struct sock_filter *)filter};
    if (call(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, (long)&program, 0) != 0) {
        call(SYS_exit_group, 1, 0, 0, 0);
    }
    for (;;) {
        while (call(SYS_wait4, -1, 0, WNOHANG, 0) > 0) {
        }
        long number = call(SYS_rt_sigtimedwait, (long)&set, 0, 0, sizeof set);
        if (number == SIGINT || number == SIGTERM) {
            call(SYS_exit_group, 0, 0, 0, 0);
        }
    }
}
