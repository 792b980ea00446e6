import Glibc
import LinuxSystem
import PodCore

/// `nfs`: an export of a file server, mounted in the pod's folder. No call that may wait for the server is made in this process.
struct NFSVolume: Sendable {
    static let plugin = "kubernetes.io~nfs"

    let export: NFSExport
    let path: String
    let helper: VolumeHelper
    let mounts: RemoteMounts

    /// Mounts the export, or makes sure that its server still answers where it is mounted already.
    func mount() async throws(VolumeFailure) {
        if let mounted = try await mounts.mount(at: path) {
            // The agent may have ended between the two steps of a read-only mount.
            if export.isReadOnly, !mounted.options.contains("ro") { try await makeReadOnly() }
            return try await checkServer()
        }
        try await mounts.blocking("make the folder of \(export.source)") { [path] in try Directories.make(path, mode: 0o750) }
        do throws(VolumeFailure) {
            try await helper.mountNFS(export, at: path)
            guard try await mounts.mount(at: path) != nil else {
                throw VolumeFailure(.system, "mounting \(export.source): mount.nfs succeeded, but nothing is mounted at \(path)")
            }
            // Not as an option of mount.nfs: mounts of one export share their state in the kernel, and all of them would be read-only.
            if export.isReadOnly { try await makeReadOnly() }
        } catch {
            await undo()
            throw error
        }
    }

    private func checkServer() async throws(VolumeFailure) {
        switch try await helper.call(.statistics(path), within: helper.patience.answer) {
        case .done: return
        // An answer all the same.
        case .refused(let number, _) where number != ESTALE: return
        case .refused(_, let text):
            throw VolumeFailure(
                .system, "\(export.source) is not any more what was mounted (\(text)): the export was made anew; delete the pod to mount it again")
        case .noAnswer:
            throw VolumeFailure(
                .busy,
                "the file server of \(export.source) does not answer within \(helper.patience.answer): is it running, and can this node reach it?")
        }
    }

    private func makeReadOnly() async throws(VolumeFailure) {
        switch try await helper.call(.makeReadOnly(path), within: helper.patience.answer) {
        case .done: return
        case .refused(_, let text): throw VolumeFailure(.system, "\(export.source) cannot be made read-only: \(text)")
        case .noAnswer: throw VolumeFailure(.busy, "the file server of \(export.source) does not answer within \(helper.patience.answer)")
        }
    }

    /// A killed mount.nfs may have mounted just before. The folder is removed only if nothing is mounted on it.
    private func undo() async {
        do throws(VolumeFailure) {
            if try await mounts.mount(at: path) != nil { try await mounts.unmount(path) }
            try await mounts.blocking("remove the folder of \(export.source)") { [path] in
                _ = try systemCall("rmdir", path) { rmdir(path) }
            }
        } catch {
            // The pod's end tries again.
        }
    }
}
