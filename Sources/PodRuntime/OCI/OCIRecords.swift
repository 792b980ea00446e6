import CLinux
import Glibc
import LinuxSystem
import PodCore

/// A bundle in the shim's language: the record of the sandbox that holds the namespaces, and that of the one container in it.
struct OCIRecords: Sendable {
    let bundle: OCIBundle
    let mounts: [OCIMount]

    init(_ bundle: OCIBundle) throws(RuntimeFailure) {
        self.bundle = bundle
        var mounts: [OCIMount] = []
        for mount in bundle.spec.mounts ?? [] { mounts.append(try OCIMount(mount, bundle: bundle.directory)) }
        self.mounts = mounts
    }

    private var linux: OCISpec.Linux { bundle.linux }

    private func mode(_ type: String) -> UInt32 {
        if bundle.path(ofNamespace: type) != nil { return SWL_NS_GIVEN.rawValue }
        return bundle.isNew(type) ? SWL_NS_NEW.rawValue : SWL_NS_HOST.rawValue
    }

    /// The namespaces of others that the sandbox is to live in, in the shim's order.
    func namespaces() throws(RuntimeFailure) -> [OwnedFileDescriptor] {
        var opened: [OwnedFileDescriptor] = []
        for type in OCIBundle.joinable {
            guard let path = bundle.path(ofNamespace: type) else { continue }
            do throws(SystemError) {
                opened.append(try .open(path, O_RDONLY))
            } catch {
                throw OCIBundle.invalid(
                    "linux.namespaces: \(type)", "a path that cannot be opened (\(error))", "a namespace, such as /proc/PID/ns/net")
            }
        }
        return opened
    }

    // MARK: Sandbox

    func sandbox(pauseProgram: String) throws(RuntimeFailure) -> [UInt8] {
        var writer = WireWriter(kind: SWL_KIND_SANDBOX)
        writer.layout(
            SWL_TAG_NAMESPACES,
            swl_namespaces(
                network: mode("network"), ipc: mode("ipc"), uts: mode("uts"), pid: SWL_NS_HOST.rawValue, mount: SWL_NS_NEW.rawValue,
                cgroup: SWL_NS_HOST.rawValue, user: mode("user"), reserved: 0))
        writer.string(SWL_TAG_PAUSE_PATH, pauseProgram)
        if let hostname = bundle.spec.hostname, !hostname.isEmpty { writer.string(SWL_TAG_HOSTNAME, hostname) }
        if let domainname = bundle.spec.domainname, !domainname.isEmpty { writer.string(SWL_TAG_DOMAINNAME, domainname) }
        writer.sysctls(linux.sysctl ?? [:])
        try append(mappings: linux.uidMappings, SWL_TAG_UID_MAPPING, "linux.uidMappings", to: &writer)
        try append(mappings: linux.gidMappings, SWL_TAG_GID_MAPPING, "linux.gidMappings", to: &writer)
        return writer.finished()
    }

    private func append(
        mappings: [OCISpec.IDMapping]?, _ tag: swl_tag, _ field: String, to writer: inout WireWriter
    ) throws(RuntimeFailure) {
        let mappings = mappings ?? []
        guard bundle.isNew("user") == !mappings.isEmpty else {
            throw OCIBundle.invalid(
                field, mappings.isEmpty ? "none" : "some", mappings.isEmpty ? "some, for the new user namespace" : "none without a new user namespace"
            )
        }
        for mapping in mappings {
            writer.layout(tag, swl_id_mapping(container_id: mapping.containerID, host_id: mapping.hostID, size: mapping.size, reserved: 0))
        }
    }

    // MARK: Container

    /// - Parameter available: the capabilities that the shim has to give.
    func launch(filter: SeccompCompiler.Filter, available: UInt64) throws(RuntimeFailure) -> [UInt8] {
        var writer = WireWriter(kind: SWL_KIND_LAUNCH)
        try appendProcess(filter, available, to: &writer)
        writer.string(SWL_TAG_ROOT_PATH, bundle.rootDirectory)
        writer.number(SWL_TAG_ROOT_READONLY, bundle.spec.root?.readonly == true ? 1 : 0)
        writer.number(SWL_TAG_ROOTFS_PROPAGATION, try rootPropagation())
        var source: UInt32 = 0
        for mount in mounts {
            writer.mount(
                mount.type, at: mount.destination, source: mount.source == nil ? nil : source, attributes: mount.attributes,
                propagation: mount.propagation.rawValue, data: mount.data)
            if mount.source != nil { source += 1 }
        }
        for device in linux.devices ?? [] { try append(device, to: &writer) }
        try OCIDeviceRules.check(linux.resources?.devices ?? [], devices: linux.devices ?? [])
        writer.strings(SWL_TAG_MASKED_PATH, linux.maskedPaths ?? [])
        writer.strings(SWL_TAG_READONLY_PATH, linux.readonlyPaths ?? [])
        let user = bundle.isNew("user") ? SWL_NS_SANDBOX : SWL_NS_HOST
        writer.layout(
            SWL_TAG_NAMESPACES,
            swl_namespaces(
                network: SWL_NS_SANDBOX.rawValue, ipc: SWL_NS_SANDBOX.rawValue, uts: SWL_NS_SANDBOX.rawValue, pid: mode("pid"),
                mount: SWL_NS_NEW.rawValue, cgroup: mode("cgroup"), user: user.rawValue, reserved: 0))
        // Not understood by a shim that would run the program at once.
        writer.bytes(SWL_TAG_PROCESS_HOLD, [1, 0, 0, 0], mustUnderstand: true)
        let bytes = writer.finished()
        guard bytes.count <= Int(SWL_RECORD_MAX) else {
            throw RuntimeFailure(.create, "config.json: all of it takes \(bytes.count) bytes, wanted at most \(SWL_RECORD_MAX)")
        }
        return bytes
    }

    private func appendProcess(_ filter: SeccompCompiler.Filter, _ available: UInt64, to writer: inout WireWriter) throws(RuntimeFailure) {
        let process = bundle.process
        writer.strings(SWL_TAG_PROCESS_ARGS, process.args ?? [])
        writer.strings(SWL_TAG_PROCESS_ENV, process.env ?? [])
        writer.string(SWL_TAG_PROCESS_CWD, process.cwd)
        let user = process.user
        writer.layout(
            SWL_TAG_PROCESS_USER,
            swl_user(
                uid: user?.uid ?? 0, gid: user?.gid ?? 0, umask: user?.umask ?? 0, flags: user?.umask == nil ? 0 : UInt32(SWL_USER_UMASK)))
        if let gids = user?.additionalGids, !gids.isEmpty { writer.numbers(SWL_TAG_PROCESS_ADDITIONAL_GIDS, gids) }
        writer.layout(SWL_TAG_PROCESS_CAPABILITIES, try capabilities(available))
        for limit in process.rlimits ?? [] {
            guard let number = Self.rlimits.firstIndex(of: limit.type) else {
                throw OCIBundle.invalid("process.rlimits", "\"\(limit.type)\"", Self.rlimits.joined(separator: ", "))
            }
            guard limit.soft <= limit.hard else {
                throw OCIBundle.invalid("process.rlimits: \(limit.type)", "soft \(limit.soft) above hard \(limit.hard)", "soft up to hard")
            }
            writer.layout(SWL_TAG_PROCESS_RLIMIT, swl_rlimit(resource: UInt32(number), reserved: 0, soft: limit.soft, hard: limit.hard))
        }
        writer.number(SWL_TAG_PROCESS_NO_NEW_PRIVILEGES, process.noNewPrivileges == true ? 1 : 0)
        if let score = process.oomScoreAdj { writer.layout(SWL_TAG_PROCESS_OOM_SCORE_ADJ, Int32(score)) }
        if let profile = process.apparmorProfile, !profile.isEmpty, profile != "unconfined" {
            writer.bytes(SWL_TAG_PROCESS_APPARMOR_PROFILE, Array(profile.utf8), mustUnderstand: true)
        }
        if process.terminal == true {
            writer.bytes(SWL_TAG_PROCESS_TERMINAL, [1, 0, 0, 0], mustUnderstand: true)
            if let size = process.consoleSize {
                writer.layout(SWL_TAG_PROCESS_CONSOLE_SIZE, swl_console_size(rows: size.height, columns: size.width, width: 0, height: 0))
            }
        }
        writer.bytes(SWL_TAG_SECCOMP_FILTER, filter.program)
        if filter.flags != 0 { writer.number(SWL_TAG_SECCOMP_FLAGS, filter.flags) }
    }

    /// By the kernel's numbers.
    private static let rlimits = [
        "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_MEMLOCK",
        "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
    ]

    /// The five sets as they are asked for. What this machine itself has not got is left out, as other runtimes do; in the ambient set only
    /// what is permitted and inheritable counts, which the kernel would refuse otherwise.
    private func capabilities(_ available: UInt64) throws(RuntimeFailure) -> swl_capabilities {
        guard let sets = bundle.process.capabilities else {
            return swl_capabilities(bounding: 0, effective: 0, inheritable: 0, permitted: 0, ambient: 0)
        }
        let mask = { (names: [String]?) throws(RuntimeFailure) -> UInt64 in try CapabilityName.mask(names ?? []) & available }
        let permitted = try mask(sets.permitted)
        let inheritable = try mask(sets.inheritable)
        let effective = try mask(sets.effective)
        guard effective & ~permitted == 0 else {
            throw OCIBundle.invalid(
                "process.capabilities.effective", CapabilityName.names(effective & ~permitted).joined(separator: " "), "only what is permitted too")
        }
        return swl_capabilities(
            bounding: try mask(sets.bounding), effective: effective, inheritable: inheritable, permitted: permitted,
            ambient: try mask(sets.ambient) & permitted & inheritable)
    }

    private func append(_ device: OCISpec.Device, to writer: inout WireWriter) throws(RuntimeFailure) {
        let types: [String: UInt8] = ["c": UInt8(ascii: "c"), "u": UInt8(ascii: "c"), "b": UInt8(ascii: "b"), "p": UInt8(ascii: "p")]
        guard let type = types[device.type] else {
            throw OCIBundle.invalid("linux.devices: \(device.path)", "type \"\(device.type)\"", "c, u, b or p")
        }
        guard let major = UInt32(exactly: device.major ?? 0), let minor = UInt32(exactly: device.minor ?? 0) else {
            throw OCIBundle.invalid("linux.devices: \(device.path)", "a number below 0", "major and minor")
        }
        writer.layout(
            SWL_TAG_DEVICE,
            swl_device(
                type: UInt32(type), major: major, minor: minor, mode: (device.fileMode ?? 0o666) & 0o7777, uid: device.uid ?? 0,
                gid: device.gid ?? 0, path_length: UInt32(device.path.utf8.count), reserved: 0), followedBy: [device.path])
    }

    private func rootPropagation() throws(RuntimeFailure) -> UInt32 {
        switch linux.rootfsPropagation ?? "" {
        case "", "private", "rprivate":
            // A mount that is to send or receive mounts needs a root that does not cut it off.
            return (mounts.contains { $0.propagation != SWL_PROPAGATION_PRIVATE } ? SWL_PROPAGATION_SLAVE : SWL_PROPAGATION_PRIVATE).rawValue
        case "slave", "rslave":
            return SWL_PROPAGATION_SLAVE.rawValue
        case let other:
            guard ["shared", "rshared", "unbindable", "runbindable"].contains(other) else {
                throw OCIBundle.invalid("linux.rootfsPropagation", "\"\(other)\"", "private or slave")
            }
            throw OCIBundle.unsupported("linux.rootfsPropagation: \(other)", "wanted private or slave")
        }
    }
}
