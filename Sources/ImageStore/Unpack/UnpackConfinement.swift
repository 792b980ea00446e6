import CLinux
import CSeccomp
import Glibc
import LinuxSystem

/// Confines the unpacking process, in case a hostile layer takes over libarchive: no name outside of its directory, no device to open, no
/// program to start, no socket, and none of root's dangerous system calls. Every step fails closed.
enum UnpackConfinement {
    /// Bytes of private memory; a zstd window takes 128 MiB at most.
    private static let memory: UInt64 = 1 << 30

    /// - Returns: the directory, as root of this process.
    static func enter(_ target: OwnedFileDescriptor, limits: ImageLimits) throws -> OwnedFileDescriptor {
        // A mount of the directory alone, attached nowhere: devices that a layer may create cannot be opened through it.
        let mount = try descriptorCall("open_tree") {
            target.withRawValue { swl_open_tree($0, "", SWL_OPEN_TREE_CLONE | SWL_OPEN_TREE_CLOEXEC | UInt32(SWL_AT_EMPTY_PATH)) }
        }
        target.close()
        let attributes = SWL_MOUNT_ATTR_NODEV | SWL_MOUNT_ATTR_NOSUID | SWL_MOUNT_ATTR_NOEXEC
        try systemCall("mount_setattr") {
            mount.withRawValue { swl_mount_setattr($0, "", UInt32(SWL_AT_EMPTY_PATH), attributes, 0, 0, -1) }
        }
        try systemCall("fchdir") { mount.withRawValue { fchdir($0) } }
        try systemCall("chroot") { chroot(".") }
        mount.close()
        let root = try OwnedFileDescriptor.open("/", O_RDONLY | O_DIRECTORY)
        _ = umask(0)

        try limit(RLIMIT_CORE, 0)
        try limit(RLIMIT_DATA, memory)
        try limit(RLIMIT_NOFILE, 1024)
        try limit(RLIMIT_FSIZE, UInt64(limits.unpackedBytes))
        // Later than the agent, which ends the process with a message.
        try limit(RLIMIT_CPU, UInt64(limits.unpackSeconds) + 60)
        // Last, because the steps above need calls that the filter forbids.
        try filterSystemCalls()
        return root
    }

    private static func limit(_ resource: __rlimit_resource, _ wanted: UInt64) throws(SystemError) {
        var current = rlimit()
        try systemCall("getrlimit") { getrlimit(__rlimit_resource_t(resource.rawValue), &current) }
        let value = min(rlim_t(wanted), current.rlim_max)
        var new = rlimit(rlim_cur: value, rlim_max: value)
        try systemCall("setrlimit") { setrlimit(__rlimit_resource_t(resource.rawValue), &new) }
    }

    /// Reading and writing files, making and removing names, owners, modes, attributes, times, memory, the end.
    private static let allowed = [
        "read", "pread64", "readv", "write", "pwrite64", "writev", "lseek", "close", "fcntl", "openat", "openat2", "open",
        "fstat", "fstatfs", "newfstatat", "statx", "lstat", "stat", "getdents64", "mkdirat", "mknodat", "symlinkat", "linkat", "unlinkat", "fchown",
        "fchownat",
        "fchmod", "fchmodat", "fsetxattr", "utimensat", "ftruncate", "syncfs", "mmap", "munmap", "mremap", "mprotect", "madvise", "brk",
        "futex", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sigaltstack", "exit", "exit_group", "getrandom", "clock_gettime",
        "getpid", "gettid", "tgkill", "sched_yield", "restart_syscall", "getuid", "geteuid", "getgid", "getegid", "rseq", "set_robust_list",
    ]

    /// Everything else fails with EPERM. Loading sets no_new_privs first.
    private static func filterSystemCalls() throws(SystemError) {
        // SCMP_ACT_ERRNO and SCMP_ACT_ALLOW are macros with casts.
        let refuse: UInt32 = 0x0005_0000 | UInt32(EPERM)
        let allow: UInt32 = 0x7fff_0000
        guard let filter = seccomp_init(refuse) else {
            throw SystemError(call: "seccomp_init", errno: ENOMEM)
        }
        defer { seccomp_release(filter) }
        for name in allowed {
            let number = seccomp_syscall_resolve_name(name)
            // Negative for a call that this architecture does not have.
            guard number >= 0 else { continue }
            try check(seccomp_rule_add_array(filter, allow, number, 0, nil), "seccomp_rule_add")
        }
        try check(seccomp_load(filter), "seccomp_load")
    }

    private static func check(_ result: Int32, _ call: String) throws(SystemError) {
        if result < 0 { throw SystemError(call: call, errno: -result) }
    }
}
