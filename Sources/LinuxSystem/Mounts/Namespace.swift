import CLinux
import Glibc

/// A namespace held open by a descriptor. It exists while a descriptor holds it, even without a process in it.
package struct Namespace: Sendable {
    package enum Kind: String, Sendable, CaseIterable {
        case net, mnt, pid, ipc, uts, user, cgroup

        /// The CLONE_NEW* flag.
        package var flag: Int32 {
            switch self {
            case .net: SWL_CLONE_NEWNET
            case .mnt: SWL_CLONE_NEWNS
            case .pid: SWL_CLONE_NEWPID
            case .ipc: SWL_CLONE_NEWIPC
            case .uts: SWL_CLONE_NEWUTS
            case .user: SWL_CLONE_NEWUSER
            case .cgroup: SWL_CLONE_NEWCGROUP
            }
        }
    }

    package let kind: Kind
    package let descriptor: OwnedFileDescriptor

    package init(_ kind: Kind, descriptor: OwnedFileDescriptor) {
        self.kind = kind
        self.descriptor = descriptor
    }

    /// By path, e.g. `/run/netns/x` or `/proc/1/ns/net`.
    package init(_ kind: Kind, path: String) throws(SystemError) {
        self.init(kind, descriptor: try .open(path, O_RDONLY))
    }

    /// The namespace of a process.
    package init(_ kind: Kind, ofProcess pid: Int32) throws(SystemError) {
        try self.init(kind, path: "/proc/\(pid)/ns/\(kind.rawValue)")
    }

    /// The namespace of the calling thread.
    package static func current(_ kind: Kind) throws(SystemError) -> Namespace {
        try Namespace(kind, path: "/proc/thread-self/ns/\(kind.rawValue)")
    }

    /// Makes a namespace without a process in it (network, IPC or UTS).
    package static func make(_ kind: Kind) async throws -> Namespace {
        try await DedicatedThread.run(name: "ns-make") { try makeOnThisThread(kind) }
    }

    /// As `make`, for callers outside the cooperative pool.
    package static func makeBlocking(_ kind: Kind) throws -> Namespace {
        try DedicatedThread.runBlocking(name: "ns-make") { try makeOnThisThread(kind) }
    }

    private static func makeOnThisThread(_ kind: Kind) throws(SystemError) -> Namespace {
        try systemCall("unshare", kind.rawValue) { swl_unshare(kind.flag) }
        return try current(kind)
    }

    /// Moves the calling thread into a new namespace. Only on a thread that ends afterwards (`DedicatedThread`). A new mount
    /// namespace is made private, so that its mounts stay its own.
    package static func unshareCallingThread(_ kind: Kind) throws(SystemError) {
        try systemCall("unshare", kind.rawValue) { swl_unshare(kind.flag) }
        if kind == .mnt { try Mounts.setPropagation(SWL_MS_PRIVATE, at: "/", recursive: true) }
    }

    /// The inode number, which identifies a namespace (`ls -l /proc/PID/ns`).
    package func inode() throws(SystemError) -> UInt64 { try FileStatus(of: descriptor).inode }

    /// Runs `body` inside this namespace, on a short-lived thread of its own: `setns` changes the calling thread for
    /// good, and a thread of the cooperative pool would carry the change into every other task.
    package func withThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await DedicatedThread.run(name: "ns-\(kind.rawValue)") {
            try enterOnThisThread()
            return try body()
        }
    }

    /// As `withThread`, for callers outside the cooperative pool.
    package func withThreadBlocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) throws -> T {
        try DedicatedThread.runBlocking(name: "ns-\(kind.rawValue)") {
            try enterOnThisThread()
            return try body()
        }
    }

    private func enterOnThisThread() throws(SystemError) {
        if kind == .mnt {
            // A mount namespace can only be entered by a thread that shares root and working directory with no other.
            try systemCall("unshare", "CLONE_FS") { swl_unshare(0x200) }
        }
        try systemCall("setns", kind.rawValue) { descriptor.withRawValue { swl_setns($0, kind.flag) } }
    }
}
