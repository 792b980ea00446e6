package import KubeModel

/// Plans what a probe or a lifecycle hook does, from the container's spec and the pod's address.
package enum ProbePlan {
    /// Returns the target of a probe over the network. A probe that executes a command has none.
    /// - Parameter podIP: the pod's first address; on the node's network, the node's.
    package static func target(of probe: Probe, container: Container, podIP: String?) throws(PlanFailure) -> ProbeTarget {
        if let action = probe.httpGet { return .http(try check(action, container: container, podIP: podIP, userAgent: .probe)) }
        if let action = probe.tcpSocket {
            let port = try port(action.port, of: container)
            return .tcp(host: try host(action.host, podIP: podIP), port: port)
        }
        if let grpc = probe.grpc { return .grpc(host: try host(nil, podIP: podIP), port: try valid(grpc.port), service: grpc.service ?? "") }
        throw PlanFailure("missing probe handler for container \(container.name)")
    }

    package enum UserAgent: String, Sendable {
        case probe = "kube-probe/1.36"
        case lifecycle = "kube-lifecycle/1.36"
    }

    /// Returns the request of an `httpGet` action. Hooks follow the same rules as probes.
    package static func check(_ action: HTTPGetAction, container: Container, podIP: String?, userAgent: UserAgent) throws(PlanFailure) -> HTTPCheck {
        let name = (action.scheme ?? "").lowercased()
        guard let scheme = name.isEmpty ? .http : HTTPCheck.Scheme(rawValue: name) else {
            throw PlanFailure("container \(container.name): httpGet: found scheme \(action.scheme ?? ""), wanted HTTP or HTTPS")
        }
        let port = try port(action.port, of: container)
        let headers = RequestHeaders(action.httpHeaders ?? [], userAgent: userAgent.rawValue)
        return HTTPCheck(
            scheme: scheme, host: try host(action.host, podIP: podIP), port: port, path: RequestPath.sent(action.path ?? ""),
            hostHeader: headers.host, headers: headers.others)
    }

    /// Returns the command of a probe. Only variables whose values are written in the spec are known; a hook's command is not expanded at all.
    package static func command(_ exec: ExecAction, of container: Container) -> [String] {
        var values: [String: String] = [:]
        for variable in container.env ?? [] { values[variable.name] = variable.value ?? "" }
        return (exec.command ?? []).map { argument in VariableExpansion.expand(argument) { values[$0] } }
    }

    private static func host(_ wanted: String?, podIP: String?) throws(PlanFailure) -> String {
        if let wanted, !wanted.isEmpty { return wanted }
        guard let podIP, !podIP.isEmpty else { throw PlanFailure("found no address of the pod, wanted one to connect to: wait for its network") }
        return podIP
    }

    private static func port(_ wanted: IntOrString, of container: Container) throws(PlanFailure) -> Int {
        switch wanted {
        case .int(let number): return try valid(number)
        case .string(let text):
            if let port = container.ports?.first(where: { $0.name == text }) { return try valid(port.containerPort) }
            guard let number = Int(text) else { throw PlanFailure("strconv.Atoi: parsing \(GoText.quoted(text)): invalid syntax") }
            return try valid(number)
        }
    }

    private static func valid(_ port: Int) throws(PlanFailure) -> Int {
        guard (1...65535).contains(port) else { throw PlanFailure("invalid port number: \(port)") }
        return port
    }
}
