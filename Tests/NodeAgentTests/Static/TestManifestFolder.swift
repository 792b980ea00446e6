import LinuxSystem

@testable import NodeAgent

/// A real folder with the kernel's events.
struct TestManifestFolder: ManifestFolder {
    private let folder: WatchedFolder

    init(_ path: String) throws {
        folder = WatchedFolder(path, largest: StaticManifest.largest)
    }

    var path: String { folder.path }

    func read<Result: Sendable>(_ body: @escaping @Sendable (ManifestFile) -> Result) async throws -> [Result] {
        try await BlockingPool.shared.run { [folder] in
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
