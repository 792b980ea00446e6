import Exposition
import KubeModel
import PodCore

/// A family of `/metrics/cadvisor` with one figure for each block device that a cgroup has used.
struct DeviceFamily: Sendable {
    let name: String
    let help: String
    let value: @Sendable (ResourceStats.Device) -> UInt64?

    func write(
        _ rows: [ContainerRows.Row], names: [NodeMeasurement.BlockDevice: String], to writer: inout ExpositionWriter
    ) {
        var hasHead = false
        for row in rows {
            for device in row.cgroup.stats.devices ?? [] {
                guard let value = value(device), let path = names[.init(major: device.major, minor: device.minor)] else { continue }
                if !hasHead { writer.family(name, help: help, kind: .counter) }
                hasHead = true
                writer.sample(
                    name, row.labels.adding(MetricLabel("device", path)), value: Double(value),
                    milliseconds: row.cgroup.stats.measuredAt.milliseconds)
            }
        }
    }

    static let all: [DeviceFamily] = [
        DeviceFamily(name: "container_fs_reads_bytes_total", help: "Cumulative count of bytes read") { $0.readBytes },
        DeviceFamily(name: "container_fs_reads_total", help: "Cumulative count of reads completed") { $0.reads },
        DeviceFamily(name: "container_fs_writes_bytes_total", help: "Cumulative count of bytes written") { $0.writtenBytes },
        DeviceFamily(name: "container_fs_writes_total", help: "Cumulative count of writes completed") { $0.writes },
    ]
}
