extension Volume {
    /// The claim that the volume stands for. That of an `ephemeral` volume is made for the pod, under a name of both.
    package func claimName(podName: String) -> String? {
        persistentVolumeClaim?.claimName ?? (ephemeral == nil ? nil : podName + "-" + name)
    }

    /// Whether what is in the volume lies outside of the pod's folder, and stays when the pod goes.
    package var isStorage: Bool { persistentVolumeClaim != nil || ephemeral != nil || nfs != nil }

    /// Whether containers get the volume read-only, whatever their mounts ask for: files that follow API objects, and sources marked so.
    package var isReadOnly: Bool { hasFiles || image != nil || persistentVolumeClaim?.readOnly == true || nfs?.readOnly == true }
}
