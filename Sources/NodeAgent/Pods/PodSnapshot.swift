package import KubeModel
package import PodCore

/// The pod as it was when an action was decided, as far as actions need it.
package struct PodSnapshot: Sendable {
    /// With the resources that are set aside for it.
    package let pod: Pod
    package let addresses: [String]
    package let volumePaths: [String: String]
    private let containers: [ContainerRecord]

    package init(_ machine: PodMachine) {
        pod = machine.allocatedPod
        addresses = machine.addresses
        volumePaths = machine.volumePaths
        containers = machine.containers
    }

    init(pod: Pod, addresses: [String], volumePaths: [String: String] = [:]) {
        self.pod = pod
        self.addresses = addresses
        self.volumePaths = volumePaths
        containers = []
    }

    /// The id of a container that ran.
    package func runningID(of name: String) -> String? { containers.first { $0.name == name }?.running?.id }

    /// Whether what a volume holds cannot be had again: a container besides `name` runs with it, or an init container, which does not run again, may have
    /// filled it.
    func keepsContent(of volume: String, besides name: String) -> Bool {
        containers.contains { record in
            guard record.name != name, let spec = pod.spec.container(named: record.name),
                spec.volumeMounts?.contains(where: { $0.name == volume }) == true
            else { return false }
            return record.running != nil || record.role == .initial && spec.restartPolicy != .always && record.wasCreated
        }
    }

    package var identity: PodIdentity { PodIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid) }
}
