import Glibc
import LinuxSystem
import PodCore
import ShimClient
import Timing

/// The pursuit of a shim that does not answer. A shim hangs up on an agent that was stopped for too long, and lives on.
extension ShimRuntime {
    /// Takes steps until the shim has answered or ended, or its sandbox is stopped. The shim is asked once per connection: a shim that is slow
    /// or stopped finds the question when it goes on.
    /// - Parameter asked: the question that the step `awaitAnswer` waits for.
    func pursue(_ sandbox: Sandbox, _ first: SandboxAction.Pursuit, _ asked: ShimConnection.PendingReply?) {
        let time = settings.time
        let task = Task { [weak self, weak sandbox] in
            var next: SandboxAction.Pursuit? = first
            var asked = asked
            while let step = next {
                next = nil
                // While waiting, the task keeps neither the runtime nor the sandbox alive.
                let event: PursuitResult
                switch step {
                case .waitForExit(let patience):
                    event = await Self.hasEnded(sandbox?.shim, within: patience, time) ? .ended : .alive
                case .ask:
                    if let self, let sandbox { asked = try? await self.ask(self.connect(to: sandbox)) }
                    event = await Self.answer(asked)
                case .awaitAnswer:
                    event = await Self.answer(asked)
                }
                asked = nil
                guard let self, let sandbox, !Task.isCancelled else { return }
                for action in event.taken(by: sandbox) {
                    if case .pursue(let step) = action { next = step } else { await self.perform(action, of: sandbox) }
                }
            }
        }
        sandbox.setPursuit(task)
    }

    /// The result of a step of a pursuit.
    private enum PursuitResult {
        case ended
        case alive
        case answer(ShimReport)
        case silence

        func taken(by sandbox: Sandbox) -> [SandboxAction] {
            switch self {
            case .ended: sandbox.handle(.shimExited)
            case .alive: sandbox.handle(.shimAlive)
            case .answer(let report): sandbox.answered(report)
            case .silence: sandbox.handle(.shimSilent)
            }
        }
    }

    private static func answer(_ asked: ShimConnection.PendingReply?) async -> PursuitResult {
        guard case .success(let reply)? = await asked?.value(), let report = try? ShimReport(reply) else { return .silence }
        return .answer(report)
    }

    /// Returns true if the process has ended, or ends within `patience`.
    static func hasEnded(_ process: ProcessIdentity?, within patience: Duration, _ time: any TimeSource) async -> Bool {
        guard let process else { return true }
        return await withTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    try await process.open().waitForExit()
                    return true
                } catch let error as SystemError where error.is(ESRCH) || error.isNotFound {
                    return true
                } catch {
                    // Cancelled, or no descriptor left: then only the time counts.
                    try? await time.sleep(for: patience)
                    return false
                }
            }
            group.addTask {
                try? await time.sleep(for: patience)
                return false
            }
            defer { group.cancelAll() }
            return await group.next() ?? false
        }
    }
}
