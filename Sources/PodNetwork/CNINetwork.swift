import Glibc
import KubeModel
import LinuxNetlink
package import LinuxSystem
package import Logging
package import PodCore
import Timing

/// The pod network that CNI plugins make (`network.mode: cni`). Host ports are the agent's own in this mode too.
///
/// A sandbox is recorded before its first plugin runs, so that whatever plugins have made is taken back, also by a later agent.
package actor CNINetwork: PodNetworkPort {
    package nonisolated var usesPodRanges: Bool { false }

    private let folder: CNIFolder
    private let runner: CNIRunner
    private let store: CNIRecords
    private let hostPorts: HostPortForwarder
    private let bootID: String
    private let logger: Logger
    private let pool = BlockingPool(name: "cni", threads: 4, queueLimit: 4096)

    private var configuration: CNIConfiguration?
    private var problems: [String] = []
    private var records: [String: CNIRecord]?
    /// One call of plugins at a time for each sandbox.
    private var turns: [String: SerialTurn] = [:]

    /// - Parameters:
    ///   - configurations: the folder of the configurations, `/etc/cni/net.d`.
    ///   - programs: the folders of the plugins, the first one first.
    ///   - stateDirectory: the folder of the records. It outlives a reboot, as plugins' own files do.
    package init(
        configurations: String, programs: [String], stateDirectory: String, hostPorts: HostPortForwarder, bootID: String, logger: Logger
    ) throws(SystemError) {
        folder = try CNIFolder(configurations)
        runner = CNIRunner(folders: programs, pool: pool)
        store = CNIRecords(directory: stateDirectory)
        self.hostPorts = hostPorts
        self.bootID = bootID
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
        let (found, problems) = try await blocking("read the CNI configurations") { [folder] in try folder.read() }
        for problem in problems where !self.problems.contains(problem) {
            logger.warning("CNI configuration is not used", metadata: ["problem": "\(problem)"])
        }
        if let found, found != configuration { logger.info("CNI configuration is in use", metadata: ["name": "\(found.name)"]) }
        self.problems = problems
        configuration = found
    }

    /// Calls `body` after each change of the configurations, until it is cancelled.
    package func follow(_ body: @Sendable () async -> Void) async throws {
        while true {
            try await folder.waitForChange()
            try await reload()
            await body()
        }
    }

    // MARK: - Sandboxes

    package func attach(
        _ sandbox: SandboxNetwork, networkNamespacePath: String, bandwidth: PodBandwidth
    ) async throws(NetworkFailure) -> [String] {
        let id = sandbox.sandboxID
        let turn = turn(of: id)
        await turn.take()
        defer { turn.end() }
        if let known = try await load()[id] {
            if !known.addresses.isEmpty { return known.addresses }
            try await takeBack(known)
        }
        guard let configuration else {
            throw NetworkFailure(.notReady, "cni plugin not initialized: found no network configuration in \(folder.path)")
        }
        let (store, bootID, runner) = (store, bootID, runner)
        var record = try await blocking("prepare the network of sandbox \(id)") {
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
            try await blocking("record the network of sandbox \(id)") { try store.save(complete) }
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
        let turn = turn(of: sandboxID)
        await turn.take()
        defer { turn.end() }
        try await hostPorts.remove(sandboxID)
        if let record = try await load()[sandboxID] {
            do throws(NetworkFailure) {
                try await takeBack(record)
            } catch {
                throw NetworkFailure(error.code, "failed to destroy network for sandbox \"\(sandboxID)\": \(error.message)")
            }
        }
        turns[sandboxID] = nil
    }

    package func recover(_ sandboxes: [SandboxNetwork]) async throws(NetworkFailure) {
        let known = Set(sandboxes.map(\.sandboxID))
        let orphans = try await load().values.filter { !known.contains($0.sandboxID) }.sorted { $0.sandboxID < $1.sandboxID }
        // Before new pods: addresses that nobody uses would be missing.
        await withDiscardingTaskGroup { group in
            let lanes = 8
            for lane in 0..<min(lanes, orphans.count) {
                group.addTask {
                    for index in stride(from: lane, to: orphans.count, by: lanes) { await self.release(orphans[index]) }
                }
            }
        }
        await hostPorts.recover(sandboxes)
    }

    private func release(_ orphan: CNIRecord) async {
        do throws(NetworkFailure) {
            try await takeBack(orphan)
        } catch {
            logger.error(
                "Network of a pod that is gone could not be taken back; the next start of the agent tries again",
                metadata: ["pod": "\(orphan.pod)", "sandbox": "\(orphan.sandboxID)", "error": "\(error)"])
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
            guard record.addresses.isEmpty, let configuration, configuration != record.configuration else { throw error }
            try await remove(record.with(configuration))
        }
        let store = store
        try await blocking("forget sandbox \(record.sandboxID)") { try store.remove(record.sandboxID) }
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

    private func turn(of sandboxID: String) -> SerialTurn {
        if let turn = turns[sandboxID] { return turn }
        let turn = SerialTurn()
        turns[sandboxID] = turn
        return turn
    }

    /// Reads the records once.
    private func load() async throws(NetworkFailure) -> [String: CNIRecord] {
        if let records { return records }
        let store = store
        let found = try await blocking("read the records of CNI") { try store.load() }
        // Another call may have finished first during the wait.
        if let records { return records }
        for name in found.unreadable {
            logger.error("Record of a pod's network cannot be read and stays", metadata: ["file": "\(store.directory)/\(name)"])
        }
        let all = Dictionary(found.records.map { ($0.sandboxID, $0) }) { first, _ in first }
        records = all
        return all
    }

    private func blocking<T: Sendable>(_ what: String, _ body: @escaping @Sendable () throws -> T) async throws(NetworkFailure) -> T {
        do {
            return try await pool.run(what, deadline: .seconds(60), body)
        } catch let error as NetworkFailure {
            throw error
        } catch {
            throw NetworkFailure(.kernel, "cannot \(what): \(error)")
        }
    }
}
