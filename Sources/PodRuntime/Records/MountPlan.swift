import CLinux
import LinuxSystem
import PodCore
import ShimClient

/// The mounts of one container in the order in which they are made: parents before children, the runtime's before the pod's.
struct MountPlan: Sendable {
    struct Entry: Sendable {
        var type: swl_mount_type
        var destination: String
        var attributes: UInt32 = 0
        var data = ""
        var propagation: ContainerConfiguration.Propagation = .private
        /// Of a bind mount.
        var source: Source?
    }

    struct Source: Sendable, Hashable {
        var path: String
        var subPath: String?
    }

    /// A bind mount, with the path that it needs.
    struct Bound: Sendable {
        var source: Source
        var destination: String
        var propagation: ContainerConfiguration.Propagation

        /// Blocking: the source may be on a dead server.
        func open() throws(RuntimeFailure) -> OwnedFileDescriptor {
            let file = try MountSource.open(source)
            if propagation != .private { try MountSource.check(file, source.path, passes: propagation) }
            return file
        }
    }

    private(set) var entries: [Entry]

    /// - Parameters:
    ///   - sharedMemory: the pod's /dev/shm on the node.
    ///   - user: whether the pod has ids of its own, which the owners of what it mounts are then shifted to.
    init(
        _ configuration: ContainerConfiguration, sharedMemory: String, user: SandboxConfiguration.NamespaceMode = .node
    ) throws(RuntimeFailure) {
        var own: [Entry] = []
        for mount in configuration.mounts {
            let destination = try Self.destination(mount.destination)
            var attributes: UInt32 = 0
            if mount.readOnly { attributes |= UInt32(SWL_ATTR_READONLY) }
            if mount.recursiveReadOnly { attributes |= UInt32(SWL_ATTR_RECURSIVE_READONLY) }
            if user == .pod, !mount.isShifted { attributes |= UInt32(SWL_ATTR_IDMAPPED) }
            own.append(
                Entry(
                    type: SWL_MOUNT_BIND, destination: destination, attributes: attributes, propagation: mount.propagation,
                    source: Source(path: mount.source, subPath: mount.subPath.flatMap { $0.isEmpty ? nil : $0 })))
        }
        let defaults = Self.defaults(privileged: configuration.privileged, sharedMemory: sharedMemory).filter { Self.stays($0, beside: own) }
        let depth = { (path: String) in path.utf8.count { $0 == UInt8(ascii: "/") } }
        entries = (defaults + own).enumerated()
            .sorted { (depth($0.element.destination), $0.offset) < (depth($1.element.destination), $1.offset) }
            .map(\.element)
        guard bound.count <= Int(SWL_FDS_MAX) - 2 else {
            throw RuntimeFailure(.create, "found \(bound.count) mounts in one container, wanted at most \(Int(SWL_FDS_MAX) - 2)")
        }
    }

    /// The places that are bound, in the order of the descriptors of the request.
    var bound: [Bound] {
        entries.compactMap { entry in entry.source.map { Bound(source: $0, destination: entry.destination, propagation: entry.propagation) } }
    }

    /// The pod's mounts replace the runtime's. A pod that brings a /dev of its own gets only the pod's /dev/shm in
    /// it, as with containerd; and nothing of the runtime's goes into a volume that passes mounts on, where it would cover the node's own.
    private static func stays(_ entry: Entry, beside own: [Entry]) -> Bool {
        !own.contains { mount in
            mount.destination == entry.destination
                || entry.destination.hasPrefix(mount.destination + "/")
                    && (mount.propagation == .bidirectional || mount.destination == "/dev" && entry.destination != "/dev/shm")
        }
    }

    private static func defaults(privileged: Bool, sharedMemory: String) -> [Entry] {
        let quiet = UInt32(SWL_ATTR_NOSUID | SWL_ATTR_NODEV | SWL_ATTR_NOEXEC)
        let kernel = privileged ? quiet : quiet | UInt32(SWL_ATTR_READONLY)
        return [
            Entry(type: SWL_MOUNT_PROC, destination: "/proc", attributes: quiet),
            Entry(type: SWL_MOUNT_TMPFS, destination: "/dev", attributes: UInt32(SWL_ATTR_NOSUID), data: "mode=0755,size=65536k"),
            Entry(type: SWL_MOUNT_DEVPTS, destination: "/dev/pts", attributes: UInt32(SWL_ATTR_NOSUID | SWL_ATTR_NOEXEC)),
            Entry(type: SWL_MOUNT_MQUEUE, destination: "/dev/mqueue", attributes: quiet),
            // Never shifted: it is the pod's from the start, with the pod's ids in it.
            Entry(type: SWL_MOUNT_BIND, destination: "/dev/shm", attributes: quiet, source: Source(path: sharedMemory)),
            Entry(type: SWL_MOUNT_SYSFS, destination: "/sys", attributes: kernel),
            Entry(type: SWL_MOUNT_CGROUP2, destination: "/sys/fs/cgroup", attributes: kernel),
        ]
    }

    /// Absolute and without `.`, `..` and empty parts, so that equal destinations look equal.
    private static func destination(_ path: String) throws(RuntimeFailure) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            guard part != ".." else { throw RuntimeFailure(.create, "mount destination \"\(path)\" contains \"..\"") }
            parts.append(part)
        }
        guard !parts.isEmpty, !path.utf8.contains(0) else {
            throw RuntimeFailure(.create, "mount destination \"\(path)\" is not a path below /")
        }
        // A relative mountPath counts from the root, as Docker and containerd take it.
        let destination = "/" + parts.joined(separator: "/")
        try checkBelowProc(destination)
        return destination
    }

    /// Files that show figures of the machine, and that lxcfs replaces by the container's own.
    private static let figures: Set<String> = [
        "/proc/cpuinfo", "/proc/diskstats", "/proc/loadavg", "/proc/meminfo", "/proc/slabinfo", "/proc/stat", "/proc/swaps", "/proc/uptime",
    ]

    /// Privileges are decided by reading and writing /proc: a pod must not mount anything there (CVE-2019-16884,
    /// CVE-2019-19921).
    private static func checkBelowProc(_ destination: String) throws(RuntimeFailure) {
        guard destination == "/proc" || destination.hasPrefix("/proc/"), !figures.contains(destination) else { return }
        throw RuntimeFailure(
            .create, "mount destination \"\(destination)\" is in /proc, which nothing may cover: mount it elsewhere, such as /host/proc")
    }

    func append(to writer: inout WireWriter) {
        var source: UInt32 = 0
        for entry in entries {
            writer.mount(
                entry.type, at: entry.destination, source: entry.source == nil ? nil : source, attributes: entry.attributes,
                propagation: entry.propagation.wireValue, data: entry.data)
            if entry.source != nil { source += 1 }
        }
    }

    /// A mount that is to send or receive mounts needs a root that does not cut it off.
    var rootPropagation: UInt32 {
        entries.contains { $0.propagation != .private } ? SWL_PROPAGATION_SLAVE.rawValue : SWL_PROPAGATION_PRIVATE.rawValue
    }
}

extension ContainerConfiguration.Propagation {
    fileprivate var wireValue: UInt32 {
        switch self {
        case .private: SWL_PROPAGATION_PRIVATE.rawValue
        case .hostToContainer: SWL_PROPAGATION_SLAVE.rawValue
        case .bidirectional: SWL_PROPAGATION_SHARED.rawValue
        }
    }
}
