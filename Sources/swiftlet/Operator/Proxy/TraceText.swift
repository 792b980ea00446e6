import LinuxNftables
import Nftables

/// The rules that a trace names by their handles, as text.
struct TracedRules {
    private var texts: [TableID: [UInt64: String]] = [:]

    /// - Parameter wanted: the agent's rules in nft's words. They are shown so; those of other programs as libnftnl writes them.
    init(of tables: Set<TableID>, _ store: KernelRulesetStore, wanted: String) async throws {
        let known = Self.rules(in: wanted)
        for table in tables {
            for (chain, rules) in try await store.ruleHandles(of: table) {
                let words = known["\(table) \(chain)"]
                // Another number of rules: someone has changed them.
                let fits = words?.count == rules.count
                for (place, rule) in rules.enumerated() {
                    texts[table, default: [:]][rule.handle] = fits ? words?[place] : rule.text
                }
            }
        }
    }

    init(_ texts: [TableID: [UInt64: String]]) { self.texts = texts }

    func text(of handle: UInt64, in step: TraceStep) -> String { step.tableID.flatMap { texts[$0]?[handle] } ?? "rule with handle \(handle)" }

    /// The rules of each chain, by `FAMILY TABLE CHAIN`, in a ruleset as nft lists it.
    static func rules(in text: String) -> [String: [String]] {
        var found: [String: [String]] = [:]
        var (table, chain) = ("", "")
        for line in text.split(separator: "\n") {
            let words = line.drop { $0 == "\t" }
            if words.hasPrefix("table ") {
                table = words.dropFirst(6).split(separator: "{")[0].trimmed
            } else if words.hasPrefix("chain ") {
                chain = "\(table) " + words.dropFirst(6).split(separator: "{")[0].trimmed
                found[chain] = []
            } else if words.hasPrefix("}") {
                chain = ""
            } else if !chain.isEmpty, !words.hasPrefix("type "), !words.hasPrefix("comment ") {
                found[chain]?.append(String(words))
            }
        }
        return found
    }
}

/// A trace for people: one line for each step.
enum TraceText {
    static func text(_ steps: [TraceStep], _ rules: TracedRules) -> String {
        var lines: [String] = []
        var packet: UInt32?
        var destination: TraceStep.Destination?
        for step in steps {
            if let last = packet, last != step.packet { lines.append("another packet, or the same one in another namespace:") }
            packet = step.packet
            if let now = step.destination, now != destination {
                lines.append("  to \(now.address)\(now.port.map { " port \($0)" } ?? "")")
                destination = now
            }
            let what =
                switch step.kind {
                case .rule(let handle): rules.text(of: handle, in: step)
                case .end: "end of the chain"
                case .policy: "policy"
                }
            lines.append("  \(step.table) \(step.chain): \(what) -> \(step.verdict)")
        }
        return lines.map { $0 + "\n" }.joined()
    }
}

extension Substring {
    fileprivate var trimmed: String {
        var words = self
        while words.last == " " { words.removeLast() }
        return String(words)
    }
}
