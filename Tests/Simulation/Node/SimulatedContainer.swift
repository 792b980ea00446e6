import KubeModel
import PodCore

/// A container on the simulated node.
struct SimulatedContainer {
    let configuration: ContainerConfiguration
    let started: StartedContainer
    var exit: ContainerExit?
    /// When the first stop signal was sent.
    var stoppedAt: Duration?

    var isRunning: Bool { exit == nil }
}

/// A sandbox on the simulated node.
struct SimulatedSandbox {
    let configuration: SandboxConfiguration
    let createdAt: Timestamp
    var addresses: [String] = []
    /// The pause process lives.
    var isRunning = true
    /// `stopSandbox` has been called.
    var isStopped = false
    /// A regular container was started in it.
    var isInitialized = false
    var containers: [SimulatedContainer] = []

    var running: [SimulatedContainer] { containers.filter(\.isRunning) }

    mutating func end(_ id: String, _ exit: ContainerExit) -> Bool {
        guard let index = containers.firstIndex(where: { $0.configuration.id == id && $0.isRunning }) else { return false }
        containers[index].exit = exit
        return true
    }
}
