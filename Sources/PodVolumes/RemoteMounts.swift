import Glibc
import LinuxSystem
import PodCore

/// Mounts of file systems that other machines or processes answer for, as the kernel lists them. Unmounts them in processes that can be killed.
struct RemoteMounts: Sendable {
    let helper: VolumeHelper
    let pool: BlockingPool

    /// The mount at a path, `nil` without one.
    func mount(at path: String) async throws(VolumeFailure) -> MountTable.Entry? {
        try await blocking("read the mount table") { try MountTable.mount(at: path) }
    }

    /// The remote mounts at and below a path, in the order to unmount in.
    func mounts(under path: String) async throws(VolumeFailure) -> [MountTable.Entry] {
        try await blocking("read the mount table") { try MountTable.mounts(under: path).filter(\.isRemote) }
    }

    /// Unmounts all remote mounts at and below a path, by force where the server does not answer. Throws while one of them is left.
    func unmountAll(under path: String) async throws(VolumeFailure) {
        let found = try await mounts(under: path)
        guard !found.isEmpty else { return }
        for entry in found { try await unmount(entry.mountPoint) }
        if let left = try await mounts(under: path).first {
            throw VolumeFailure(.busy, "\(left.source) is still mounted at \(left.mountPoint)")
        }
    }

    /// Unmounts what is mounted at a path, by force when it does not answer.
    func unmount(_ path: String) async throws(VolumeFailure) {
        let patience = helper.patience
        // A plain unmount would wait for a dead server, after the mount has left the table and cannot be forced any more.
        guard try await helper.call(.statistics(path), within: patience.answer) != .noAnswer else { return try await force(path) }
        switch try await helper.call(.unmount(path), within: patience.unmount) {
        case .done: return
        case .refused(let number, _) where number == EINVAL || number == ENOENT: return
        case .refused(let number, _) where number == EBUSY: _ = try await helper.call(.unmount(path, lazily: true), within: patience.unmount)
        case .refused, .noAnswer: try await force(path)
        }
    }

    private func force(_ path: String) async throws(VolumeFailure) {
        _ = try await helper.call(.unmount(path, lazily: true, forced: true), within: helper.patience.forcedUnmount)
    }

    /// Only for calls on this node's own file systems.
    func blocking<T: Sendable>(_ what: String, _ body: @escaping @Sendable () throws -> T) async throws(VolumeFailure) -> T {
        do {
            return try await pool.run(what, deadline: .seconds(123), body)
        } catch let error as VolumeFailure {
            throw error
        } catch {
            throw VolumeFailure(.system, "cannot \(what): \(error)")
        }
    }
}
