extension SeccompProfile {
    /// `RuntimeDefault`: what ordinary programs need. Calls that reach the whole machine (modules, clocks, mounts, other processes'
    /// memory, new namespaces) are refused with EPERM unless the container holds the capability that the kernel asks for anyway.
    package static let runtimeDefault = SeccompProfile(
        defaultAction: .errno(eperm),
        rules: [
            Rule(names: files + attributes + memory + processes + signals + time + network + events + identity, action: .allow),
            // Before 4.8 ptrace could change a call after seccomp had looked at it.
            Rule(names: ["ptrace"], action: .allow, includes: Condition(minimumKernel: KernelVersion(major: 4, minor: 8))),
        ] + sockets + personalities + architectureRules + namespaceRules + capabilityRules)

    /// All but vsock, number 40, which reaches the hypervisor around every network policy. A filter compares 64 bits, the kernel takes the
    /// lower 32 for the family: a family is another one when one of the bits differs in which families differ.
    private static let sockets = (0..<6).map { bit in
        let mask: UInt64 = 1 << bit
        return Rule(names: ["socket"], action: .allow, arguments: [Argument(index: 0, value: mask, valueTwo: ~40 & mask, comparison: .maskedEqual)])
    }

    private static let eperm: UInt16 = 1
    private static let enosys: UInt16 = 38

    private static let files = [
        "access", "chdir", "chmod", "chown", "chown32", "close", "close_range", "copy_file_range", "creat", "dup", "dup2", "dup3", "faccessat",
        "faccessat2", "fadvise64", "fadvise64_64", "fallocate", "fchdir", "fchmod", "fchmodat", "fchmodat2", "fchown", "fchown32", "fchownat",
        "fcntl", "fcntl64", "fdatasync", "flock", "fstat", "fstat64", "fstatat64", "fstatfs", "fstatfs64", "fsync", "ftruncate", "ftruncate64",
        "futimesat", "getcwd", "getdents", "getdents64", "io_cancel", "io_destroy", "io_getevents", "io_pgetevents", "io_pgetevents_time64",
        "io_setup", "io_submit", "ioctl", "ioprio_get", "ioprio_set", "lchown", "lchown32", "link", "linkat", "_llseek", "lseek", "lstat",
        "lstat64", "mkdir", "mkdirat", "mknod", "mknodat", "name_to_handle_at", "newfstatat", "open", "openat", "openat2", "pipe", "pipe2",
        "pread64", "preadv", "preadv2", "pwrite64", "pwritev", "pwritev2", "read", "readahead", "readlink", "readlinkat", "readv", "rename",
        "renameat", "renameat2", "rmdir", "sendfile", "sendfile64", "splice", "stat", "stat64", "statfs", "statfs64", "statx", "symlink",
        "symlinkat", "sync", "sync_file_range", "syncfs", "tee", "truncate", "truncate64", "umask", "unlink", "unlinkat", "utime", "utimensat",
        "utimensat_time64", "utimes", "vmsplice", "write", "writev",
    ]

    private static let attributes = [
        "fgetxattr", "flistxattr", "fremovexattr", "fsetxattr", "getxattr", "getxattrat", "lgetxattr", "listxattr", "listxattrat", "llistxattr",
        "lremovexattr", "lsetxattr", "removexattr", "removexattrat", "setxattr", "setxattrat",
    ]

    private static let memory = [
        "brk", "cachestat", "madvise", "map_shadow_stack", "membarrier", "memfd_create", "memfd_secret", "mincore", "mlock", "mlock2", "mlockall",
        "mmap", "mmap2", "mprotect", "mremap", "mseal", "msync", "munlock", "munlockall", "munmap", "pkey_alloc", "pkey_free", "pkey_mprotect",
        "process_mrelease", "remap_file_pages", "shmat", "shmctl", "shmdt", "shmget",
    ]

    private static let processes = [
        "execve", "execveat", "exit", "exit_group", "fork", "get_robust_list", "get_thread_area", "getcpu", "getpgid", "getpgrp", "getpid",
        "getppid", "getpriority", "getrlimit", "getrusage", "getsid", "gettid", "landlock_add_rule", "landlock_create_ruleset",
        "landlock_restrict_self", "pidfd_open", "pidfd_send_signal", "prctl", "prlimit64", "rseq", "sched_get_priority_max",
        "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam", "sched_getscheduler", "sched_rr_get_interval",
        "sched_rr_get_interval_time64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield", "seccomp",
        "set_robust_list", "set_thread_area", "set_tid_address", "setpgid", "setpriority", "setrlimit", "setsid", "sysinfo", "ugetrlimit",
        "uname", "uretprobe", "vfork", "wait4", "waitid", "waitpid",
    ]

    private static let signals = [
        "kill", "pause", "restart_syscall", "rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigqueueinfo", "rt_sigreturn",
        "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64", "rt_tgsigqueueinfo", "sigaltstack", "signalfd", "signalfd4",
        "sigprocmask", "sigreturn", "tgkill", "tkill",
    ]

    private static let time = [
        "adjtimex", "alarm", "clock_adjtime", "clock_adjtime64", "clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64",
        "clock_nanosleep", "clock_nanosleep_time64", "getitimer", "gettimeofday", "nanosleep", "setitimer", "time", "timer_create",
        "timer_delete", "timer_getoverrun", "timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64", "timerfd_create",
        "timerfd_gettime", "timerfd_gettime64", "timerfd_settime", "timerfd_settime64", "times",
    ]

    private static let network = [
        "accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recv", "recvfrom", "recvmmsg",
        "recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown", "socketcall", "socketpair",
    ]

    private static let events = [
        "epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2", "epoll_wait", "epoll_wait_old", "eventfd",
        "eventfd2", "fanotify_mark", "futex", "futex_requeue", "futex_time64", "futex_wait", "futex_waitv", "futex_wake", "inotify_add_watch",
        "inotify_init", "inotify_init1", "inotify_rm_watch", "ipc", "mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive",
        "mq_timedreceive_time64", "mq_timedsend", "mq_timedsend_time64", "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd", "_newselect",
        "poll", "ppoll", "ppoll_time64", "pselect6", "pselect6_time64", "select", "semctl", "semget", "semop", "semtimedop",
        "semtimedop_time64",
    ]

    private static let identity = [
        "capget", "capset", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups", "getgroups32", "getrandom",
        "getresgid", "getresgid32", "getresuid", "getresuid32", "getuid", "getuid32", "setfsgid", "setfsgid32", "setfsuid", "setfsuid32",
        "setgid", "setgid32", "setgroups", "setgroups32", "setregid", "setregid32", "setresgid", "setresgid32", "setresuid", "setresuid32",
        "setreuid", "setreuid32", "setuid", "setuid32",
    ]

    /// Linux, Linux without address randomisation, the two with UNAME26, and the question for the present one.
    private static let personalities = [0x0, 0x8, 0x20000, 0x20008, 0xffff_ffff].map { (persona: UInt64) in
        Rule(names: ["personality"], action: .allow, arguments: [Argument(index: 0, value: persona, comparison: .equal)])
    }

    private static let architectureRules = [
        Rule(names: ["arch_prctl", "modify_ldt"], action: .allow, includes: Condition(architectures: ["amd64"])),
        Rule(
            names: ["arm_fadvise64_64", "arm_sync_file_range", "breakpoint", "cacheflush", "set_tls", "sync_file_range2"], action: .allow,
            includes: Condition(architectures: ["arm64"])),
        Rule(names: ["riscv_flush_icache", "riscv_hwprobe"], action: .allow, includes: Condition(architectures: ["riscv64"])),
    ]

    /// New namespaces are for CAP_SYS_ADMIN. clone3 hides its flags behind a pointer that a filter cannot follow: ENOSYS makes libraries use clone.
    private static let namespaceRules = [
        Rule(
            names: ["clone"], action: .allow,
            // CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET all clear.
            arguments: [Argument(index: 0, value: 0x7e02_0000, valueTwo: 0, comparison: .maskedEqual)],
            excludes: Condition(capabilities: ["CAP_SYS_ADMIN"])),
        Rule(names: ["clone3"], action: .errno(enosys), excludes: Condition(capabilities: ["CAP_SYS_ADMIN"])),
    ]

    private static let capabilityRules: [Rule] = [
        (
            "CAP_SYS_ADMIN",
            [
                "bpf", "clone", "clone3", "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "listmount", "lookup_dcookie", "mount",
                "mount_setattr", "move_mount", "open_tree", "perf_event_open", "quotactl", "quotactl_fd", "setdomainname", "sethostname", "setns",
                "statmount", "syslog", "umount", "umount2", "unshare",
            ]
        ),
        ("CAP_BPF", ["bpf"]),
        ("CAP_DAC_READ_SEARCH", ["open_by_handle_at"]),
        ("CAP_PERFMON", ["perf_event_open"]),
        ("CAP_SYS_BOOT", ["reboot"]),
        ("CAP_SYS_CHROOT", ["chroot"]),
        ("CAP_SYS_MODULE", ["delete_module", "finit_module", "init_module"]),
        ("CAP_SYS_NICE", ["get_mempolicy", "mbind", "set_mempolicy", "set_mempolicy_home_node"]),
        ("CAP_SYS_PACCT", ["acct"]),
        ("CAP_SYS_PTRACE", ["kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev"]),
        ("CAP_SYS_RAWIO", ["ioperm", "iopl"]),
        ("CAP_SYS_TIME", ["clock_settime", "clock_settime64", "settimeofday", "stime"]),
        ("CAP_SYS_TTY_CONFIG", ["vhangup"]),
        ("CAP_SYSLOG", ["syslog"]),
    ].map { capability, names in Rule(names: names, action: .allow, includes: Condition(capabilities: [capability])) }
}
