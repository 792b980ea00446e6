package import Logging
package import Nftables
package import Timing

/// Reports filters of other programs that may drop what pods send and get, each when it appears. No table of this agent can overrule them.
package struct ForwardWatch: Sendable {
    /// Between two looks: some programs change their rules all the time.
    private static let rest = Duration.seconds(10)

    private let filters: any ForwardFilters
    private let bridge: String
    private let time: any TimeSource
    private let logger: Logger
    private let report: @Sendable (_ problem: String) -> Void

    /// - Parameters:
    ///   - bridge: the name of the pods' bridge.
    ///   - report: gets each new problem.
    package init(
        _ filters: any ForwardFilters, bridge: String, time: any TimeSource, logger: Logger, report: @escaping @Sendable (_ problem: String) -> Void
    ) {
        self.filters = filters
        self.bridge = bridge
        self.time = time
        self.logger = logger
        self.report = report
    }

    /// Runs until it is cancelled.
    package func run() async {
        var known: Set<ForwardChain> = []
        var lastError: String?
        while !Task.isCancelled {
            do {
                let changes = try await filters.chainChanges()
                // Changes from before the subscription were not reported.
                try await look(&known)
                lastError = nil
                try await time.sleep(for: Self.rest)
                for await _ in changes {
                    try await look(&known)
                    try await time.sleep(for: Self.rest)
                }
            } catch {
                if Task.isCancelled { return }
                if lastError != "\(error)" {
                    logger.error("Filters of other programs cannot be looked at; trying again", metadata: ["error": "\(error)"])
                }
                lastError = "\(error)"
                do { try await time.sleep(for: Self.rest) } catch { return }
            }
        }
    }

    private func look(_ known: inout Set<ForwardChain>) async throws {
        let found = try await filters.droppingChains(exceptNaming: bridge)
        for chain in found where !known.contains(chain) {
            let finding = Self.finding(chain, bridge: bridge)
            logger.warning(
                "A filter of another program may drop the pods' packets", metadata: ["found": "\(finding.found)", "advice": "\(finding.done)"])
            report("\(finding.found). \(finding.done)")
        }
        known = Set(found)
    }

    static func finding(_ chain: ForwardChain, bridge: String) -> NetworkReport.Finding {
        NetworkReport.Finding(
            found:
                "the nftables chain \(chain) of another program has the policy drop at the hook forward, and no rule of its table names \(bridge): "
                + "it may drop what pods send and get",
            wanted: "policy accept, or rules that accept what comes from and goes to \(bridge)",
            done: "nothing: accept it there (nft insert rule \(chain) iifname \(bridge) accept; nft insert rule \(chain) oifname \(bridge) accept), "
                + "by the settings of the program that owns the chain, so that it stays so")
    }
}
