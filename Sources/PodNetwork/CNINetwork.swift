import Glibc
import KubeModel
import LinuxNetlink
package import LinuxSystem
package import Logging
package import PodCore
package import Timing

/// The pod network that CNI plugins make (`network.mode: cni`). Host ports are the agent's own in this mode too.
///
/// A sandbox is recorded before its first plugin runs, so that whatever plugins have made is taken back, also by a later agent.
package actor CNINetwork: PodNetworkPort {
    package nonisolated var isMadeByPlugins: Bool { true }

    private let folder: CNIFolder
    private let runner: CNIRunner
    private let store: CNIRecords
    private let hostPorts: HostPortForwarder
    private let bootID: String
    private let time: any TimeSource
    private let logger: Logger
    private let pool = BlockingPool(name: "cni", threads: 4, queueLimit: 4096)

    private var configuration: CNIConfiguration?
    private var problems: [String] = []
    private var records: [String: CNIRecord]?
    /// The sandboxes of earlier agents that are gone, and may have left something.
    private var orphans: [String] = []
    /// One call of plugins at a time for each sandbox, and how many want it.
    private var turns: [String: (turn: SerialTurn, users: Int)] = [:]
    private let reading = SerialTurn()

    /// - Parameters:
    ///   - configurations: the folder of the configurations, `/etc/cni/net.d`.
    ///   - programs: the folders of the plugins, the first one first.
    ///   - stateDirectory: the folder of the records. It outlives a reboot, as plugins' own files do.
    package init(
        configurations: String, programs: [String], stateDirectory: String, hostPorts: HostPortForwarder, bootID: String, time: any TimeSource,
        logger: Logger
    ) {
        folder = CNIFolder(configurations) { problem in
            logger.warning(
                "Changes of a folder are not reported by the kernel; it is looked at every few seconds",
                metadata: ["folder": "\(configurations)", "reason": "\(problem)"])
        }
        runner = CNIRunner(folders: programs, pool: pool)
        store = CNIRecords(directory: stateDirectory)
        self.hostPorts = hostPorts
        self.bootID = bootID
        self.time = time
        self.logger = logger
    }

    // MARK: - The configuration

    package func setUp(podCIDRs: [String]) async throws(NetworkFailure) {
        try await reload()
        guard configuration == nil else { return }
        throw NetworkFailure(
            .notReady,
            "cni plugin not initialized: "
                + (problems.first ?? "found no network configuration in \(folder.path), wanted one from the network's own installer"))
    }

    package var isSetUp: Bool { configuration != nil }

    private func reload() async throws(NetworkFailure) {
        // An earlier reading must not win over a later one.
        await reading.take()
        defer { reading.end() }
        let (found, problems) = try await pool.runForNetwork("read the CNI configurations") { [folder] in try folder.read() }
        for problem in problems where !self.problems.contains(problem) {
            logger.warning("CNI configuration is not used", metadata: ["problem": "\(problem)"])
        }
        if let found, found != configuration { logger.info("CNI configuration is in use", metadata: ["name": "\(found.name)"]) }
        self.problems = problems
        configuration = found
    }

    /// Follows the configurations, with a call after each change, and takes back what an earlier agent has left. Until it is cancelled.
    package func run(_ changed: @escaping @Sendable () async -> Void) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask { try await self.releaseOrphans() }
            while true {
                try await folder.waitForChange()
                do throws(NetworkFailure) {
                    try await reload()
                } catch {
                    logger.error("CNI configurations cannot be read", metadata: ["error": "\(error)"])
                }
                await changed()
            }
        }
    }

    // MARK: - Sandboxes

    package func attach(
        _ sandbox: SandboxNetwork, networkNamespacePath: String, bandwidth: PodBandwidth
    ) async throws(NetworkFailure) -> [String] {
        let id = sandbox.sandboxID
        await take(id)
        defer { end(id) }
        if let known = try await load()[id] {
            if !known.addresses.isEmpty { return known.addresses }
            try await takeBack(known)
        }
        guard let configuration else {
            throw NetworkFailure(.notReady, "cni plugin not initialized: found no network configuration in \(folder.path)")
        }
        let (store, bootID, runner) = (store, bootID, runner)
        var record = try await pool.runForNetwork("prepare the network of sandbox \(id)") {
            // Before anything is made: what was never begun need not be taken back.
            try runner.check(configuration)
            let namespace = try Namespace(.net, path: networkNamespacePath)
            try NetworkStack(namespace: namespace.descriptor).setLink(Link.loopback, LinkChange(up: true))
            let record = CNIRecord(
                sandboxID: id, pod: sandbox.pod, configuration: configuration, bandwidth: bandwidth, namespace: networkNamespacePath,
                inode: try FileStatus(of: networkNamespacePath, follow: true).inode, bootID: bootID)
            try store.save(record)
            return record
        }
        records?[id] = record
        do throws(NetworkFailure) {
            for plugin in configuration.plugins {
                record.result = try await run(.add, plugin, record, previous: record.result, namespace: networkNamespacePath)
            }
            record.addresses = try CNIResult.addresses(record.result ?? .null, interface: CNIRunner.interface)
            let complete = record
            try await pool.runForNetwork("record the network of sandbox \(id)") { try store.save(complete) }
            records?[id] = complete
            return complete.addresses
        } catch {
            // The sandbox's end tries again.
            try? await takeBack(record)
            throw NetworkFailure(error.code, "failed to setup network for sandbox \"\(id)\": \(error.message)")
        }
    }

    package func forwardHostPorts(of sandbox: SandboxNetwork) async throws(NetworkFailure) { try await hostPorts.add(sandbox) }

    package func detach(sandboxID: String) async throws(NetworkFailure) {
        await take(sandboxID)
        defer { end(sandboxID) }
        try await hostPorts.remove(sandboxID)
        if let record = try await load()[sandboxID] {
            do throws(NetworkFailure) {
                try await takeBack(record)
            } catch {
                throw NetworkFailure(error.code, "failed to destroy network for sandbox \"\(sandboxID)\": \(error.message)")
            }
        }
    }

    package func recover(_ sandboxes: [SandboxNetwork]) async throws(NetworkFailure) {
        let known = Set(sandboxes.map(\.sandboxID))
        orphans = try await load().keys.filter { !known.contains($0) }.sorted()
        await hostPorts.recover(sandboxes)
    }

    /// Plugins may need what comes only with this agent, such as a pod of their own or a Service: each try may fail, and none holds up the start.
    private func releaseOrphans() async throws {
        var backOff = BackOff(initial: .seconds(1), maximum: .seconds(60))
        while !orphans.isEmpty {
            for id in orphans { await release(id) }
            if orphans.isEmpty { return }
            try await time.sleep(for: backOff.next())
        }
    }

    private func release(_ id: String) async {
        await take(id)
        defer { end(id) }
        do throws(NetworkFailure) {
            if let record = records?[id] { try await takeBack(record) }
            orphans.removeAll { $0 == id }
        } catch {
            logger.error(
                "Network of a pod that is gone could not be taken back; trying again", metadata: ["sandbox": "\(id)", "error": "\(error)"])
        }
    }

    /// The sandboxes with their addresses, in the order of their pods' names.
    package func attachments() async throws(NetworkFailure) -> [NetworkReport.Attachment] {
        try await load().values.sorted { ("\($0.pod)", $0.sandboxID) < ("\($1.pod)", $1.sandboxID) }.map {
            NetworkReport.Attachment(
                sandboxID: $0.sandboxID, pod: $0.pod, addresses: $0.addresses, hostLink: $0.configuration.name, mtu: nil,
                state: $0.addresses.isEmpty ? "connecting" : "connected")
        }
    }

    // MARK: - Plugins

    /// Has each plugin take back what it has made, the last one first, and forgets the sandbox.
    private func takeBack(_ record: CNIRecord) async throws(NetworkFailure) {
        do throws(NetworkFailure) {
            try await remove(record)
        } catch {
            // The configuration may have been the fault, and may be mended by now.
            guard record.addresses.isEmpty, let configuration, configuration.name == record.configuration.name,
                configuration != record.configuration
            else { throw error }
            try await remove(record.with(configuration))
        }
        let store = store
        try await pool.runForNetwork("forget sandbox \(record.sandboxID)") { try store.remove(record.sandboxID) }
        records?[record.sandboxID] = nil
    }

    private func remove(_ record: CNIRecord) async throws(NetworkFailure) {
        let namespace = record.livingNamespace(bootID: bootID)
        let previous = record.configuration.remembersResults ? record.result : nil
        for plugin in record.configuration.plugins.reversed() {
            _ = try await run(.remove, plugin, record, previous: previous, namespace: namespace)
        }
    }

    private func run(
        _ command: CNIRunner.Command, _ plugin: CNIConfiguration.Plugin, _ record: CNIRecord, previous: JSONValue?, namespace: String?
    ) async throws(NetworkFailure) -> JSONValue? {
        let request = record.configuration.request(to: plugin, previous: previous, bandwidth: record.bandwidth)
        return try await runner.run(
            command, plugin, of: record.configuration.name, request, sandboxID: record.sandboxID, pod: record.pod, namespace: namespace)
    }

    // MARK: - Records

    private func take(_ sandboxID: String) async {
        let (turn, users) = turns[sandboxID] ?? (SerialTurn(), 0)
        turns[sandboxID] = (turn, users + 1)
        await turn.take()
    }

    private func end(_ sandboxID: String) {
        guard let (turn, users) = turns[sandboxID] else { return }
        turns[sandboxID] = users > 1 ? (turn, users - 1) : nil
        turn.end()
    }

    /// Reads the records once.
    private func load() async throws(NetworkFailure) -> [String: CNIRecord] {
        if let records { return records }
        let store = store
        let found = try await pool.runForNetwork("read the records of CNI") { try store.load() }
        // Another call may have finished first during the wait.
        if let records { return records }
        for name in found.unreadable {
            logger.error("Record of a pod's network cannot be read and stays", metadata: ["file": "\(store.directory)/\(name)"])
        }
        let all = Dictionary(found.records.map { ($0.sandboxID, $0) }) { first, _ in first }
        records = all
        return all
    }
}
