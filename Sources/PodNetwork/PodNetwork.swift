package import Addresses
import Glibc
import LinuxNetlink
import LinuxSystem
package import Nftables
package import PodCore
import Timing

/// The built-in pod network: a bridge on the node, a veth for each pod, addresses from the node's podCIDRs.
///
/// The actor owns the addresses; everything that waits for the kernel runs on a small pool, so that attaching 20 pods at
/// once is 20 turns of bookkeeping and as much parallel work as the kernel allows.
package actor PodNetwork: PodNetworkPort {
    let settings: NetworkSettings
    private let records: AddressRecords
    let hostPorts: HostPortForwarder
    private let filters: (any ForwardFilters)?
    private let pool = BlockingPool(name: "network", threads: 4, queueLimit: 4096)
    private let turn = SerialTurn()
    /// An element after the network is to be repaired for another reason than a change by another program. One reader.
    nonisolated let wishes: AsyncStream<Void>
    private let wish: AsyncStream<Void>.Continuation

    /// The ranges for new pods, the node's primary family first.
    private var pools: [AddressPool] = []
    private var interfaces: PodInterface?
    /// The bridge's link address, from the first set-up on.
    private var mac: MACAddress?
    private var peers: [PeerNode]?
    private var ownAddresses: [IPAddress] = []
    var heldAddresses = HeldAddresses()
    /// Returns the API server's addresses, after a look-up of its name. May take as long as the resolver does.
    var serverAddresses: (@Sendable () async -> [String])?
    /// The way from 127.0.0.1 to pods was open at the last look.
    private(set) var opensLoopback = false
    /// The kernel lacks the means to keep pods from sending from other addresses.
    private(set) var lacksGuard = false
    /// The sandboxes that are giving their host ports up.
    private(set) var leavingPorts: Set<String> = []
    private(set) var assignments: [String: [IPAddress]] = [:]
    /// The sandboxes whose interfaces are complete: others are still being made, and not to be repaired.
    private(set) var attached: Set<String> = []
    var identities: [String: PodIdentity] = [:]
    /// The owner of each interface name on the node: two sandboxes must never share a name.
    private(set) var hostNames: [String: String] = [:]
    private var hasLoaded = false
    /// The recorded addresses, oldest first: the next ones are given out behind them.
    private var recorded: [IPAddress] = []
    /// Gateways by range for addresses that were given out under an earlier podCIDR.
    private var earlier: [AddressPool] = []

    /// - Parameter filters: what a check looks at for chains of other programs.
    package init(settings: NetworkSettings = NetworkSettings(), hostPorts: HostPortForwarder, filters: (any ForwardFilters)? = nil) {
        self.settings = settings
        self.hostPorts = hostPorts
        self.filters = filters
        records = AddressRecords(directory: settings.stateDirectory)
        (wishes, wish) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    }

    package func setUp(podCIDRs: [String]) async throws(NetworkFailure) {
        let ranges = try Self.parse(podCIDRs)
        try await load()
        await turn.take()
        defer { turn.end() }
        let wanted = wanted(for: ranges)
        let (bridge, repair) = try await repair(wanted)
        if let (defect, reason) = repair.failed.first(where: { !$0.defect.isAboutPeer && !$0.defect.isAboutPort }) {
            throw NetworkFailure(.kernel, "cannot set up the pod network: found that \(defect.found), wanted \(defect.wanted): \(reason)")
        }
        // Only now, without a further await: pods may have come and gone while the kernel was working.
        adopt(ranges)
        adopt(bridge, repair, wanted)
    }

    package var isSetUp: Bool { interfaces != nil }

    /// The cluster's other nodes; routes to their pods follow. `nil` while these are not known.
    /// - Parameter own: the addresses by which other nodes know this one, the primary family first. The last ones stay while there are none.
    package func setPeers(_ peers: [PeerNode]?, own: [IPAddress] = []) {
        let own = own.isEmpty ? ownAddresses : own
        guard peers != self.peers || own != ownAddresses else { return }
        self.peers = peers
        ownAddresses = own
        wish.yield()
    }

    /// Brings the node's side to what pods need; returns what that took. Nothing before the set-up.
    func repair() async throws(NetworkFailure) -> NodeBridge.Repair {
        await turn.take()
        defer { turn.end() }
        guard isSetUp else { return NodeBridge.Repair() }
        let wanted = wanted(for: pools)
        var (bridge, repair) = try await repair(wanted)
        adopt(bridge, repair, wanted)
        if lacksGuard { repair.problems.append(Self.noGuard) }
        return repair
    }

    /// The differences to what pods need, nodes without a route, and the network as it is.
    func inspect() async throws(NetworkFailure) -> ([NetworkDefect], [String], ObservedNetwork) {
        let (settings, wanted) = (settings, wanted(for: pools))
        return try await kernel("look at the pod network") { try NodeBridge(settings: settings).inspect(wanted) }
    }

    /// A value after each change of the node's network by which pods may be concerned. Ends when the kernel's notifications do.
    func foreignChanges() async throws(NetworkFailure) -> AsyncStream<Void> {
        let settings = settings
        return try await kernel("watch the node's network") {
            try NetworkChange.stream(in: settings.nodeNamespace?.descriptor, isOfInterest: ChangeInterest.covers)
        }
    }

    /// The filters of other programs that may drop the pods' packets.
    func foreignFilters() async -> [NetworkReport.Finding] {
        do {
            return try await filters?.droppingChains(exceptNaming: settings.bridge).map { ForwardWatch.finding($0, bridge: settings.bridge) } ?? []
        } catch {
            return [
                NetworkReport.Finding(
                    found: "filters of other programs cannot be looked at: \(error)", wanted: "the chains of all tables",
                    done: "nothing: look at nft list ruleset for a chain at the hook forward with the policy drop")
            ]
        }
    }

    private func repair(_ wanted: WantedNetwork) async throws(NetworkFailure) -> (NodeBridge, NodeBridge.Repair) {
        let settings = settings
        return try await kernel("set up the pod network") {
            let bridge = try NodeBridge(settings: settings)
            return (bridge, try bridge.repair(wanted))
        }
    }

    private func adopt(_ bridge: NodeBridge, _ repair: NodeBridge.Repair, _ wanted: WantedNetwork) {
        opensLoopback = wanted.opensLoopback
        guard let link = repair.bridge else { return }
        mac = link.mac
        interfaces = PodInterface(bridge: bridge, bridgeIndex: link.index, mtu: repair.podMTU)
    }

    private func wanted(for ranges: [AddressPool]) -> WantedNetwork {
        let inUse = Set(assignments.values.joined())
        let gone = (pools + earlier).filter { old in !ranges.contains { $0.range == old.range } && inUse.contains(where: old.contains) }
        var wanted = WantedNetwork(
            gateways: ranges.map(\.gatewayCIDR), earlierGateways: gone.map(\.gatewayCIDR), addressesInUse: inUse, mac: mac,
            hostLinks: Set(attached.map(PodInterface.hostName)), peers: peers, ownAddresses: ownAddresses)
        wanted.opensLoopback = hostPorts.forwardsIPv4(without: leavingPorts)
        return wanted
    }

    package nonisolated var isMadeByPlugins: Bool { false }

    package func attach(
        _ sandbox: SandboxNetwork, networkNamespacePath: String, bandwidth: PodBandwidth
    ) async throws(NetworkFailure) -> [String] {
        try await attach(sandboxID: sandbox.sandboxID, networkNamespacePath: networkNamespacePath, bandwidth: bandwidth)
    }

    package func attach(
        sandboxID: String, networkNamespacePath: String, bandwidth: PodBandwidth = PodBandwidth()
    ) async throws(NetworkFailure) -> [String] {
        guard sandboxID.utf8.count >= 11, sandboxID.utf8.allSatisfy({ (48...57).contains($0) || (97...122).contains($0) }) else {
            throw NetworkFailure(.kernel, "sandbox ID \(sandboxID): wanted at least 11 lower-case letters and digits")
        }
        try await load()
        guard let interfaces else {
            throw NetworkFailure(
                .notReady, "the node has no podCIDR yet: wanted spec.podCIDR in its Node object; let the controller manager allocate node CIDRs")
        }
        let hostName = PodInterface.hostName(sandboxID: sandboxID)
        if let owner = hostNames[hostName], owner != sandboxID {
            throw NetworkFailure(.kernel, "sandbox \(sandboxID): its interface name \(hostName) belongs to sandbox \(owner); wanted a random ID")
        }
        let isNew = assignments[sandboxID] == nil
        let addresses: [IPAddress]
        if let known = assignments[sandboxID] { addresses = known } else { addresses = try allocate(for: sandboxID) }
        let wanted = try addresses.map { address throws(NetworkFailure) in try assignment(of: address) }
        let records = records
        let isGuarded: Bool
        do throws(NetworkFailure) {
            isGuarded = try await kernel("connect sandbox \(sandboxID)") {
                // Remembered before it is used: an address in use without a record could be given out twice.
                if isNew { for address in addresses { try records.save(address, sandboxID: sandboxID) } }
                let isGuarded = try interfaces.connect(sandboxID: sandboxID, namespacePath: networkNamespacePath, assignments: wanted, bandwidth)
                FailPoint.reach("network.attached")
                return isGuarded
            }
        } catch {
            if isNew { try? await detach(sandboxID: sandboxID) }
            throw error
        }
        // Its sandbox may have ended meanwhile.
        if assignments[sandboxID] != nil { attached.insert(sandboxID) }
        if !isGuarded, !lacksGuard {
            lacksGuard = true
            wish.yield()
        }
        // A repair during the call did not see this interface.
        if interfaces.bridgeIndex != self.interfaces?.bridgeIndex { wish.yield() }
        return addresses.map(\.description)
    }

    package func detach(sandboxID: String) async throws(NetworkFailure) {
        // First: no rule may lead to an address that the next pod gets. The guard of the node's loopback goes with the last rules.
        leavingPorts.insert(sandboxID)
        defer { leavingPorts.remove(sandboxID) }
        try await adjustLoopback()
        try await hostPorts.remove(sandboxID)
        try await load()
        guard let addresses = assignments[sandboxID] else { return }
        let records = records
        // The record goes first: a freed address must not come back as taken after a restart.
        try await kernel("release the addresses of sandbox \(sandboxID)") {
            for address in addresses { try records.remove(address) }
            FailPoint.reach("network.detached")
        }
        release(sandboxID)
    }

    package func recover(_ sandboxes: [SandboxNetwork]) async throws(NetworkFailure) {
        try await load()
        var kept: [String: [IPAddress]] = [:]
        for sandbox in sandboxes where sandbox.isRunning {
            var addresses = sandbox.addresses.compactMap { IPAddress($0) }
            // The last agent ended before it recorded them, or its record cannot be read: they are in use nevertheless until the sandbox is detached.
            if addresses.isEmpty { addresses = assignments[sandbox.sandboxID] ?? [] }
            if !addresses.isEmpty { kept[sandbox.sandboxID] = addresses }
        }
        let inUse = Set(kept.values.joined())
        let gone = assignments.filter { kept[$0.key] != $0.value }
        let found = kept.filter { assignments[$0.key] != $0.value }
        for sandboxID in gone.keys { release(sandboxID) }
        for (sandboxID, addresses) in found { take(addresses, for: sandboxID) }
        attached.formUnion(kept.keys)
        for sandbox in sandboxes where kept[sandbox.sandboxID] != nil { identities[sandbox.sandboxID] = sandbox.pod }
        let records = records
        try await kernel("recover the addresses") {
            for address in gone.values.joined() where !inUse.contains(address) { try records.remove(address) }
            for (sandboxID, addresses) in found { for address in addresses { try records.save(address, sandboxID: sandboxID) } }
        }
        await hostPorts.recover(sandboxes)
    }

    // MARK: - Bookkeeping

    private static func parse(_ podCIDRs: [String]) throws(NetworkFailure) -> [AddressPool] {
        var pools: [AddressPool] = []
        for text in podCIDRs {
            guard let range = CIDR(text), let pool = AddressPool(range: range) else {
                throw NetworkFailure(.invalidRange, "podCIDR \(text): wanted an IPv4 range up to /30 or an IPv6 range up to /126, e.g. 10.244.1.0/24")
            }
            guard !pools.contains(where: { $0.range.family == range.family }) else {
                throw NetworkFailure(.invalidRange, "podCIDRs \(podCIDRs.joined(separator: ", ")): wanted at most one range of each family")
            }
            pools.append(pool)
        }
        guard !pools.isEmpty else {
            throw NetworkFailure(.notReady, "the node has no podCIDR: wanted spec.podCIDR in its Node object")
        }
        return pools
    }

    /// Gives out addresses of these ranges from now on.
    private func adopt(_ wanted: [AddressPool]) {
        let known = pools + earlier
        pools = wanted.map { pool in
            // The same range again keeps its place in the order.
            if let same = known.first(where: { $0.range == pool.range }) { return same }
            var pool = pool
            if let latest = recorded.last(where: pool.contains) {
                pool.take(latest, isLatest: true)
                pool.free(latest)
            }
            return pool
        }
        for address in assignments.values.joined() { for index in pools.indices { pools[index].take(address) } }
        earlier = known.filter { old in
            !pools.contains { $0.range == old.range } && assignments.values.contains { $0.contains(where: old.contains) }
        }
    }

    /// One address of each range, or of none.
    private func allocate(for sandboxID: String) throws(NetworkFailure) -> [IPAddress] {
        var addresses: [IPAddress] = []
        for index in pools.indices {
            guard let address = pools[index].allocate() else {
                for address in addresses { for index in pools.indices { pools[index].free(address) } }
                throw NetworkFailure(
                    .exhausted,
                    "no address left in podCIDR \(pools[index].range): all \(pools[index].capacity) are in use; "
                        + "lower maxPods or give the node a larger range")
            }
            addresses.append(address)
        }
        assignments[sandboxID] = addresses
        hostNames[PodInterface.hostName(sandboxID: sandboxID)] = sandboxID
        return addresses
    }

    private func assignment(of address: IPAddress) throws(NetworkFailure) -> PodInterface.Assignment {
        guard let pool = (pools + earlier).first(where: { $0.contains(address) }),
            let cidr = CIDR(address, prefixLength: pool.range.prefixLength)
        else {
            throw NetworkFailure(
                .invalidRange, "address \(address) of this sandbox is in no podCIDR of the node any more; the pod has to be made anew")
        }
        return PodInterface.Assignment(address: cidr, gateway: pool.gateway)
    }

    private func take(_ addresses: [IPAddress], for sandboxID: String) {
        assignments[sandboxID] = addresses
        hostNames[PodInterface.hostName(sandboxID: sandboxID)] = sandboxID
        for address in addresses { for index in pools.indices { pools[index].take(address) } }
    }

    private func release(_ sandboxID: String) {
        guard let addresses = assignments.removeValue(forKey: sandboxID) else { return }
        hostNames[PodInterface.hostName(sandboxID: sandboxID)] = nil
        attached.remove(sandboxID)
        identities[sandboxID] = nil
        // Another sandbox may have been found with the same address; it keeps it.
        let others = Set(assignments.values.joined())
        for address in addresses where !others.contains(address) {
            for index in pools.indices { pools[index].free(address) }
            for index in earlier.indices { earlier[index].free(address) }
        }
    }

    /// Reads the records once, before anything is given out.
    func load() async throws(NetworkFailure) {
        guard !hasLoaded else { return }
        let records = records
        let found = try await kernel("read the address records") { try records.load() }
        // Another call may have finished first during the wait.
        guard !hasLoaded else { return }
        hasLoaded = true
        recorded = found.map(\.address)
        // Records are sorted by age, and a sandbox's by the order in which they were written: the primary family first.
        for (address, sandboxID) in found { take((assignments[sandboxID] ?? []) + [address], for: sandboxID) }
    }

    func kernel<T: Sendable>(_ what: String, _ body: @escaping @Sendable () throws -> T) async throws(NetworkFailure) -> T {
        try await pool.runForNetwork(what, body)
    }
}
