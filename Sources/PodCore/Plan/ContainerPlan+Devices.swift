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
            // Nothing may be made in the node's own /dev.
            if let dev = mounts.first(where: { Self.parts(of: $0.destination) == ["dev"] }) {
                throw PlanFailure("the block device of volume \"\(device.name)\" cannot be had beside a volume at \(dev.destination)")
            }
            let readOnly = pod.spec.volume(named: device.name)?.isReadOnly ?? false
            devices.append(.init(source: source, destination: "/" + parts.joined(separator: "/"), readOnly: readOnly))
        }
        return devices
    }
}
