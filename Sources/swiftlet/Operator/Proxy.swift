import ArgumentParser
import KubeModel
import NodeServer
import Timing

/// `swiftlet proxy`: the Services that this node makes reachable.
struct Proxy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at the Service proxy.", subcommands: [List.self], defaultSubcommand: List.self)

    /// `swiftlet proxy ls`.
    struct List: AsyncParsableCommand {
        enum Format: String, ExpressibleByArgument, CaseIterable {
            case json
        }

        static let configuration = CommandConfiguration(commandName: "ls", abstract: "List the Services' addresses and their endpoints.")

        @OptionGroup var agent: AgentSocket

        @Option(name: .shortAndLong, help: "Print JSON.")
        var output: Format?

        func run() async throws {
            let snapshot: ProxySnapshot = try await AdminClient(agent).get(.proxyServices)
            if output == .json {
                try await StandardStream.output.write(JSONText.of(snapshot))
            } else {
                try await StandardStream.output.write(Array(Self.text(snapshot, now: SystemTime().wallTime()).utf8))
            }
            if let problem = snapshot.problem {
                throw CommandFailure("the kernel's rules do not follow the API: \(problem)")
            }
        }

        static func text(_ snapshot: ProxySnapshot, now: Timestamp) -> String {
            var table = TextTable("NAMESPACE", "SERVICE", "PORT NAME", "KIND", "FRONTEND", "ENDPOINTS")
            let frontends = snapshot.frontends.sorted {
                ($0.namespace, $0.service, $0.portName, $0.kind, $0.port) < ($1.namespace, $1.service, $1.portName, $1.kind, $1.port)
            }
            for frontend in frontends {
                let address = frontend.address.contains(":") ? "[\(frontend.address)]" : frontend.address
                table.add(
                    frontend.namespace, frontend.service, frontend.portName.isEmpty ? "-" : frontend.portName, frontend.kind,
                    "\(frontend.protocol) \(address.isEmpty ? "*" : address):\(frontend.port)",
                    frontend.endpoints.isEmpty ? "<none>" : frontend.endpoints.joined(separator: ","))
            }
            let when = snapshot.lastSync.map { "\(TimeText.age(seconds: now.seconds - $0.seconds)) ago" } ?? "never"
            return table.text + "\(frontends.count) frontends, last written to the kernel: \(when)\n"
        }
    }
}
