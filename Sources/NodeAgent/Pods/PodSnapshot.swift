package import KubeModel
package import PodCore

/// What an action needs to know of its pod, as it was when the action was decided.
package struct PodSnapshot: Sendable {
    package let pod: Pod
    package let addresses: [String]
    package let volumePaths: [String: String]

    package init(_ machine: PodMachine) {
        pod = machine.pod
        addresses = machine.addresses
        volumePaths = machine.volumePaths
    }

    package var identity: PodIdentity { PodIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid) }
}
