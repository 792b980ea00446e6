import KubeModel
import PodCore

/// The names that kubelet's metrics have for kinds of volumes.
enum VolumePlugin {
    /// - Parameter path: where the volume is mounted; `nil` if it is not.
    /// - Returns: `nil` for a claim that is not mounted: the kind of its storage is not known yet.
    static func name(of volume: Volume, mountedAt path: String?) -> String? {
        if volume.configMap != nil { return "kubernetes.io/configmap" }
        if volume.secret != nil { return "kubernetes.io/secret" }
        if volume.projected != nil { return "kubernetes.io/projected" }
        if volume.downwardAPI != nil { return "kubernetes.io/downward-api" }
        if volume.hostPath != nil { return "kubernetes.io/host-path" }
        if volume.nfs != nil { return "kubernetes.io/nfs" }
        if volume.image != nil { return "kubernetes.io/image" }
        guard volume.persistentVolumeClaim != nil || volume.ephemeral != nil else { return "kubernetes.io/empty-dir" }
        guard let path else { return nil }
        let folder = path.split(separator: "/").first { $0.hasPrefix("kubernetes.io~") }
        // The only kind that has no folder of the pod's.
        guard let folder else { return "kubernetes.io/host-path" }
        return "kubernetes.io/" + folder.dropFirst("kubernetes.io~".utf8.count)
    }

    static func name(of content: VolumeContent) -> String {
        switch content {
        case .hostPath: "kubernetes.io/host-path"
        case .emptyDirectory, .memory, .hugePages: "kubernetes.io/empty-dir"
        case .nfs: "kubernetes.io/nfs"
        case .local, .block: "kubernetes.io/local-volume"
        case .image: "kubernetes.io/image"
        case .files(.configMap, _): "kubernetes.io/configmap"
        case .files(.secret, _): "kubernetes.io/secret"
        case .files(.downwardAPI, _): "kubernetes.io/downward-api"
        case .files(.projected, _): "kubernetes.io/projected"
        }
    }
}
