import Addresses
import Nftables

/// The changes of one family's table since the last commit. The table itself is not kept: its elements follow from the entries of all Services.
struct FamilyChanges {
    /// An element as it was at the last commit and as it should be; `nil` where there is none.
    private struct Change {
        let former: ElementValue?
        var present: ElementValue?
    }

    let family: TableFamily
    private let configuration: ProxyConfiguration
    /// How many Services an element stands for, of the sets in which several may share one. In all others a key names a frontend, which one Service has.
    private var sharers: [String: CompactMap<PackedBytes, Int32>] = [:]
    /// The number of Services' elements in each set, those that are shared counted more than once.
    private var counts: [String: Int] = [:]
    private var pickChains: [PickChain: Int] = [:]
    private var timeouts: [UInt32: Int] = [:]
    private var changes: [String: [PackedBytes: Change]] = [:]
    /// Declarations and chains of the last commit.
    private var committedFrame: ServiceFrame?

    private static let shared: Set<String> = [SetName.clusterIPs, SetName.hairpin, SetName.affineEndpoints]

    init(configuration: ProxyConfiguration, family: TableFamily) {
        self.configuration = configuration
        self.family = family
    }

    /// Takes the part of one Service away. An element that comes back before the next commit is not a change.
    mutating func remove(_ entries: [ServiceEntry]) { count(entries, -1) }

    /// Adds the part of one Service. No other one has its frontends by now.
    mutating func add(_ entries: [ServiceEntry]) { count(entries, 1) }

    private mutating func count(_ entries: [ServiceEntry], _ step: Int) {
        let part = contribution(entries)
        for (set, elements) in part.elements {
            counts.count(set, step * elements.count)
            for (key, value) in elements {
                if isOnly(set, key, Int32(step)) { note(set, key, from: step < 0 ? value : nil, to: step < 0 ? nil : value) }
            }
        }
        for chain in part.pickChains.keys { pickChains.count(chain, step) }
        for timeout in part.affinityTimeouts { timeouts.count(timeout, step) }
    }

    private func contribution(_ entries: [ServiceEntry]) -> ServiceElements {
        var result = ServiceElements(configuration: configuration)
        for entry in entries where entry.family == family.addresses { result.add(entry) }
        return result
    }

    /// Counts one Service more or less that has an element.
    /// - Returns: no other one has it.
    private mutating func isOnly(_ set: String, _ key: PackedBytes, _ change: Int32) -> Bool {
        guard Self.shared.contains(set) else { return true }
        let before = sharers[set]?[key] ?? 0
        let after = before + change
        sharers[set, default: CompactMap()][key] = after == 0 ? nil : after
        return min(before, after) == 0
    }

    private mutating func note(_ set: String, _ key: PackedBytes, from earlier: ElementValue?, to value: ElementValue?) {
        // Before the first commit everything is a change.
        guard hasCommitted else { return }
        var change = changes[set]?[key] ?? Change(former: earlier, present: nil)
        change.present = value
        changes[set, default: [:]][key] = change.former == value ? nil : change
    }

    private var frame: ServiceFrame {
        func isUsed(_ set: String) -> Bool { counts[set] != nil }
        return ServiceFrame(
            pickChains: Set(pickChains.keys), affinityTimeouts: Set(timeouts.keys),
            localPolicies: FrontendMaps.allCases.filter { isUsed($0.shortCircuits) }, hasRestrictions: isUsed(SetName.restricted))
    }

    /// The elements that do not depend on Services, with room for those that do.
    var ownElements: ServiceElements {
        var result = ServiceElements(configuration: configuration, family: family)
        result.reserve(counts)
        return result
    }

    /// The whole table as it should be.
    /// - Parameter all: `ownElements` and those of all Services.
    func table(_ all: ServiceElements) -> Table { frame.table(configuration, family, all.elements) }

    var hasCommitted: Bool { committedFrame != nil }

    /// The table of the last commit; `nil` before the first one.
    func committedTable(_ all: ServiceElements) -> Table? {
        var earlier = all.elements
        for (set, keys) in changes {
            for (key, change) in keys { earlier[set, default: [:]][key] = change.former }
        }
        return committedFrame?.table(configuration, family, earlier)
    }

    /// The changes since the last commit; `nil` before the first one. Their cost does not grow with the table.
    var operations: [Operation]? {
        guard let committedFrame else { return nil }
        // Two tables that differ as the whole ones do, without the elements that are alike.
        let before = changes.mapValues { $0.compactMapValues(\.former) }
        let after = changes.mapValues { $0.compactMapValues(\.present) }
        return RulesetDiff.transaction(
            from: committedFrame.table(configuration, family, before), to: frame.table(configuration, family, after)
        ).operations
    }

    mutating func committed() {
        changes = [:]
        committedFrame = frame
    }
}
