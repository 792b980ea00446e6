import Glibc
import NodeServer
import PodCore
import Timing

/// The layers of a pull on the terminal: a line for each, which changes as the pull goes on. Nothing where standard error is not a terminal.
enum PullScreen {
    private static let period = Duration.milliseconds(250)

    /// Runs until it is cancelled.
    static func show(_ status: () async throws -> ImagePullStatus?) async {
        guard isatty(STDERR_FILENO) == 1 else { return }
        var table = PullTable()
        while (try? await Task.sleep(for: period)) != nil {
            guard let status = try? await status(), !Task.isCancelled else { continue }
            try? await StandardStream.error.write(Array(table.frame(status, at: SystemTime().now()).utf8))
        }
    }
}
