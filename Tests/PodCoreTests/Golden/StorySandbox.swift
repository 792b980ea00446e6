import KubeModel

@testable import PodCore

/// A sandbox of a story's node with its containers.
struct StorySandbox {
    struct Container {
        let name: String
        let count: Int
        let started: StartedContainer
        var exit: ContainerExit?
    }

    let id: String
    let attempt: Int
    let createdAt: Timestamp
    let addresses: [String]
    var isRunning = true
    var containers: [Container] = []

    /// As the runtime reports it to a restarted agent.
    func recovered(_ pod: Pod) -> RecoveredSandbox {
        let configuration = SandboxConfiguration(
            id: id, pod: PodIdentity(namespace: pod.namespace, name: pod.name, uid: pod.uid), attempt: attempt, hostname: pod.name,
            qosClass: pod.spec.qosClass.rawValue)
        return RecoveredSandbox(
            configuration: configuration, createdAt: createdAt, addresses: addresses, isRunning: isRunning, networkNamespacePath: nil,
            containers: containers.map { $0.recovered(pod) })
    }
}

extension StorySandbox.Container {
    fileprivate func recovered(_ pod: Pod) -> RecoveredSandbox.Container {
        let process = ContainerConfiguration.Process(
            args: ["sh"], env: [], cwd: "/", uid: 0, gid: 0, additionalGids: [], capabilities: [], noNewPrivileges: false, oomScoreAdj: 0,
            seccomp: .unconfined)
        let configuration = ContainerConfiguration(
            id: started.id, name: name, role: pod.spec.role(of: name), restartCount: count,
            image: pod.spec.container(named: name)?.image ?? "", imageID: PodLife.image.repoDigests[0], lowerDirectories: [], process: process,
            mounts: [], readOnlyRootFilesystem: false, privileged: false, maskedPaths: [], readonlyPaths: [], resources: CgroupResources(),
            log: .init(path: "/log"))
        return .init(configuration: configuration, condition: exit.map { .exited($0.since(started.startedAt)) } ?? .running(started))
    }
}

extension ContainerExit {
    /// As the shim records it: with the start.
    fileprivate func since(_ start: Timestamp) -> ContainerExit {
        ContainerExit(
            startedAt: startedAt ?? start, finishedAt: finishedAt, exitCode: exitCode, signal: signal, outOfMemory: outOfMemory, isKnown: isKnown)
    }
}
