import CLinux
import Glibc
import LinuxSystem
import PodCore
import ShimClient

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

    /// Namespaces of others that are to be joined.
    /// - Parameter types: in the shim's order.
    func namespaces(_ types: [String]) throws(RuntimeFailure) -> [OwnedFileDescriptor] {
        var opened: [OwnedFileDescriptor] = []
        for type in types {
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
        if bundle.isNew("user") { writer.layout(SWL_TAG_PROCESS_USER, pauseUser()) }
        return writer.finished()
    }

    /// The pause process' user: 65535 as the shim chooses, or the last id of a user namespace that lacks it, since files rarely belong to it.
    private func pauseUser() -> swl_user {
        let id = { (mappings: [OCISpec.IDMapping]?) -> UInt32 in
            let ranges = (mappings ?? []).filter { $0.size > 0 }
            let nobody: UInt32 = 65535
            if ranges.contains(where: { $0.containerID <= nobody && nobody - $0.containerID < $0.size }) { return nobody }
            return ranges.map { $0.containerID &+ ($0.size - 1) }.max() ?? 0
        }
        return swl_user(uid: id(linux.uidMappings), gid: id(linux.gidMappings), umask: 0, flags: 0)
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

    func launch(_ process: OCIProcess) throws(RuntimeFailure) -> [UInt8] {
        var writer = WireWriter(kind: SWL_KIND_LAUNCH)
        try process.append(root: bundle.rootDirectory, to: &writer)
        if let personality = linux.personality { writer.demand(SWL_TAG_PROCESS_PERSONALITY, try OCIScheduling.personality(personality)) }
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
        // Every /dev has these anyway, as links.
        for device in linux.devices ?? [] where device.path != "/dev/ptmx" { try append(device, to: &writer) }
        for rule in try OCIDeviceRules.rules(linux.resources?.devices ?? []) {
            writer.demand(SWL_TAG_DEVICE_RULE, rule)
        }
        writer.strings(SWL_TAG_MASKED_PATH, linux.maskedPaths ?? [])
        writer.strings(SWL_TAG_READONLY_PATH, linux.readonlyPaths ?? [])
        let user = bundle.isNew("user") ? SWL_NS_SANDBOX : SWL_NS_HOST
        writer.layout(
            SWL_TAG_NAMESPACES,
            swl_namespaces(
                network: SWL_NS_SANDBOX.rawValue, ipc: SWL_NS_SANDBOX.rawValue, uts: SWL_NS_SANDBOX.rawValue, pid: mode("pid"),
                mount: SWL_NS_NEW.rawValue, cgroup: mode("cgroup"), user: user.rawValue, reserved: 0))
        try appendTime(to: &writer)
        appendHooks(to: &writer)
        // Not understood by a shim that would run the program at once.
        writer.demand(SWL_TAG_PROCESS_HOLD, UInt32(SWL_HOLD_EXEC) | (waitsBeforeRoot ? UInt32(SWL_HOLD_ROOT) : 0))
        let bytes = writer.finished()
        guard bytes.count <= Int(SWL_RECORD_MAX) else {
            throw RuntimeFailure(.create, "config.json: all of it takes \(bytes.count) bytes, wanted at most \(SWL_RECORD_MAX)")
        }
        return bytes
    }

    /// Returns true if hooks run between the mounts and the change of the root.
    var waitsBeforeRoot: Bool {
        let hooks = bundle.spec.hooks
        return [hooks?.prestart, hooks?.createRuntime, hooks?.createContainer].contains { !($0 ?? []).isEmpty }
    }

    var hasHooksInside: Bool { ![bundle.spec.hooks?.createContainer, bundle.spec.hooks?.startContainer].allSatisfy { ($0 ?? []).isEmpty } }

    /// Those that run in the container's namespaces, which only the shim's child is in.
    private func appendHooks(to writer: inout WireWriter) {
        for (moment, hooks) in [
            (SWL_HOOK_CREATE_CONTAINER, bundle.spec.hooks?.createContainer), (SWL_HOOK_START_CONTAINER, bundle.spec.hooks?.startContainer),
        ] {
            for hook in hooks ?? [] {
                let arguments = (hook.args ?? []).isEmpty ? [hook.path] : hook.args ?? []
                // Nothing of this program's environment gets into the container.
                let variables = hook.env ?? (moment == SWL_HOOK_CREATE_CONTAINER ? OCISpec.Hook.hostEnvironment : [])
                writer.demand(
                    SWL_TAG_HOOK,
                    swl_hook(
                        moment: moment.rawValue, seconds: UInt32(clamping: hook.timeout ?? 0), argument_count: UInt32(arguments.count),
                        variable_count: UInt32(variables.count), path_length: UInt32(hook.path.utf8.count), reserved: 0), followedBy: hook.path)
                writer.strings(SWL_TAG_HOOK_ARGUMENT, arguments)
                writer.strings(SWL_TAG_HOOK_VARIABLE, variables)
            }
        }
    }

    private func appendTime(to writer: inout WireWriter) throws(RuntimeFailure) {
        let offsets = linux.timeOffsets ?? [:]
        if mode("time") != SWL_NS_HOST.rawValue { writer.demand(SWL_TAG_TIME_NAMESPACE, mode("time")) }
        guard offsets.isEmpty || bundle.isNew("time") else {
            throw OCIBundle.invalid("linux.timeOffsets", "some", "none without a new time namespace")
        }
        for (name, offset) in offsets.sorted(by: { $0.key < $1.key }) {
            guard let clock = ["monotonic": UInt32(CLOCK_MONOTONIC), "boottime": UInt32(CLOCK_BOOTTIME)][name] else {
                throw OCIBundle.invalid("linux.timeOffsets", "\"\(name)\"", "boottime or monotonic")
            }
            writer.demand(
                SWL_TAG_TIME_OFFSET, swl_time_offset(clock: clock, nanoseconds: offset.nanosecs ?? 0, seconds: offset.secs ?? 0))
        }
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
        case "slave", "rslave": return SWL_PROPAGATION_SLAVE.rawValue
        case "shared", "rshared": return SWL_PROPAGATION_SHARED.rawValue
        case "unbindable", "runbindable": return SWL_PROPAGATION_UNBINDABLE.rawValue
        case let other: throw OCIBundle.invalid("linux.rootfsPropagation", "\"\(other)\"", "private, slave, shared or unbindable")
        }
    }
}
