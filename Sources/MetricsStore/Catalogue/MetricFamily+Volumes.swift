/// The space of the volumes of claims.
extension MetricFamily {
    private static let claim = ["namespace", "persistentvolumeclaim"]

    package static let volumeCapacity = gauge("kubelet_volume_stats_capacity_bytes", "[ALPHA] Capacity in bytes of the volume", labels: claim)
    package static let volumeAvailable = gauge(
        "kubelet_volume_stats_available_bytes", "[ALPHA] Number of available bytes in the volume", labels: claim)
    package static let volumeUsed = gauge("kubelet_volume_stats_used_bytes", "[ALPHA] Number of used bytes in the volume", labels: claim)
    package static let volumeInodes = gauge("kubelet_volume_stats_inodes", "[ALPHA] Maximum number of inodes in the volume", labels: claim)
    package static let volumeInodesFree = gauge("kubelet_volume_stats_inodes_free", "[ALPHA] Number of free inodes in the volume", labels: claim)
    package static let volumeInodesUsed = gauge("kubelet_volume_stats_inodes_used", "[ALPHA] Number of used inodes in the volume", labels: claim)
}
