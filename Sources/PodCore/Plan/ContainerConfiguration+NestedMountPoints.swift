extension ContainerConfiguration {
    /// Places within read-only mounts of whole volumes at which something else is mounted.
    package var nestedMountPoints: [VolumeMountPoint] {
        let places = mounts.map { (mount: $0, parts: ContainerPlan.parts(of: $0.destination)) }
        return places.compactMap { mount, parts in
            // The mount that covers the place: a volume further up has no say.
            let cover = places.filter { $0.parts.count < parts.count && parts.starts(with: $0.parts) }.max { $0.parts.count < $1.parts.count }
            guard let cover, cover.mount.readOnly, cover.mount.subPath == nil, !parts.contains("..") else { return nil }
            return VolumeMountPoint(
                volume: cover.mount.source, path: parts.dropFirst(cover.parts.count).joined(separator: "/"), source: mount.source,
                subPath: mount.subPath)
        }
    }
}
