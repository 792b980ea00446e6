package import KubeModel

/// The limits of a pod's local storage: of its `emptyDir` volumes on disk, of the pod as a whole, and of its containers.
package struct LocalStorageLimits: Sendable {
    private static let storage = "ephemeral-storage"

    private let spec: PodSpec

    package init(_ spec: PodSpec) {
        self.spec = spec
    }

    /// Whether the pod has to be measured.
    package var exist: Bool { !volumes.isEmpty || podLimit != nil }

    /// Returns why the pod has to be ended: the first limit that is exceeded, in kubelet's order.
    package func violation(_ use: PodDiskUse, _ layout: DiskLayout) -> PodEviction? {
        for (name, limit) in volumes where (use.volumes[name]?.bytes ?? 0) > limit.value {
            return .storageLimit(
                "Usage of EmptyDir volume \(GoText.quoted(name)) exceeds the limit \(GoText.quoted(GoQuantity.text(limit))). ")
        }
        if let podLimit, use.total.bytes > podLimit.value {
            return .storageLimit(
                "Pod ephemeral local storage usage exceeds the total limit of containers \(GoQuantity.text(podLimit)). ")
        }
        for container in spec.containers {
            guard let limit = container.resources?.limits?[Self.storage], !limit.isZero else { continue }
            // A layer on the images' own file system is not the node's local storage.
            let layer = layout.hasImageFileSystem ? 0 : use.layers[container.name]?.bytes ?? 0
            guard layer + (use.logs[container.name]?.bytes ?? 0) > limit.value else { continue }
            return .storageLimit(
                "Container \(container.name) exceeded its local ephemeral storage limit \(GoText.quoted(GoQuantity.text(limit))). ")
        }
        return nil
    }

    /// Returns the name that metrics give the limit whose violation has this message.
    package static func signal(ofMessage message: String) -> String {
        if message.hasPrefix("Usage of EmptyDir") { return "emptydirfs.limit" }
        return message.hasPrefix("Pod ") ? "ephemeralpodfs.limit" : "ephemeralcontainerfs.limit"
    }

    private var volumes: [(name: String, limit: Quantity)] {
        (spec.volumes ?? []).compactMap { volume in
            guard let source = volume.emptyDir, source.medium ?? "" == "", let limit = source.sizeLimit, limit > Quantity(0) else { return nil }
            return (volume.name, limit)
        }
    }

    /// The sum of the containers' limits, also if only some have one: those that run together, or more where an init container has more.
    private var podLimit: Quantity? {
        func limit(_ container: Container) -> Quantity? { container.resources?.limits?[Self.storage] }
        var running = spec.containers.compactMap(limit)
        var sidecars: [Quantity] = []
        var peaks: [Quantity] = []
        for container in spec.initContainers ?? [] {
            guard let limit = limit(container) else { continue }
            if container.restartPolicy == .always {
                running.append(limit)
                sidecars.append(limit)
            }
            peaks += GoQuantity.sum(container.restartPolicy == .always ? sidecars : sidecars + [limit]).map { [$0] } ?? []
        }
        return ([GoQuantity.sum(running)].compactMap { $0 } + peaks).max()
    }
}

extension PodSpec {
    /// The names of the pod's `emptyDir` volumes on disk.
    package var diskVolumeNames: [String] {
        (volumes ?? []).filter { $0.emptyDir.map { $0.medium ?? "" == "" } ?? false }.map(\.name)
    }
}
