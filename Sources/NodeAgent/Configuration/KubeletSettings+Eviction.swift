import KubeModel
package import PodCore

extension KubeletSettings {
    /// Once a signal is named, the signals that are not named are off, unless `mergeDefaultEvictionSettings` is set.
    mutating func readEviction(_ reader: inout FieldReader) throws {
        var merges = false
        try reader.read("mergeDefaultEvictionSettings", into: &merges)
        if let hard = try Self.thresholds("evictionHard", &reader) {
            evictionHard = (merges ? Self.defaultEvictionHard : [:]).merging(hard) { $1 }.filter { !$0.value.isOff }
        }
        if let soft = try Self.thresholds("evictionSoft", &reader) { evictionSoft = soft.filter { !$0.value.isOff } }
        try readSoftGrace(&reader)
        try readMinimumReclaim(&reader)
        try reader.read("evictionPressureTransitionPeriod", into: &evictionPressureTransitionPeriod)
        try reader.read("evictionMaxPodGracePeriod", into: &evictionMaxPodGracePeriod, in: 0...Int(Int32.max))
    }

    /// `nil` where the field names no signal.
    private static func thresholds(_ field: String, _ reader: inout FieldReader) throws -> [EvictionSignal: EvictionAmount]? {
        let amounts = try signals(field, &reader) { text -> EvictionAmount? in
            guard let amount = EvictionAmount(text), amount != .quantity(Quantity(0)) else { return nil }
            return amount
        } wanted: {
            "a quantity above 0 such as 100Mi or a part such as 10%"
        }
        return amounts.isEmpty ? nil : amounts
    }

    private mutating func readSoftGrace(_ reader: inout FieldReader) throws {
        evictionSoftGracePeriod = try Self.signals("evictionSoftGracePeriod", &reader) { text -> Duration? in
            GoDuration.parse(text).flatMap { $0 >= .zero ? $0 : nil }
        } wanted: {
            "a duration such as 1m30s"
        }
        guard let node = reader.node("evictionSoft") else { return }
        for signal in EvictionSignal.allCases where evictionSoft[signal] != nil && evictionSoftGracePeriod[signal] == nil {
            throw reader.bad(
                node.member(signal.rawValue) ?? node, "evictionSoft.\(signal.rawValue)",
                "grace period must be specified for the soft eviction threshold: add \(signal.rawValue) to evictionSoftGracePeriod")
        }
    }

    private mutating func readMinimumReclaim(_ reader: inout FieldReader) throws {
        evictionMinimumReclaim = try Self.signals("evictionMinimumReclaim", &reader) { text -> EvictionAmount? in
            guard let amount = EvictionAmount(text), amount != .fraction(0) else { return nil }
            return amount
        } wanted: {
            "a quantity such as 100Mi or a part above 0% such as 10%"
        }
    }

    private static func signals<Value>(
        _ field: String, _ reader: inout FieldReader, _ parse: (String) -> Value?, wanted: () -> String
    ) throws -> [EvictionSignal: Value] {
        var texts: [String: String] = [:]
        try reader.read(field, into: &texts)
        guard let node = reader.node(field) else { return [:] }
        var values: [EvictionSignal: Value] = [:]
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            let place = node.member(name) ?? node
            guard let signal = EvictionSignal(rawValue: name) else {
                let hint = Spelling.suggestion(for: name, among: Set(EvictionSignal.allCases.map(\.rawValue))).map { "; did you mean '\($0)'?" }
                throw reader.bad(place, "\(field).\(name)", "there is no such signal\(hint ?? "")")
            }
            guard let value = parse(text) else { throw reader.bad(place, "\(field).\(name)", "found '\(text)', wanted \(wanted())") }
            values[signal] = value
        }
        return values
    }

    /// The rules of evictions by this configuration.
    package var evictionRules: EvictionRules {
        func thresholds(_ amounts: [EvictionSignal: EvictionAmount], _ grace: [EvictionSignal: Duration]) -> [EvictionThreshold] {
            EvictionSignal.allCases.compactMap { signal in
                amounts[signal].map {
                    EvictionThreshold(signal, $0, grace: grace[signal] ?? .zero, minimumReclaim: evictionMinimumReclaim[signal])
                }
            }
        }
        return EvictionRules(
            thresholds(evictionHard, [:]) + thresholds(evictionSoft, evictionSoftGracePeriod), limitsPods: enforceNodeAllocatable == .pods,
            transitionPeriod: evictionPressureTransitionPeriod, maxPodGrace: Int64(evictionMaxPodGracePeriod))
    }
}

extension EvictionAmount {
    /// 0% and 100% turn a threshold off.
    fileprivate var isOff: Bool { self == .fraction(0) || self == .fraction(1) }
}
