/// Where a base chain is attached. Raw values are netfilter's (NF_INET_PRE_ROUTING, …).
package struct Hook: Sendable, Hashable {
    package enum Point: UInt32, Sendable, Hashable {
        case prerouting = 0
        case input = 1
        case forward = 2
        case output = 3
        case postrouting = 4

        package var name: String {
            switch self {
            case .prerouting: "prerouting"
            case .input: "input"
            case .forward: "forward"
            case .output: "output"
            case .postrouting: "postrouting"
            }
        }
    }

    package enum Kind: String, Sendable, Hashable {
        case filter
        case nat
        case route
    }

    package var kind: Kind
    package var point: Point
    package var priority: Int32

    package init(_ kind: Kind, _ point: Point, priority: Int32) {
        self.kind = kind
        self.point = point
        self.priority = priority
    }

    /// Priorities that have a name in nft.
    package static let destinationNAT: Int32 = -100
    package static let filter: Int32 = 0
    package static let sourceNAT: Int32 = 100

    /// As `nft list` writes it: by distance from a priority that has a name for this hook, up to ten.
    package var priorityText: String {
        var named = [(Self.filter, "filter")]
        if point == .prerouting { named.append((Self.destinationNAT, "dstnat")) }
        if point == .postrouting { named.append((Self.sourceNAT, "srcnat")) }
        guard let (base, name) = named.first(where: { abs(priority - $0.0) <= 10 }) else { return "\(priority)" }
        let offset = priority - base
        return offset == 0 ? name : "\(name) \(offset < 0 ? "-" : "+") \(abs(offset))"
    }
}
