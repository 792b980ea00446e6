import KubeModel
import PodCore

/// A container's own account of its end, within kubelet's limits.
enum TerminationMessage {
    /// Bytes of the container's file that are read.
    private static let fileLimit = 4096
    /// Bytes of the log that replace an empty file (`FallbackToLogsOnError`).
    private static let logLimit = 2048
    private static let logLines = 80

    /// - Parameter ownsFile: whether no later container was given the file.
    static func read(
        _ files: ContainerFiles.Entry, ownsFile: Bool = true, _ exit: ContainerExit, _ pod: Pod, _ folders: any PodFolders
    ) async -> String? {
        if ownsFile, let path = files.messageFile, let text = await folders.terminationMessage(at: path, limit: fileLimit), !text.isEmpty {
            return text
        }
        let policy = pod.spec.container(named: files.container)?.terminationMessagePolicy
        guard policy == "FallbackToLogsOnError", exit.exitCode != 0 else { return nil }
        return await folders.logTail(at: files.logPath, lines: logLines, limit: logLimit)
    }
}
