import HTTPTypes

/// The paths that `enableDebuggingHandlers: false` closes, whatever follows their first segment and whatever the method, as in kubelet.
enum DebuggingPaths {
    /// Kubelet's, and the page about the node.
    private static let refused: Set<String> = [
        "run", "exec", "attach", "portForward", "containerLogs", "runningpods", "logs", "ui",
    ]
    /// Kubelet does not say that these are closed.
    private static let hidden: Set<String> = ["configz", "checkpoint"]

    /// The answer of an endpoint without debugging handlers; `nil` for a path that it serves all the same.
    static func refusal(_ segments: [String]) -> HTTPAnswer? {
        guard let first = segments.first else { return nil }
        if refused.contains(first) || segments.starts(with: ["debug", "pprof"]) {
            return .text(.methodNotAllowed, "Debug endpoints are disabled.\n")
        }
        return hidden.contains(first) ? .notFound : nil
    }
}
