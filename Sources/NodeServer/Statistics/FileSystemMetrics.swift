import Exposition
import KubeModel
import PodCore

/// The node's file systems in `/metrics/cadvisor`: those of volumes, images and writable layers.
///
/// Where no block device is below a file system, the `device` label names its use.
enum FileSystemMetrics {
    static func write(_ node: NodeMeasurement, labels: MetricLabels, to writer: inout ExpositionWriter) {
        guard let storage = node.storage else { return }
        var systems = [("nodefs", storage.room.nodeFileSystem)]
        // One file system is one row.
        if storage.room.layout.hasImageFileSystem { systems.append(("imagefs", storage.room.imageFileSystem)) }
        if storage.room.layout.splitsContainers, storage.room.containerFileSystem?.device != storage.room.nodeFileSystem?.device {
            systems.append(("containerfs", storage.room.containerFileSystem))
        }
        for family in families {
            let found = systems.compactMap { name, system in system.flatMap(family.value).map { (system?.device ?? name, $0) } }
            guard !found.isEmpty else { continue }
            writer.family(family.name, help: family.help, kind: .gauge)
            for (name, value) in found {
                writer.sample(
                    family.name, labels.adding(MetricLabel("device", name)), value: Double(value), milliseconds: storage.measuredAt.milliseconds)
            }
        }
    }

    private struct Family: Sendable {
        let name: String
        let help: String
        let value: @Sendable (NodeRoom.FileSystem) -> Int64?
    }

    private static let families: [Family] = [
        Family(name: "container_fs_inodes_free", help: "Number of available Inodes") { $0.inodes?.available },
        Family(name: "container_fs_inodes_total", help: "Number of Inodes") { $0.inodes?.capacity },
        Family(name: "container_fs_limit_bytes", help: "Number of bytes that can be consumed by the container on this filesystem.") {
            $0.bytes.capacity
        },
        Family(name: "container_fs_usage_bytes", help: "Number of bytes that are consumed by the container on this filesystem.") { $0.used },
    ]
}
