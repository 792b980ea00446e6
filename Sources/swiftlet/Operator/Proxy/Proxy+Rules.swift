import ArgumentParser
import Glibc
import LinuxNftables
import Nftables
import NodeServer
import ProxyCore

extension Proxy {
    /// `swiftlet proxy dump`.
    struct Dump: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the Services' rules as the agent wants them, in nft's words.",
            discussion: "The kernel's own: nft list table ip swiftlet; nft list table ip6 swiftlet.")

        @OptionGroup var agent: AgentSocket

        func run() async throws { try await AdminClient(agent).stream(.proxyRules, [], to: .output) }
    }

    /// `swiftlet proxy cleanup`.
    struct Cleanup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove the rules for Services and host ports, when swiftlet is stopped and another proxy takes over.",
            discussion: "Only swiftlet's own tables. The next start of the agent writes them again.")

        @OptionGroup var agent: AgentSocket

        func run() async throws {
            guard try !agent.isAnswered() else {
                throw CommandFailure("swiftlet is running and would write the rules again: stop it first (systemctl stop swiftlet)")
            }
            let store = try KernelRulesetStore()
            for table in ServiceCompiler.tables + HostPortCompiler.tables + TableFamily.allCases.map({ TableID($0, Trace.table) }) {
                do {
                    try await store.apply(Transaction([.deleteTable(table)]), ifGeneration: nil)
                    try await StandardStream.output.write(Array("removed table \(table)\n".utf8))
                } catch let error as NftablesError where error.errno == ENOENT {
                    continue
                }
            }
        }
    }
}
