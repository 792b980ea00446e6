package import KubeModel

extension Volume {
    /// The kind of the volume's root on the node; `nil` where others than this node decide it.
    package var expectedRoot: MountedVolume.Root? {
        if let source = emptyDir { return (source.medium ?? "").isEmpty ? .directory : .memory }
        if configMap != nil { return .files(.configMap) }
        if secret != nil { return .files(.secret) }
        if downwardAPI != nil { return .files(.downwardAPI) }
        if projected != nil { return .files(.projected) }
        return nil
    }
}
