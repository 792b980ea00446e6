package import KubeModel

extension PodSpec {
    /// Places within a volume at which a container mounts another volume, relative to the volume's root. They have to be there before the volume is
    /// mounted read-only.
    package func mountPoints(within volume: String) -> [String] {
        var points: Set<String> = []
        for container in (initContainers ?? []) + containers + (ephemeralContainers ?? []) {
            let mounts = (container.volumeMounts ?? []).map { (mount: $0, place: ContainerPlan.parts(of: $0.mountPath)) }
            for (mount, place) in mounts where mount.name != volume && !place.contains("..") && mount.isWhole {
                // The mount that covers the place: a volume further up has no say.
                let cover = mounts.filter { $0.place.count < place.count && place.starts(with: $0.place) }.max { $0.place.count < $1.place.count }
                guard let cover, cover.mount.name == volume, cover.mount.isWhole else { continue }
                points.insert(place.dropFirst(cover.place.count).joined(separator: "/"))
            }
        }
        return points.sorted()
    }
}

extension VolumeMount {
    /// All of the volume is mounted, and so a directory.
    fileprivate var isWhole: Bool { (subPath ?? "").isEmpty && (subPathExpr ?? "").isEmpty }
}
