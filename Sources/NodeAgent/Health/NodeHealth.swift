package import Logging
import Synchronization
package import Timing

/// The health of the node's parts, by regular looks at each. What is found stands in the node's condition Ready, and can be read at any time, also
/// while a part does not answer.
package final class NodeHealth: Sendable {
    /// The part that serves the pods, under kubelet's name of it.
    package static let syncLoop = "syncloop"
    /// Whether volumes can be mounted, and containers that have some be started.
    package static let volumes = "volumes"

    private struct Finding {
        var problem: String?
        /// Since when the part's answer is missing.
        var since: Duration?
    }

    private let probes: [HealthProbe]
    private let period: Duration
    private let readiness: NodeReadiness
    private let time: any TimeSource
    private let logger: Logger
    private let findings = Mutex<[String: Finding]>([:])

    /// - Parameter period: the pause between two looks at a part.
    package init(_ probes: [HealthProbe], period: Duration = .seconds(30), readiness: NodeReadiness, time: any TimeSource, logger: Logger) {
        self.probes = probes
        self.period = period
        self.readiness = readiness
        self.time = time
        self.logger = logger
    }

    /// Returns why a part does not work; `nil` where it does, and before the first look at it.
    package func problem(of name: String) -> String? {
        guard let probe = probes.first(where: { $0.name == name }), let finding = findings.withLock({ $0[name] }) else { return nil }
        if let since = finding.since, time.now() - since >= probe.patience { return "no answer for \(time.now() - since)" }
        return finding.problem
    }

    /// Runs until it is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            for probe in probes {
                group.addTask { await self.lookAgainAndAgain(probe) }
                group.addTask { await self.report(probe) }
            }
        }
    }

    private func lookAgainAndAgain(_ probe: HealthProbe) async {
        while !Task.isCancelled {
            findings.withLock { $0[probe.name, default: Finding()].since = time.now() }
            let problem: String?
            do {
                try await probe.look()
                problem = nil
            } catch is CancellationError {
                return
            } catch {
                problem = "\(error)"
            }
            findings.withLock { $0[probe.name] = Finding(problem: problem) }
            tell(probe)
            do { try await time.sleep(for: period) } catch { return }
        }
    }

    /// Reports a missing answer when it is overdue.
    private func report(_ probe: HealthProbe) async {
        while true {
            let since = findings.withLock { $0[probe.name]?.since }
            let due = since.map { $0 + probe.patience } ?? time.now() + probe.patience
            do { try await time.sleep(until: max(due, time.now() + period)) } catch { return }
            tell(probe)
        }
    }

    private func tell(_ probe: HealthProbe) {
        let problem = problem(of: probe.name)
        let isNews = readiness.report(probe.name, problem: problem.map { "\(probe.name): \($0)" })
        guard isNews else { return }
        if let problem {
            logger.error("A part of the node does not work", metadata: ["part": "\(probe.name)", "problem": "\(problem)"])
        } else {
            logger.notice("A part of the node works again", metadata: ["part": "\(probe.name)"])
        }
    }
}
