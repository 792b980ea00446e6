import LinuxNetlink
package import Logging
import PodCore
package import Timing

/// Keeps the node's side of the pod network as pods need it: repairs it when another program changes it, and when the wishes change.
///
/// The kernel reports changes, so nothing is polled. A program that breaks the network again and again is answered less and less often.
package struct NetworkKeeper: Sendable {
    /// The pause after a look that found nothing wrong: many notifications at once cost one look.
    private static let rest = Duration.milliseconds(100)
    /// A repair this long ago is forgotten: the next one is made at once.
    private static let memory = Duration.seconds(30)

    private let network: PodNetwork
    private let time: any TimeSource
    private let logger: Logger
    private let reportProblem: @Sendable (String?) -> Void

    /// - Parameter reportProblem: gets the reason why this node's pods may be without a network; `nil` when they are not.
    package init(
        _ network: PodNetwork, time: any TimeSource, logger: Logger, reportProblem: @escaping @Sendable (String?) -> Void = { _ in }
    ) {
        self.network = network
        self.time = time
        self.logger = logger
        self.reportProblem = reportProblem
    }

    /// Repairs until it is cancelled. Throws when the kernel's notifications cannot be had or end: without them changes would go unnoticed.
    package func run() async throws {
        let changes = try await network.foreignChanges()
        let (looks, look) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await withThrowingDiscardingTaskGroup { group in
            group.addTask {
                for await _ in changes { look.yield() }
                look.finish()
                try Task.checkCancellation()
                throw NetlinkError(code: .socket, operation: "notifications", object: "links, addresses and routes")
            }
            group.addTask { [network] in for await _ in network.wishes { look.yield() } }
            group.addTask { [network] in for await _ in network.hostPorts.forwardingBegan { look.yield() } }
            // Changes from before the subscription were not reported.
            look.yield()
            await keep(looks)
        }
    }

    private func keep(_ looks: AsyncStream<Void>) async {
        var backOff = BackOff(initial: .milliseconds(250), maximum: .seconds(10))
        var lastRepair = time.now()
        var lastProblems: [String] = []
        for await _ in looks {
            var hasFailed = false
            repeat {
                var pause = Self.rest
                do throws(NetworkFailure) {
                    let repair = try await network.repair()
                    report(repair, &lastProblems)
                    // Routes follow the nodes of the cluster: many of them may come and go without any other program at work.
                    hasFailed = !repair.failed.isEmpty
                    if hasFailed || repair.done.contains(where: { !$0.isAboutPeer }) {
                        if time.now() - lastRepair > Self.memory { backOff.reset() }
                        lastRepair = time.now()
                        pause = backOff.next()
                    }
                } catch {
                    logger.error("Pod network cannot be looked at; trying again", metadata: ["error": "\(error)"])
                    reportProblem("the pod network cannot be looked at: \(error)")
                    hasFailed = true
                    pause = backOff.next()
                }
                do { try await time.sleep(for: pause) } catch { return }
            } while hasFailed
        }
    }

    private func report(_ repair: NodeBridge.Repair, _ lastProblems: inout [String]) {
        let own = repair.done.filter { !$0.isAboutPeer }
        if !own.isEmpty {
            logger.warning("Pod network was changed by another program and is repaired", metadata: ["found": "\(Self.texts(own))"])
        }
        let routes = repair.done.filter(\.isAboutPeer)
        if !routes.isEmpty { logger.info("Routes to other nodes are brought up to date", metadata: ["found": "\(Self.texts(routes))"]) }
        func text(_ failure: (defect: NetworkDefect, reason: String)) -> String {
            "\(failure.defect.found), wanted \(failure.defect.wanted): \(failure.reason)"
        }
        reportProblem(
            repair.failed.first { !$0.defect.isAboutPeer && !$0.defect.isAboutPort }.map { "the pod network cannot be repaired: \(text($0))" })
        let problems = repair.failed.map(text) + repair.problems
        if problems != lastProblems {
            for problem in problems where !lastProblems.contains(problem) {
                logger.error("Pod network is not as pods need it", metadata: ["problem": "\(problem)"])
            }
        }
        lastProblems = problems
    }

    /// At most ten, so that a node of many pods does not fill the log.
    private static func texts(_ defects: [NetworkDefect]) -> String {
        let shown = defects.prefix(10).map(\.found).joined(separator: "; ")
        return defects.count > 10 ? "\(shown); and \(defects.count - 10) more" : shown
    }
}
