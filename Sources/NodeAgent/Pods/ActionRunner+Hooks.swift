import KubeModel
import PodCore
import Timing

extension ActionRunner {
    /// Runs one lifecycle hook of a container.
    /// - Parameters:
    ///   - name: the container's name in the spec.
    ///   - id: the container's id in the runtime.
    ///   - timeout: the rest of the grace period for a preStop hook; absent for a postStart hook.
    func runHook(
        _ hook: HookKind, of name: String, id: String, sandboxID: String, timeout: Duration?, _ snapshot: PodSnapshot
    ) async -> HookResult {
        guard let container = snapshot.pod.spec.container(named: name), let handler = container.handler(hook) else {
            return .failed(message: "Cannot run handler: container \(name) has no such hook")
        }
        func failed(_ hook: String, _ error: String) -> HookResult {
            let pod = snapshot.pod.messageName
            return .failed(
                message: "\(hook) for Container \(GoText.quoted(name)) in Pod \(GoText.quoted(pod)) failed - error: \(error)")
        }
        if let exec = handler.exec {
            let command = ContainerCommand(
                runtime: ports.runtime, sandboxID: sandboxID, containerID: id, arguments: exec.command ?? [], timeout: timeout)
            guard let error = await error(of: command) else { return .done }
            return failed("Exec lifecycle hook ([\(command.arguments.joined(separator: " "))])", error)
        }
        if let action = handler.httpGet {
            guard let error = await error(of: action, container, timeout, snapshot) else { return .done }
            return failed("HTTP lifecycle hook (\(action.path ?? ""))", error)
        }
        if let sleep = handler.sleep {
            let wanted = Duration.seconds(sleep.seconds)
            do {
                try await time.sleep(for: timeout.map { min($0, wanted) } ?? wanted)
                return .done
            } catch {
                return failed("Sleep lifecycle hook (\(sleep.seconds))", "container terminated before sleep hook finished")
            }
        }
        return .failed(message: "Cannot run handler: invalid handler: container \(name): found none of exec, httpGet and sleep")
    }

    /// `nil` after a success.
    private func error(of command: ContainerCommand) async -> String? {
        do throws(ContainerCommand.Failure) {
            let result = try await command.run()
            guard result.exitCode != 0 else { return nil }
            let text = command.arguments.joined(separator: " ")
            let stderr = String(decoding: result.stderr, as: UTF8.self)
            return "command '\(text)' exited with \(result.exitCode): \(stderr), message: \(GoText.quoted(result.output))"
        } catch {
            switch error {
            case .timedOut(let message), .runtime(let message): return message + ", message: \"\""
            }
        }
    }

    /// `nil` after a success. A peer that answers a request with TLS in plain HTTP is asked again without TLS, as kubelet does for hooks
    /// written before it used TLS.
    private func error(of action: HTTPGetAction, _ container: Container, _ timeout: Duration?, _ snapshot: PodSnapshot) async -> String? {
        var check: HTTPCheck
        do {
            check = try ProbePlan.check(action, container: container, podIP: podIP(snapshot), userAgent: .lifecycle)
        } catch {
            return error.message
        }
        let end = timeout.map { time.now() + $0 }
        do throws(HTTPRequestFailure) {
            try await ports.probes.request(check, timeout: timeout)
            return nil
        } catch {
            guard error.isPlainAnswer, check.scheme == .https else { return error.message }
            check.scheme = .http
            check.headers.removeAll { $0.name == "Authorization" }
            do throws(HTTPRequestFailure) {
                try await ports.probes.request(check, timeout: end.map { max($0 - time.now(), .zero) })
            } catch _ {
                return error.message
            }
            events.record(
                PodEventRecord(
                    .warning, "LifecycleHTTPFallback",
                    "request to HTTPS lifecycle hook \(check.authority) got HTTP response, retry with HTTP succeeded"), about: snapshot.identity)
            return nil
        }
    }
}

extension Container {
    fileprivate func handler(_ hook: HookKind) -> LifecycleHandler? {
        switch hook {
        case .postStart: lifecycle?.postStart
        case .preStop: lifecycle?.preStop
        }
    }
}
