package import Exposition

/// `kubernetes_build_info`: the Kubernetes version by which dashboards tell nodes of different versions apart.
package enum BuildInfo {
    /// - Parameter version: of Kubernetes, as the node reports it: `v1.36.2`.
    package static func write(_ version: String, into writer: inout ExpositionWriter) {
        let parts = version.drop { $0 == "v" }.split(separator: ".")
        let (major, minor) = (parts.first.map(String.init) ?? "", parts.count > 1 ? String(parts[1]) : "")
        writer.family(.buildInfo)
        // build_date, compiler, git_commit, git_tree_state, git_version, go_version, major, minor, platform
        writer.sample(.buildInfo, "", "swift", "", "", version, "", major, minor, platform, value: 1)
    }

    private static var platform: String {
        #if arch(x86_64)
            "linux/amd64"
        #elseif arch(arm64)
            "linux/arm64"
        #else
            "linux/unknown"
        #endif
    }
}
