import LinuxSystem
package import PodCore

/// Measures the local storage of pods, a few pods at a time: by asking the file system where it counts a folder, else by walking.
package final class PodDiskMeter: PodDiskUsage {
    /// For one pod. A pod with more files than can be counted in this time stays unmeasured.
    private static let patience = Duration.seconds(60)

    private let root: String
    private let logs: PodFolderStore
    private let layer: @Sendable (_ containerID: String) -> String
    private let pool: BlockingPool

    /// - Parameters:
    ///   - root: `/var/lib/kubelet`.
    ///   - layer: the folder of a container's writable layer.
    package init(root: String, logs: PodFolderStore, layer: @escaping @Sendable (_ containerID: String) -> String) {
        self.root = root
        self.logs = logs
        self.layer = layer
        pool = BlockingPool(name: "disk-usage", threads: 2, queueLimit: 4096)
    }

    package func diskUse(of pod: PodStorage) async throws(VolumeFailure) -> PodDiskUse {
        do {
            return try await pool.run("measure the local storage of pod \(pod.pod.uid)") { [root, logs, layer] in
                let layout = try VolumeLayout(root: root)
                let end = KernelClock.monotonic + Self.patience.nanoseconds
                func measure(_ path: String) throws -> DiskUse {
                    DiskUse(try TreeUsage(of: path, within: .nanoseconds(max(0, end - KernelClock.monotonic))))
                }
                var use = PodDiskUse()
                for (name, id) in pod.containers {
                    use.layers[name] = try measure(layer(id))
                    use.logs[name] = try measure(logs.logFolder(of: pod.pod, container: name))
                }
                for name in pod.volumes {
                    let path = try layout.volume(name, plugin: VolumeLayout.emptyDirectories, podUID: pod.pod.uid)
                    use.volumes[name] = try ProjectQuota.usage(of: path).map(DiskUse.init) ?? measure(path)
                }
                use.files = try Self.files(in: layout.pod(pod.pod.uid), measure)
                return use
            }
        } catch let error as VolumeFailure {
            throw error
        } catch {
            throw VolumeFailure(.system, "the local storage of pod \(pod.pod.uid) cannot be measured: \(error)")
        }
    }

    /// A container can fill the node's disk through these files too (CVE-2020-8557).
    private static func files(in folder: String, _ measure: (String) throws -> DiskUse) throws -> DiskUse {
        var use = try measure(folder + "/containers")
        for file in PodFile.allCases {
            guard let status = try FileStatus.ifPresent(file.path(in: folder)) else { continue }
            use = use + DiskUse(bytes: Int64(clamping: status.allocated), inodes: 1)
        }
        return use
    }
}

extension DiskUse {
    fileprivate init(_ usage: TreeUsage) { self.init(bytes: Int64(clamping: usage.bytes), inodes: Int64(clamping: usage.inodes)) }
}
