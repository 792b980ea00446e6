package import KubeModel

extension Volume {
    /// What the volume's root on the node is; `nil` where that is for others than this node to say.
    package var expectedRoot: MountedVolume.Root? {
        if let source = emptyDir { return (source.medium ?? "").isEmpty ? .directory : .memory }
        if configMap != nil { return .files(.configMap) }
        if secret != nil { return .files(.secret) }
        if downwardAPI != nil { return .files(.downwardAPI) }
        if projected != nil { return .files(.projected) }
        return nil
    }
}
