import KubeModel
import LinuxSystem
import PodCore

/// The folder of CNI configurations, which other programs write, often long after the agent's start. Blocking.
struct CNIFolder: Sendable {
    private static let endings = [".conf", ".conflist", ".json"]

    private let folder: WatchedFolder
    var path: String { folder.path }

    /// - Parameter onUnwatched: see `WatchedFolder`.
    init(_ path: String, onUnwatched: @escaping @Sendable (_ problem: String) -> Void) {
        folder = WatchedFolder(path, largest: 1 << 20, onUnwatched: onUnwatched)
    }

    /// Returns the first configuration in the order of the names that can be used, and the problems of those before it.
    func read() throws(SystemError) -> (configuration: CNIConfiguration?, problems: [String]) {
        let files = try folder.read { name, file in (name: name, file: file) }
        var problems: [String] = []
        for (name, file) in files where Self.endings.contains(where: name.hasSuffix) {
            switch file {
            case .bytes(let bytes):
                do {
                    return (try CNIConfiguration(try JSONParser.parse(bytes)), problems)
                } catch {
                    problems.append("\(path)/\(name): \(error)")
                }
            // Its end is reported.
            case .beingWritten: problems.append("\(path)/\(name): is being written")
            case .failed(let error): problems.append("\(error)")
            }
        }
        return (nil, problems)
    }

    func waitForChange() async throws { try await folder.waitForChange() }
}
