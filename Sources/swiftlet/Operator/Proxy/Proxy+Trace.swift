import Addresses
import ArgumentParser
import KubeModel
import LinuxNftables
import Nftables
import NodeServer

extension Proxy {
    /// `swiftlet proxy trace`.
    struct Trace: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follow one real packet of this node to a Service through the kernel's tables.",
            discussion: """
                Begins a connection and closes it at once; to UDP it sends one empty datagram. The kernel tells each rule that the packet meets, of other \
                programs too. Meanwhile a table of its own, swiftlet-trace, marks the packets; connections of others to the same address and port are \
                shown as well. Needs root, in the network namespace of the node.
                """)

        @OptionGroup var agent: AgentSocket

        @Argument(help: "The Service: NAME or NAMESPACE/NAME, with :PORT (name or number) for one port of it; or ADDRESS:PORT.")
        var target: String

        @Option(name: [.short, .long], help: "The Service's namespace.")
        var namespace = "default"

        @Option(help: "The protocol for ADDRESS:PORT: tcp, udp or sctp.")
        var `protocol` = "tcp"

        /// Of either family, while a trace is under way.
        static let table = "swiftlet-trace"

        func run() async throws {
            let client = try AdminClient(agent)
            let frontend = try await frontend(client)
            try await write("a packet of this node to \(frontend)\n")
            let store = try KernelRulesetStore()
            let (steps, answer) = try await store.trace(to: frontend, name: Self.table) { try await PacketSender.send(to: frontend) }
            // Without the agent's words the rules are shown as the kernel has them.
            let wanted = (try? await client.text(.proxyRules)) ?? ""
            let rules = try await TracedRules(of: Set(steps.compactMap(\.tableID)), store, wanted: wanted)
            try await write(TraceText.text(steps, rules) + "\(answer)\n")
            if steps.isEmpty {
                throw CommandFailure("the kernel has told no step: the packet met no table, or this is not the network namespace of the node")
            }
        }

        private func write(_ text: String) async throws { try await StandardStream.output.write(Array(text.utf8)) }

        private func frontend(_ client: AdminClient) async throws -> Frontend {
            if let frontend = try literal() { return frontend }
            let parts = target.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let key = Proxy.key(parts[0], namespace)
            let snapshot: ProxySnapshot = try await client.get(.proxyServices)
            let known = snapshot.frontends.filter { $0.namespace == key.namespace && $0.service == key.name && !$0.address.isEmpty }
            let wanted = known.first { parts.count == 1 || $0.portName == parts[1] || "\($0.port)" == parts[1] }
            guard let wanted, let address = IPAddress(wanted.address), let transport = TransportProtocol(rawValue: wanted.protocol) else {
                let ports = known.map { $0.portName.isEmpty ? "\($0.port)" : $0.portName }.joined(separator: ", ")
                throw CommandFailure(
                    "found no address of a Service '\(target)' here, wanted one of 'swiftlet proxy ls'"
                        + (ports.isEmpty ? "" : "; the ports of \(key) are: \(ports)"))
            }
            return Frontend(address: address, transport: transport, port: UInt16(clamping: wanted.port))
        }

        /// `nil` when the target is no address.
        private func literal() throws -> Frontend? {
            guard let colon = target.lastIndex(of: ":") else { return nil }
            let host = target[..<colon].filter { $0 != "[" && $0 != "]" }
            guard let address = IPAddress(host) else { return nil }
            guard let port = UInt16(target[target.index(after: colon)...]), port > 0 else {
                throw CommandFailure("found '\(target)', wanted ADDRESS:PORT with a port from 1 to 65535")
            }
            guard let transport = TransportProtocol(rawValue: `protocol`.uppercased()) else {
                throw CommandFailure("--protocol: found '\(`protocol`)', wanted tcp, udp or sctp")
            }
            return Frontend(address: address, transport: transport, port: port)
        }
    }
}
