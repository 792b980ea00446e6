import Glibc
import LinuxSystem
package import PodCore

/// The files of pods beside their volumes: `<root>/pods/<uid>/{etc-hosts,containers/...}` and the logs.
package final class PodFolderStore: PodFolders {
    private let root: String
    let logs: String
    private let logLinks: String
    private let pool: BlockingPool

    /// - Parameters:
    ///   - root: `/var/lib/kubelet`.
    ///   - logs: `/var/log/pods`; the links for log shippers go to `containers` beside it.
    package init(root: String = "/var/lib/kubelet", logs: String = "/var/log/pods") {
        self.root = root
        self.logs = logs
        logLinks = logs.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/containers"
        pool = BlockingPool(name: "pod-files", threads: 4, queueLimit: 4096)
    }

    package func makeFiles(_ files: StartFiles) async throws(VolumeFailure) -> StartFiles.Paths {
        let logs = try logFolder(of: files.pod, container: files.container)
        return try await blocking("make the files of container \(files.container) of pod \(files.pod.uid)") { [root] in
            let folder = try VolumeLayout(root: root).pod(files.pod.uid)
            let own = folder + "/containers/" + (try VolumeLayout.single(files.container, "container name"))
            try Directories.make(own, mode: 0o750)
            try Directories.make(logs, mode: 0o755)
            return StartFiles.Paths(
                hosts: try Self.write(files.hosts, to: PodFile.hosts.path(in: folder), mode: 0o644),
                hostname: try Self.write(files.hostname, to: PodFile.hostname.path(in: folder), mode: 0o644),
                resolvConf: try Self.write(files.resolvConf, to: PodFile.resolvConf.path(in: folder), mode: 0o644),
                // One for each container name, not for each start: crash loops must not use up inodes. Any user of any container may write it.
                terminationMessage: try Self.write("", to: own + "/termination-log", mode: 0o666),
                log: "\(logs)/\(files.restartCount).log")
        }
    }

    /// Not replaced by a rename: a container that runs has this very file mounted. Never empty in between either, since programs read it at any time
    /// and a full disk would leave it so: the new content is written over the old, and only if it is another.
    private static func write(_ content: String, to path: String, mode: mode_t) throws -> String {
        let descriptor = try OwnedFileDescriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: mode)
        if try !FileContent.text(content).isRest(of: descriptor) {
            try systemCall("lseek", path) { descriptor.withRawValue { lseek($0, 0, SEEK_SET) } }
            try descriptor.writeAll(content)
            try systemCall("ftruncate", path) { descriptor.withRawValue { ftruncate($0, content.utf8.count) } }
        }
        // The umask must not take the mode away.
        try systemCall("fchmod", path) { descriptor.withRawValue { fchmod($0, mode) } }
        return path
    }

    package func terminationMessage(at path: String, limit: Int) async -> String? {
        try? await pool.run("read a termination message") {
            let descriptor = try OwnedFileDescriptor.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            let size = try systemCall("lseek", path) { descriptor.withRawValue { lseek($0, 0, SEEK_END) } }
            let start = max(size - limit, 0)
            try systemCall("lseek", path) { descriptor.withRawValue { lseek($0, start, SEEK_SET) } }
            let bytes = try descriptor.read(upTo: limit)
            // Without the rest of a character whose beginning was left out.
            let text = start == 0 ? bytes[...] : bytes.drop { $0 & 0xc0 == 0x80 }
            return String(decoding: text, as: UTF8.self)
        }
    }

    package func logTail(at path: String, lines: Int, limit: Int) async -> String? {
        try? await pool.run("read the end of a log") { try LogEnd.text(at: path, lines: lines, limit: limit) }
    }

    package func lastLog(of pod: PodIdentity, container: String) async -> Int? {
        guard let folder = try? logFolder(of: pod, container: container) else { return nil }
        return try? await pool.run("look for logs") { try DirectoryListing.names(at: folder).compactMap(Self.logNumber).max() }
    }

    package func linkLog(at path: String, of pod: PodIdentity, container: String, containerID: String) async {
        let links = logLinks
        // Kubelet's limit for this name. A longer name is cut in front of the extension.
        let name = String((Self.linkPrefix(pod) + "\(container)-\(containerID)").prefix(Self.linkLimit)) + ".log"
        _ = try? await pool.run("link a log") {
            try Directories.make(links, mode: 0o755)
            unlink("\(links)/\(name)")
            try systemCall("symlink", "\(links)/\(name)") { symlink(path, "\(links)/\(name)") }
        }
    }

    package func removeLogs(of pod: PodIdentity, container: String, upTo restartCount: Int) async {
        guard let folder = try? logFolder(of: pod, container: container) else { return }
        let links = logLinks
        _ = try? await pool.run("remove old logs") {
            for name in try DirectoryListing.names(at: folder) {
                guard let number = Self.logNumber(name), number <= restartCount else { continue }
                unlink("\(folder)/\(name)")
            }
            try Self.removeDeadLinks(in: links, of: pod, to: folder)
        }
    }

    package func removeAll(of pod: PodIdentity) async throws(VolumeFailure) {
        let folder = pod.name.isEmpty ? nil : try logFolder(of: pod)
        let links = logLinks
        try await blocking("remove what is left of pod \(pod.uid)") { [root] in
            let path = try VolumeLayout(root: root).pod(pod.uid)
            if try FileStatus.ifPresent(path) != nil { try TreeRemoval.remove(path) }
            guard let folder else { return }
            try TreeRemoval.remove(folder)
            try Self.removeDeadLinks(in: links, of: pod, to: folder)
            FailPoint.reach("pod.folders-removed")
        }
    }

    package func nodeFile(_ path: String) async throws(VolumeFailure) -> String {
        try await blocking("read \(path)") { try SmallFile.text(path) }
    }

    /// Of the log itself and of what was rotated away.
    private static func logNumber(_ name: String) -> Int? { name.split(separator: ".").first.flatMap { Int($0) } }

    private static let linkLimit = 251
    private static func linkPrefix(_ pod: PodIdentity) -> String { "\(pod.name)_\(pod.namespace)_" }

    /// Removes a pod's links whose log is gone. Only links into the folder: the others belong to pods that still exist.
    private static func removeDeadLinks(in links: String, of pod: PodIdentity, to folder: String) throws {
        let prefix = linkPrefix(pod).prefix(linkLimit)
        for name in try DirectoryListing.names(at: links) where name.hasPrefix(prefix) {
            let path = "\(links)/\(name)"
            guard let target = readLink(path), target.hasPrefix(folder + "/"), access(target, F_OK) != 0 else { continue }
            unlink(path)
        }
    }

    private static func readLink(_ path: String) -> String? {
        let bytes = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, count in
            count = max(buffer.withMemoryRebound(to: CChar.self) { readlink(path, $0.baseAddress!, $0.count) }, 0)
        }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    func logFolder(of pod: PodIdentity, container: String) throws(VolumeFailure) -> String {
        try logFolder(of: pod) + "/" + VolumeLayout.single(container, "container name")
    }

    private func logFolder(of pod: PodIdentity) throws(VolumeFailure) -> String {
        try logs + "/" + VolumeLayout.single("\(pod.namespace)_\(pod.name)_\(pod.uid)", "pod name")
    }

    func blocking<T: Sendable>(_ what: String, _ body: @escaping @Sendable () throws -> T) async throws(VolumeFailure) -> T {
        do {
            return try await pool.run(what, deadline: .seconds(60), body)
        } catch let error as VolumeFailure {
            throw error
        } catch {
            throw VolumeFailure(.system, "cannot \(what): \(error)")
        }
    }
}
