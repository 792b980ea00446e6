/// The sources of registry credentials that every pod of the node may use.
package struct NodeCredentials: Sendable, Hashable {
    /// Paths of docker's `config.json`. The first that can be read counts.
    package var configFiles: [String]
    /// Paths of the older `.dockercfg`, of which the first counts when no `config.json` does.
    package var entryFiles: [String]
    package var providers: [CredentialProvider]

    package init(configFiles: [String] = [], entryFiles: [String] = [], providers: [CredentialProvider] = []) {
        self.configFiles = configFiles
        self.entryFiles = entryFiles
        self.providers = providers
    }

    /// The places where kubelet looks for docker's files.
    /// - Parameter home: `$HOME`, `nil` without one.
    package init(rootDirectory: String, workingDirectory: String, home: String?, providers: [CredentialProvider]) {
        let folders = [rootDirectory, workingDirectory]
        self.init(
            configFiles: (folders + [home.map { $0 + "/.docker" }, "/.docker"].compactMap { $0 }).map { $0 + "/config.json" },
            entryFiles: (folders + [home, ""].compactMap { $0 }).map { $0 + "/.dockercfg" }, providers: providers)
    }
}
