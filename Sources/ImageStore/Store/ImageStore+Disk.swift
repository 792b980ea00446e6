import LinuxSystem
package import PodCore

extension ImageStore {
    /// Returns when the store's folder is there and can be written to. Throws the problem.
    package func checkDisk() async throws(ImageFailure) {
        do {
            // Not on the store's own threads: all of them may be busy with layers.
            let stats = try await BlockingPool.shared.run("look at the image store", deadline: .seconds(30)) { [root = layout.root] in
                try FileSystemStats(path: root)
            }
            guard stats.isReadOnly else { return }
        } catch {
            throw ImageFailure(.storeFailed, "the disk of the image store does not answer: \(error)")
        }
        throw ImageFailure(.storeFailed, "the file system of the image store \(layout.root) is read-only: look for its errors in the kernel's log")
    }
}
