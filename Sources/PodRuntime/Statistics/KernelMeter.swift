import KubeModel
import LinuxCgroups
package import LinuxSystem
package import PodCore
import ShimClient

/// Measures the machine and the pods of a runtime: cgroups, and the network tables of the pods' first processes.
package struct KernelMeter: NodeMeter {
    /// Far more than it takes: a kernel that lets the reader of a cgroup wait so long has other trouble.
    private static let patience = Duration.seconds(30)
    private static let clockTicks: Int64 = 100

    private let runtime: ShimRuntime
    /// Where cgroup v2 is mounted.
    private let hierarchy: String?
    private let facts: MachineFacts
    private let bootedAt: Timestamp
    /// Not the runtime's: a read that hangs must not keep containers from starting and ending.
    private let pool = BlockingPool(name: "statistics", threads: 1, queueLimit: 8)

    /// Blocking.
    package init(_ runtime: ShimRuntime) throws(SystemError) {
        self.runtime = runtime
        hierarchy = CgroupTree.mountPoint(in: try MountTable())
        facts = MachineFacts(memory: try HostFacts.memory())
        bootedAt = Self.time(sinceBoot: 0)
    }

    package func measure() async throws(RuntimeFailure) -> NodeMeasurement {
        let sandboxes = runningSandboxes()
        let operation = "measure the node"
        do {
            return try await pool.run(operation, deadline: Self.patience) { [self] in try measure(sandboxes) }
        } catch {
            throw RuntimeFailure(translating: error, during: operation, .internal)
        }
    }

    /// Blocking.
    private func measure(_ sandboxes: [Sandbox]) throws -> NodeMeasurement {
        var measurement = try machine()
        for level in [PodCgroup.top, PodCgroup.burstable, PodCgroup.bestEffort] {
            let found = add("the level \(level)", to: &measurement) { try self.level(level) }
            // The first one is all pods.
            guard found != nil || level != PodCgroup.top else { break }
            if let found { measurement.levels.append(found) }
        }
        for sandbox in sandboxes {
            add("pod \(sandbox.configuration.pod)", to: &measurement) { try pod(sandbox) }.map { measurement.pods.append($0) }
        }
        measurement.deviceNames = Self.names(of: measurement)
        return measurement
    }

    /// One for each pod: the latest of those that run. Sorted, so that two answers can be compared.
    private func runningSandboxes() -> [Sandbox] {
        var latest: [String: Sandbox] = [:]
        for sandbox in runtime.knownSandboxes where sandbox.isLive && sandbox.pause != nil {
            let configuration = sandbox.configuration
            if let other = latest[configuration.pod.uid], other.configuration.attempt > configuration.attempt { continue }
            latest[configuration.pod.uid] = sandbox
        }
        return latest.values.sorted {
            let (one, other) = ($0.configuration.pod, $1.configuration.pod)
            return (one.namespace, one.name, one.uid) < (other.namespace, other.name, other.uid)
        }
    }

    /// Returns `nil` for what has gone meanwhile; any other failure is noted.
    private func add<T>(_ part: String, to measurement: inout NodeMeasurement, _ body: () throws -> T?) -> T? {
        do {
            return try body()
        } catch let error as CgroupError where error.cause?.isNotFound == true {
            return nil
        } catch {
            measurement.problems.append("\(part) cannot be measured: \(error)")
            return nil
        }
    }

    // MARK: Parts. Blocking.

    private func machine() throws -> NodeMeasurement {
        let memory = try HostFacts.memory()
        let stats = try CgroupTree.machineStats(mount: hierarchy, memory)
        var measurement = NodeMeasurement(
            facts: facts, machine: CgroupMeasurement(path: "/", startedAt: bootedAt, stats: stats), swapUsage: stats.memory.swap)
        if let interfaces = add("the network", to: &measurement, { try interfaces(of: "self") }) {
            measurement.interfaces = interfaces
            measurement.defaultInterface =
                interfaces.contains { $0.name == "eth0" } ? "eth0" : (try? SmallFile.text("/proc/net/route")).flatMap(DefaultRoute.interface)
        }
        return measurement
    }

    /// The names of the block devices that something was read from or written to.
    private static func names(of measurement: NodeMeasurement) -> [NodeMeasurement.BlockDevice: String] {
        var names: [NodeMeasurement.BlockDevice: String] = [:]
        for device in measurement.cgroups.lazy.compactMap(\.stats.devices).joined() {
            let number = NodeMeasurement.BlockDevice(major: device.major, minor: device.minor)
            guard names[number] == nil else { continue }
            names[number] = BlockDevices.path(major: device.major, minor: device.minor)
        }
        return names
    }

    private func level(_ name: String) throws -> CgroupMeasurement {
        let cgroup = try runtime.settings.cgroups.cgroup(name)
        let stats = try cgroup.stats()
        // The kernel keeps no time of making. Close to it, and never later than now.
        let made = try FileStatus(of: cgroup.path).modified
        return CgroupMeasurement(path: path(of: cgroup), startedAt: Timestamp(nanoseconds: made), stats: stats)
    }

    private func pod(_ sandbox: Sandbox) throws -> PodMeasurement? {
        guard let pause = sandbox.pause else { return nil }
        let configuration = sandbox.configuration
        let stats = try sandbox.cgroup.stats()
        var pod = PodMeasurement(
            identity: configuration.pod, sandboxID: configuration.id, resources: configuration.resources,
            cgroup: CgroupMeasurement(path: path(of: sandbox.cgroup), startedAt: Self.start(of: pause), stats: stats))
        for (id, container) in sandbox.containers.sorted(by: { $0.value.configuration.name < $1.value.configuration.name }) {
            guard case .running(let started) = container.phase else { continue }
            guard let measured = try self.container(id, container.configuration, started, in: sandbox) else { continue }
            // The end of the one before may not have been reported yet.
            if let last = pod.containers.last, last.name == measured.name {
                if last.cgroup.startedAt > measured.cgroup.startedAt { continue }
                pod.containers.removeLast()
            }
            pod.containers.append(measured)
        }
        let counts = pod.containers.map(\.cgroup.stats.processes)
        // The pause is one more.
        if !counts.contains(nil) { pod.processes = counts.reduce(1) { $0 + ($1 ?? 0) } }
        if configuration.network != .node { pod.interfaces = try podInterfaces(pause) }
        return pod
    }

    /// Returns `nil` if the container has ended meanwhile.
    private func container(
        _ id: String, _ configuration: ContainerConfiguration, _ started: StartedContainer, in sandbox: Sandbox
    ) throws -> PodMeasurement.Container? {
        do throws(CgroupError) {
            let cgroup = try sandbox.cgroup.child(id)
            var stats = try cgroup.stats()
            if stats.processes == 0 {
                // The cgroup outlives the last process for a moment.
                if try cgroup.children().isEmpty { return nil }
                // The container has sorted its processes into cgroups of its own.
                stats.processes = nil
            }
            return PodMeasurement.Container(
                id: id, name: configuration.name, image: configuration.image, resources: configuration.resources,
                cgroup: CgroupMeasurement(path: path(of: cgroup), startedAt: started.startedAt, stats: stats))
        } catch {
            guard error.cause?.isNotFound == true else { throw error }
            return nil
        }
    }

    /// The interfaces of a pod's network namespace, read through its first process; none if that has ended.
    private func podInterfaces(_ pause: ProcessIdentity) throws -> [InterfaceCounters] {
        do {
            let interfaces = try interfaces(of: String(pause.pid))
            // Asked afterwards: what was read is another process' if the pid is.
            return pause.exists ? interfaces : []
        } catch let error as SystemError where error.isNotFound || error.isNoProcess || !pause.exists {
            return []
        }
    }

    private func interfaces(of process: String) throws -> [InterfaceCounters] {
        InterfaceTable(try SmallFile.bytes("/proc/\(process)/net/dev"), isWanted: InterfaceTable.isOwn).interfaces
    }

    private func path(of cgroup: Cgroup) -> String {
        guard let hierarchy, cgroup.path.hasPrefix(hierarchy + "/") else { return "/" + cgroup.name }
        return String(cgroup.path.dropFirst(hierarchy.utf8.count))
    }

    private static func start(of process: ProcessIdentity) -> Timestamp {
        time(sinceBoot: Int64(clamping: process.startTime) * (1_000_000_000 / clockTicks))
    }

    /// - Parameter nanoseconds: on the clock that goes on while the machine is suspended.
    private static func time(sinceBoot nanoseconds: Int64) -> Timestamp {
        Timestamp(nanoseconds: KernelClock.realtime - KernelClock.boottime + nanoseconds)
    }
}

extension Timestamp {
    /// - Parameter nanoseconds: since 1970.
    fileprivate init(nanoseconds: Int64) {
        let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        self.init(seconds: seconds, nanoseconds: Int32(rest))
    }
}
