import CLinux
import PodCore
import ShimClient

/// The shim's record of a container: everything between clone and exec.
enum LaunchRecord {
    /// - Parameters:
    ///   - pid: how far the sandbox shares its process ids.
    ///   - user: whether it has ids of its own.
    ///   - appArmor: the profile's name; `nil` for none.
    static func encode(
        _ configuration: ContainerConfiguration, paths: ContainerPaths, mounts: MountPlan, filter: SeccompCompiler.Filter,
        appArmor: String?, pid: SandboxConfiguration.NamespaceMode, user: SandboxConfiguration.NamespaceMode, availableCapabilities: UInt64
    ) throws(RuntimeFailure) -> [UInt8] {
        var writer = WireWriter(kind: SWL_KIND_LAUNCH)
        try ProcessRecord.append(
            configuration.startedProcess, args: configuration.process.args, filter: filter, appArmor: appArmor,
            availableCapabilities: availableCapabilities, to: &writer)
        if configuration.stdin {
            writer.number(SWL_TAG_PROCESS_STDIN, UInt32(configuration.stdinOnce ? SWL_STDIN_OPEN | SWL_STDIN_ONCE : SWL_STDIN_OPEN))
        }
        if configuration.terminal { ProcessRecord.appendTerminal(nil, to: &writer) }
        try appendRoot(configuration, paths, mounts, to: &writer)
        mounts.append(to: &writer)
        if configuration.privileged { writer.number(SWL_TAG_HOST_DEVICES, 1) }
        try DeviceRecord.append(configuration.devices, to: &writer)
        writer.strings(SWL_TAG_MASKED_PATH, configuration.maskedPaths + (configuration.maskedPaths.isEmpty ? [] : HostMaskedPaths.thermalThrottle))
        writer.strings(SWL_TAG_READONLY_PATH, configuration.readonlyPaths)
        let pidMode =
            switch pid {
            case _ where configuration.targetContainerID != nil: SWL_NS_TARGET
            case .pod: SWL_NS_SANDBOX
            case .container: SWL_NS_NEW
            case .node: SWL_NS_HOST
            }
        if let target = configuration.targetContainerID { writer.string(SWL_TAG_PID_TARGET, target) }
        writer.layout(
            SWL_TAG_NAMESPACES,
            swl_namespaces(
                network: SWL_NS_SANDBOX.rawValue, ipc: SWL_NS_SANDBOX.rawValue, uts: SWL_NS_SANDBOX.rawValue, pid: pidMode.rawValue,
                mount: SWL_NS_NEW.rawValue, cgroup: SWL_NS_NEW.rawValue, user: (user == .pod ? SWL_NS_SANDBOX : SWL_NS_HOST).rawValue, reserved: 0))
        writer.string(SWL_TAG_LOG_PATH, configuration.log.path)
        if configuration.log.maxSize > 0 {
            writer.layout(
                SWL_TAG_LOG_LIMITS,
                swl_log_limits(
                    max_size: UInt64(configuration.log.maxSize), max_files: UInt32(clamping: max(2, configuration.log.maxFiles)), reserved: 0))
        }
        let bytes = writer.finished()
        guard bytes.count <= Int(SWL_RECORD_MAX) else {
            throw RuntimeFailure(
                .create,
                "arguments, variables and mounts of container \(configuration.name) take \(bytes.count) bytes, wanted at most \(SWL_RECORD_MAX)")
        }
        return bytes
    }

    /// The filter that a container was started with.
    static func filter(of record: [UInt8]) throws(RuntimeFailure) -> SeccompCompiler.Filter {
        let fields = try WireReader.record(record).fields
        guard let program = fields.first(where: { $0.tag == SWL_TAG_SECCOMP_FILTER.rawValue }) else {
            throw RuntimeFailure(.internal, "found no seccomp filter in the container's launch record, wanted one, if only an empty one")
        }
        let flags = fields.first { $0.tag == SWL_TAG_SECCOMP_FLAGS.rawValue }
        return SeccompCompiler.Filter(program: program.payload, flags: flags?.layout(UInt32.self) ?? 0)
    }

    private static func appendRoot(
        _ configuration: ContainerConfiguration, _ paths: ContainerPaths, _ mounts: MountPlan, to writer: inout WireWriter
    ) throws(RuntimeFailure) {
        guard !configuration.lowerDirectories.isEmpty else {
            throw RuntimeFailure(.create, "image \(configuration.image) has no layers: pull it again")
        }
        writer.string(SWL_TAG_ROOT_PATH, paths.root)
        writer.number(SWL_TAG_ROOT_READONLY, configuration.readOnlyRootFilesystem ? 1 : 0)
        writer.strings(SWL_TAG_ROOT_OVERLAY_LOWER, configuration.lowerDirectories)
        // Also below a read-only root: mount points that the image lacks have to be made somewhere.
        writer.string(SWL_TAG_ROOT_OVERLAY_UPPER, paths.upper)
        writer.string(SWL_TAG_ROOT_OVERLAY_WORK, paths.work)
        // The layer is never mounted again after its container has ended, so nothing in it has to survive a power cut.
        writer.string(SWL_TAG_ROOT_OVERLAY_OPTIONS, "volatile")
        writer.number(SWL_TAG_ROOTFS_PROPAGATION, mounts.rootPropagation)
        // A shim that knows none leaves them as they are in the image: all that can be missed is writing below a read-only root.
        writer.strings(SWL_TAG_ROOT_VOLUME, configuration.imageVolumes.filter { path in !mounts.entries.contains { $0.destination == path } })
    }
}
