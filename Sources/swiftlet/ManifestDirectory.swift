import LinuxSystem
import Logging
import NodeAgent

/// The folder of static pods' manifests on this machine.
struct ManifestDirectory: ManifestFolder {
    private let folder: WatchedFolder

    init(_ path: String, logger: Logger) {
        folder = WatchedFolder(
            path, largest: StaticManifest.largest,
            onUnwatched: { problem in
                logger.warning(
                    "Changes of a folder are not reported by the kernel; it is looked at every few seconds",
                    metadata: ["folder": "\(path)", "reason": "\(problem)"])
            })
    }

    var path: String { folder.path }

    func read<Result: Sendable>(_ body: @escaping @Sendable (ManifestFile) -> Result) async throws -> [Result] {
        // A symbolic link may lead to a file system that does not answer.
        try await BlockingPool.shared.run("read manifests", deadline: .seconds(60)) { [folder] in
            try folder.read { name, content in
                switch content {
                case .bytes(let bytes): body(ManifestFile(name: name, content: .bytes(bytes)))
                case .beingWritten: body(ManifestFile(name: name, content: .beingWritten))
                case .failed(let error): body(ManifestFile(name: name, content: .unreadable("\(error)")))
                }
            }
        }
    }

    func waitForChange() async throws { try await folder.waitForChange() }
}
