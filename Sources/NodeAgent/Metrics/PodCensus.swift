package import Exposition
package import KubeModel
import MetricsStore
package import PodCore

/// How many pods, containers and volumes there are in each state: counted for a scrape from the pods' machines.
package struct PodCensus: Sendable, Equatable {
    /// A volume kind of kubelet, and how many volumes of it pods want and have.
    struct Volumes: Equatable, Sendable {
        var desired = 0
        var actual = 0
    }

    struct Lifecycle: Hashable, Sendable {
        let config: String
        let phase: String
        let isStatic: Bool
    }

    private(set) var runningPods = 0
    private(set) var runningContainers = 0
    private(set) var endedContainers = 0
    private(set) var ephemeralContainers = 0
    private(set) var desired: [Bool: Int] = [true: 0, false: 0]
    private(set) var working: [Lifecycle: Int] = [:]
    private(set) var volumes: [String: Volumes] = [:]
    /// Pods that count in the admission of others, by whether they are static.
    package var active: [Bool: Int] = [true: 0, false: 0]
    package var mirrors = 0
    /// Pods with sandboxes of an earlier agent that no source has named.
    package var unknown = 0

    package init() {}

    package mutating func add(_ machine: PodMachine) {
        let (pod, containers) = (machine.pod, machine.containers)
        if machine.readySandbox != nil { runningPods += 1 }
        runningContainers += containers.count { $0.running != nil }
        endedContainers += containers.reduce(0) { $0 + ($1.running == nil && $1.ended?.id.isEmpty == false ? 1 : 0) + ($1.last == nil ? 0 : 1) }
        ephemeralContainers += containers.count { $0.role == .ephemeral }
        if !machine.isRemoved { desired[pod.isStatic, default: 0] += 1 }
        let phase = machine.holdsNothing ? "terminated" : machine.isEnding ? "terminating" : "sync"
        working[Lifecycle(config: machine.isRemoved ? "orphan" : "desired", phase: phase, isStatic: pod.isStatic), default: 0] += 1
        addVolumes(machine)
    }

    /// Adds a pod that has no place on the node yet.
    package mutating func addWaiting(_ pod: Pod) { desired[pod.isStatic, default: 0] += 1 }

    private mutating func addVolumes(_ machine: PodMachine) {
        guard !machine.holdsNothing else { return }
        let paths = machine.volumePaths
        let used = Set(machine.pod.spec.usedVolumeNames)
        for volume in machine.pod.spec.volumes ?? [] where used.contains(volume.name) {
            guard let plugin = VolumePlugin.name(of: volume, mountedAt: paths[volume.name]) else { continue }
            volumes[plugin, default: Volumes()].desired += machine.isEnding ? 0 : 1
            volumes[plugin, default: Volumes()].actual += paths[volume.name] == nil ? 0 : 1
        }
    }

    package func write(into writer: inout ExpositionWriter) {
        func byStatic(_ family: MetricFamily, _ counts: [Bool: Int]) {
            writer.family(family)
            for isStatic in [false, true] { writer.sample(family, isStatic ? "true" : "", value: Double(counts[isStatic] ?? 0)) }
        }
        byStatic(.activePods, active)
        byStatic(.desiredPods, desired)
        writer.family(.managedEphemeralContainers, value: Double(ephemeralContainers))
        writer.family(.mirrorPods, value: Double(mirrors))
        writer.family(.runningContainers)
        writer.sample(.runningContainers, "exited", value: Double(endedContainers))
        writer.sample(.runningContainers, "running", value: Double(runningContainers))
        writer.family(.runningPods, value: Double(runningPods))
        writeWorking(into: &writer)
        guard !volumes.isEmpty else { return }
        writer.family(.totalVolumes)
        for (plugin, count) in volumes.sorted(by: { $0.key < $1.key }) {
            writer.sample(.totalVolumes, plugin, "actual_state_of_world", value: Double(count.actual))
            writer.sample(.totalVolumes, plugin, "desired_state_of_world", value: Double(count.desired))
        }
    }

    private func writeWorking(into writer: inout ExpositionWriter) {
        writer.family(.workingPods)
        for config in ["desired", "orphan"] {
            for phase in ["sync", "terminated", "terminating"] {
                for isStatic in [false, true] {
                    let count = working[Lifecycle(config: config, phase: phase, isStatic: isStatic)] ?? 0
                    writer.sample(.workingPods, config, phase, isStatic ? "true" : "", value: Double(count))
                }
            }
        }
        writer.sample(.workingPods, "runtime_only", "sync", "unknown", value: Double(unknown))
    }
}
