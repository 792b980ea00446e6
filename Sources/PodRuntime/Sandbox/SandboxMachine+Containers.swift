import PodCore

/// The containers: each exit is reported once, and not before the start.
extension SandboxMachine {
    /// Reserves the id. An exit that arrives from now on is kept until `started`.
    mutating func launch(_ configuration: ContainerConfiguration) throws(RuntimeFailure) {
        try requireRunning("start container \(configuration.name)")
        guard containers[configuration.id] == nil else {
            throw RuntimeFailure(.create, "container \(configuration.id) exists already: remove it first")
        }
        containers[configuration.id] = SandboxContainer(configuration: configuration, phase: .launching(exit: nil))
    }

    /// The shim has answered that the container runs. Its exit may have arrived already.
    mutating func started(_ container: StartedContainer) -> [SandboxAction] {
        guard case .launching(let exit)? = containers[container.id]?.phase else { return [] }
        containers[container.id]?.phase = .running(container)
        return exit.map { exited(container.id, $0, reportedByShim: false) } ?? []
    }

    mutating func exited(_ id: String, _ exit: ContainerExit, reportedByShim: Bool) -> [SandboxAction] {
        switch containers[id]?.phase {
        case .launching?:
            containers[id]?.phase = .launching(exit: exit)
            return []
        case .running?:
            containers[id]?.phase = .exited(exit)
            return [.fulfilEnd(id), .reportExit(id, exit)]
        case .exited?, .neverStarted?:
            return []
        case nil:
            switch state {
            case .beginning(var beginning):
                beginning.earlyExits[id] = exit
                state = .beginning(beginning)
                return []
            // Given up here while it still ran there.
            case .running: return reportedByShim ? [.drop(id)] : []
            case .lost, .stopping, .stopped: return []
            }
        }
    }

    /// Removes a container that does not run.
    mutating func forget(container id: String) -> [SandboxAction] {
        containers.removeValue(forKey: id) == nil ? [] : [.fulfilEnd(id)]
    }

    /// - Throws: `notRunning`, which names the operation and the state that refuses it.
    func requireRunning(_ operation: String) throws(RuntimeFailure) {
        let found: String
        switch state {
        case .running: return
        case .beginning: found = "still being made"
        case .lost: found = "lost"
        case .stopping: found = "being stopped"
        case .stopped: found = "stopped"
        }
        throw RuntimeFailure(.notRunning, "\(operation): sandbox \(id) is \(found), wanted running")
    }
}
