import KubeModel

extension ContainerPlan {
    /// The disks that a container gets as they are (`volumeDevices`).
    func devices(
        of container: Container, _ pod: Pod, beside mounts: [ContainerConfiguration.Mount]
    ) throws(PlanFailure) -> [ContainerConfiguration.Device] {
        var devices: [ContainerConfiguration.Device] = []
        for device in container.volumeDevices ?? [] {
            let parts = Self.parts(of: device.devicePath)
            guard device.devicePath.hasPrefix("/"), !parts.isEmpty, !parts.contains("..") else {
                throw PlanFailure("error DevicePath `\(device.devicePath)` must be an absolute path")
            }
            guard let source = volumePaths[device.name] else {
                throw PlanFailure("cannot find volume \"\(device.name)\" to pass into container \"\(container.name)\"")
            }
            // A node in a user namespace cannot be opened.
            if pod.spec.hostUsers == false {
                throw PlanFailure("the block device of volume \"\(device.name)\" cannot be had with hostUsers: false")
            }
            // A volume may be the node's own folder, or be read elsewhere and later: no node of this machine may stay there.
            if let outer = mounts.first(where: { parts.starts(with: Self.parts(of: $0.destination)) }) {
                throw PlanFailure("the block device of volume \"\(device.name)\" cannot be had within the volume at \(outer.destination)")
            }
            if let dev = mounts.first(where: { Self.parts(of: $0.destination) == ["dev"] }) {
                throw PlanFailure("the block device of volume \"\(device.name)\" cannot be had beside a volume at \(dev.destination)")
            }
            let readOnly = pod.spec.volume(named: device.name)?.isReadOnly ?? false
            devices.append(.init(source: source, destination: "/" + parts.joined(separator: "/"), readOnly: readOnly))
        }
        return devices
    }
}
