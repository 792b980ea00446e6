import Addresses
import Nftables

/// Mistakes of a compiler, each in the tables of a case that has to notice it.
enum PlantedFault: String, CaseIterable, Sendable {
    case noMasquerade, wrongPort, noRefusal, noDrop, noAffinity, noSourceRanges, noLocalPolicy

    /// The case's title.
    var title: String {
        switch self {
        case .noMasquerade: "ready endpoints of all nodes are used"
        case .wrongPort: "each slice has its own target port"
        case .noRefusal: "only endpoints that are dead: refused"
        case .noDrop: "an unassigned address of the Service range is dropped, others are left alone"
        case .noAffinity: "session affinity: a client stays with its endpoint, at every place"
        case .noSourceRanges: "source ranges in IPv6"
        case .noLocalPolicy: "external policy Local: all endpoints of this node"
        }
    }

    func plant(in table: inout Table) {
        switch self {
        case .noMasquerade:
            table.chains["nat-postrouting"]?.rules.removeAll { $0.statements.contains { if case .masquerade = $0 { true } else { false } } }
        case .wrongPort:
            let port = table.id.family.addresses.size
            table.sets = table.sets.mapValues { set in
                guard set.name.hasSuffix("endpoints") else { return set }
                let elements = set.elements.mapValues { value -> ElementValue in
                    guard case .data(let target) = value else { return value }
                    var bytes = target.array
                    bytes.swapAt(port, port + 1)
                    return .data(PackedBytes(bytes))
                }
                return NamedSet(set.schema, elements: elements)
            }
        case .noRefusal: table.chains["refuse"]?.rules = []
        case .noDrop: table.chains["unservable"]?.rules.removeAll { $0.statements.contains(.verdict(.drop)) }
        case .noAffinity: table.chains["affinity"]?.rules = []
        case .noSourceRanges: table.chains["admission"]?.rules = []
        case .noLocalPolicy:
            // As if every client were one of the cluster.
            for name in ["local-policy", "nodeport-local-policy"] where table.chains[name] != nil {
                table.chains[name]?.rules[0].statements.removeFirst()
            }
        }
    }
}
