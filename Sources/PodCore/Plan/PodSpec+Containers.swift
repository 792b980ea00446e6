package import KubeModel

extension PodSpec {
    /// Returns the container of this name, of any role.
    package func container(named name: String) -> Container? {
        (initContainers ?? []).first { $0.name == name } ?? containers.first { $0.name == name }
            ?? (ephemeralContainers ?? []).first { $0.name == name }
    }

    /// Volumes that some container mounts and that are mounted before the pod's containers, in the order of the spec. As in kubelet, no other volume is
    /// made. The volumes of images belong to the start of each container, like its own image.
    package var usedVolumeNames: [String] {
        var used: Set<String> = []
        for container in (initContainers ?? []) + containers + (ephemeralContainers ?? []) {
            for mount in container.volumeMounts ?? [] { used.insert(mount.name) }
            for device in container.volumeDevices ?? [] { used.insert(device.name) }
        }
        return (volumes ?? []).filter { $0.image == nil && used.contains($0.name) }.map(\.name)
    }

    package func volume(named name: String) -> Volume? { volumes?.first { $0.name == name } }

    /// The volumes that a container mounts, each once, in the order of its mounts, and then those that it gets as devices.
    package func volumes(of container: Container) -> [Volume] {
        var seen: Set<String> = []
        let names = (container.volumeMounts ?? []).map(\.name) + (container.volumeDevices ?? []).map(\.name)
        return names.filter { seen.insert($0).inserted }.compactMap(volume(named:))
    }

    /// Whether files in the pod's volumes show its labels or annotations.
    var volumesShowMetadata: Bool { volumes?.contains(where: \.hasPodFields) == true }

    package func role(of name: String) -> ContainerConfiguration.Role {
        if initContainers?.contains(where: { $0.name == name }) == true { return .initial }
        return containers.contains { $0.name == name } ? .regular : .ephemeral
    }

    /// Whether the end of some container may make all of them run again.
    var mayRestartAll: Bool { ((initContainers ?? []) + containers).contains(where: \.mayRestartAll) }

    package var usesHostNetwork: Bool { hostNetwork == true }
}

extension Container {
    /// The action of the first of `restartPolicyRules` that fits. `nil`, or an action that is not known, leaves the decision to the policy.
    func ruleAction(after exitCode: Int) -> ContainerRestartRule.Action? {
        guard restartPolicy != nil else { return nil }
        let rule = restartPolicyRules?.first { rule in
            guard let codes = rule.exitCodes else { return false }
            let isListed = codes.values?.contains(exitCode) == true
            return codes.operator == "In" && isListed || codes.operator == "NotIn" && !isListed
        }
        return rule.flatMap { ContainerRestartRule.Action(rawValue: $0.action) }
    }

    var mayRestartAll: Bool { restartPolicyRules?.contains { $0.action == ContainerRestartRule.Action.restartAllContainers.rawValue } == true }
}
