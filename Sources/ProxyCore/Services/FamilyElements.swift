import Addresses
import Nftables

/// One family's table as it should be, and what of it the store does not have yet.
struct FamilyElements {
    let family: TableFamily
    private let configuration: ProxyConfiguration
    private var elements: [String: [PackedBytes: ElementValue]]
    /// How many Services besides the first share an element.
    private var sharers: [String: [PackedBytes: Int]] = [:]
    private var pickChains: [PickChain: Int] = [:]
    private var timeouts: [UInt32: Int] = [:]

    /// The elements that were changed since the last commit, as they were then.
    private var former: [String: [PackedBytes: ElementValue?]] = [:]
    /// Declarations and chains of the last commit.
    private var committedFrame: ServiceFrame?

    init(configuration: ProxyConfiguration, family: TableFamily) {
        self.configuration = configuration
        self.family = family
        elements = ServiceElements(configuration: configuration, family: family).elements
    }

    /// Takes the part of one Service away. An element that comes back before the next commit is not a change.
    mutating func remove(_ entries: [ServiceEntry]) {
        let part = contribution(entries)
        for (set, keys) in part.elements {
            for key in keys.keys { remove(set, key) }
        }
        for chain in part.pickChains.keys { Self.count(&pickChains, chain, -1) }
        for timeout in part.affinityTimeouts { Self.count(&timeouts, timeout, -1) }
    }

    /// Adds the part of one Service. No other one has its frontends by now.
    mutating func add(_ entries: [ServiceEntry]) {
        let part = contribution(entries)
        for (set, keys) in part.elements {
            for (key, value) in keys { add(set, key, value) }
        }
        for chain in part.pickChains.keys { Self.count(&pickChains, chain, 1) }
        for timeout in part.affinityTimeouts { Self.count(&timeouts, timeout, 1) }
    }

    private func contribution(_ entries: [ServiceEntry]) -> ServiceElements {
        var result = ServiceElements(configuration: configuration)
        for entry in entries where entry.family == family.addresses { result.add(entry) }
        return result
    }

    private static func count<Key: Hashable>(_ counts: inout [Key: Int], _ key: Key, _ change: Int) {
        let count = counts[key, default: 0] + change
        counts[key] = count == 0 ? nil : count
    }

    private mutating func add(_ set: String, _ key: PackedBytes, _ value: ElementValue) {
        if elements[set]?[key] != nil {
            sharers[set, default: [:]][key, default: 0] += 1
        } else {
            put(set, key, value)
        }
    }

    private mutating func remove(_ set: String, _ key: PackedBytes) {
        if sharers[set]?[key] != nil {
            Self.count(&sharers[set, default: [:]], key, -1)
        } else {
            put(set, key, nil)
        }
    }

    private mutating func put(_ set: String, _ key: PackedBytes, _ value: ElementValue?) {
        let present = elements[set]?[key]
        guard present != value else { return }
        if former[set]?[key] == nil { former[set, default: [:]].updateValue(present, forKey: key) }
        elements[set, default: [:]][key] = value
    }

    private var frame: ServiceFrame {
        func isUsed(_ set: String) -> Bool { elements[set]?.isEmpty == false }
        return ServiceFrame(
            pickChains: Set(pickChains.keys), affinityTimeouts: Set(timeouts.keys),
            localPolicies: FrontendMaps.allCases.filter { isUsed($0.shortCircuits) }, hasRestrictions: isUsed(SetName.restricted))
    }

    /// The whole table as it should be.
    var table: Table { frame.table(configuration, family, elements) }

    /// The table of the last commit; `nil` before the first one.
    var committedTable: Table? {
        var earlier = elements
        for (set, keys) in former {
            for (key, value) in keys { earlier[set, default: [:]][key] = value }
        }
        return committedFrame?.table(configuration, family, earlier)
    }

    /// The changes since the last commit; `nil` before the first one. Their cost does not grow with the table.
    var operations: [Operation]? {
        guard let committedFrame else { return nil }
        // Two tables that differ as the whole ones do, without the elements that are alike.
        var before: [String: [PackedBytes: ElementValue]] = [:]
        var after: [String: [PackedBytes: ElementValue]] = [:]
        for (set, keys) in former {
            for (key, value) in keys {
                if let value { before[set, default: [:]][key] = value }
                if let value = elements[set]?[key] { after[set, default: [:]][key] = value }
            }
        }
        return RulesetDiff.transaction(
            from: committedFrame.table(configuration, family, before), to: frame.table(configuration, family, after)
        ).operations
    }

    mutating func committed() {
        former = [:]
        committedFrame = frame
    }
}
