import Addresses

/// The flags of the command line. Nil means not given; a given flag wins over the file.
package struct FlagOverrides: Sendable, Hashable {
    package var kubeconfig: String?
    package var bootstrapKubeconfig: String?
    package var hostnameOverride: String?
    /// Comma-separated.
    package var nodeIP: String?
    /// `key=value`, comma-separated. Added to those of the file.
    package var nodeLabels: String?
    package var podManifestPath: String?
    package var rootDirectory: String?
    package var stateDirectory: String?
    package var runDirectory: String?
    /// A file or folder of `CredentialProviderConfig`.
    package var credentialProviderConfig: String?
    /// The folder of the providers' programs.
    package var credentialProviderDirectory: String?

    package init() {}

    func apply(to configuration: inout AgentConfiguration) throws {
        if let kubeconfig { configuration.process.kubeconfig = kubeconfig }
        if let bootstrapKubeconfig { configuration.process.bootstrapKubeconfig = bootstrapKubeconfig.isEmpty ? nil : bootstrapKubeconfig }
        if let hostnameOverride { configuration.process.hostnameOverride = hostnameOverride.isEmpty ? nil : hostnameOverride.lowercased() }
        if let nodeIP {
            let texts = nodeIP.split(separator: ",").map { $0.filter { !$0.isWhitespace } }
            let addresses = texts.compactMap { IPAddress($0) }
            guard addresses.count == texts.count, Set(addresses.map(\.family)).count == addresses.count else {
                throw ConfigurationError(
                    .badValue, place: "--node-ip",
                    reason: "found '\(nodeIP)', wanted at most one IPv4 and one IPv6 address; 0.0.0.0 or :: for the machine's own of that family")
            }
            configuration.process.nodeIPs = addresses.map(\.description)
        }
        if let nodeLabels {
            configuration.swiftlet.nodeLabels.merge(try NodeLabels.parse(nodeLabels, place: "--node-labels")) { $1 }
        }
        if let podManifestPath {
            configuration.kubelet.staticPodPath = podManifestPath.isEmpty ? nil : try absolute(podManifestPath, "--pod-manifest-path")
        }
        if let rootDirectory { configuration.process.rootDirectory = try absolute(rootDirectory, "--root-dir") }
        if let stateDirectory {
            let path = try absolute(stateDirectory, "--state-dir")
            // Paths with default values follow the folder.
            let defaults = SwiftletSettings()
            if configuration.swiftlet.imageRoot == defaults.imageRoot { configuration.swiftlet.imageRoot = path + "/images" }
            configuration.process.stateDirectory = path
        }
        if let runDirectory {
            let path = try absolute(runDirectory, "--run-dir")
            let defaults = SwiftletSettings()
            if configuration.swiftlet.adminSocket == defaults.adminSocket { configuration.swiftlet.adminSocket = path + "/admin.sock" }
            configuration.process.runDirectory = path
        }
    }

    /// Reads the files that flags name.
    func load(into configuration: inout AgentConfiguration) throws {
        let (file, programs) = (credentialProviderConfig ?? "", credentialProviderDirectory ?? "")
        guard !file.isEmpty else { return }
        guard !programs.isEmpty else {
            throw ConfigurationError(
                .badValue, place: CredentialProviderReader.configFlag,
                reason: "is given without \(CredentialProviderReader.directoryFlag); give both or neither"
            )
        }
        let found = try CredentialProviderReader.load(file, programs: try absolute(programs, CredentialProviderReader.directoryFlag))
        configuration.process.credentialProviders = found.providers
        configuration.warnings += found.warnings
    }

    private func absolute(_ path: String, _ flag: String) throws -> String {
        guard path.hasPrefix("/") else {
            throw ConfigurationError(.badValue, place: flag, reason: "found '\(path)', wanted a path that begins with /")
        }
        return path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}
