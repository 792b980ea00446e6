import ArgumentParser
import Glibc
import LinuxSystem
import Logging
import NodeAgent

/// `swiftlet run`: the daemon.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the node agent. Pods go on when it stops.")

    @Option(help: "Configuration file: KubeletConfiguration, KubeProxyConfiguration and SwiftletConfiguration documents.")
    var config: String?

    @Option(help: "Directory of *.conf files that are laid over the configuration file, in the order of their names.")
    var configDir: String?

    @Option(help: "The node's identity towards the API server. Default: /etc/kubernetes/kubelet.conf.")
    var kubeconfig: String?

    @Option(help: "Used to request the node's first certificate when there is no kubeconfig yet.")
    var bootstrapKubeconfig: String?

    @Option(help: "The node's name. Default: the machine's host name.")
    var hostnameOverride: String?

    @Option(
        name: .customLong("node-ip"),
        help: "The node's addresses, at most one of each family; 0.0.0.0 or :: is the default of its family. Default: those of the default routes.")
    var nodeIP: String?

    @Option(help: "Labels of a new node object: key=value,key=value. Added to nodeLabels of the configuration.")
    var nodeLabels: String?

    @Option(help: "Folder of static pods' manifests. Default: staticPodPath of the configuration.")
    var podManifestPath: String?

    @Option(help: "Pods' folders and certificates. Default: /var/lib/kubelet.")
    var rootDir: String?

    @Option(help: "Images and writable layers. Default: /var/lib/swiftlet.")
    var stateDir: String?

    @Option(help: "Sandboxes and sockets, on a tmpfs. Default: /run/swiftlet.")
    var runDir: String?

    @Option(help: "CredentialProviderConfig of the programs that give credentials for registries: a file, or a folder of files.")
    var imageCredentialProviderConfig: String?

    @Option(help: "Folder of the programs that --image-credential-provider-config names.")
    var imageCredentialProviderBinDir: String?

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = "info"

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw ValidationError("--log-level: found '\(logLevel)', wanted trace, debug, info, notice, warning, error or critical")
        }
        ProcessMemory.shareHeaps()
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        guard geteuid() == 0 else { throw CommandFailure("swiftlet run needs root: it makes namespaces, mounts and nftables rules") }
        let logger = Logger(label: "swiftlet")
        do {
            let configuration = try ConfigurationLoader.load(file: config, directory: configDir, flags: overrides)
            for warning in configuration.warnings { logger.warning("A configured field has no effect", metadata: ["field": "\(warning)"]) }
            try await Agent.run(configuration, logger: logger)
        } catch {
            logger.critical("swiftlet cannot run", metadata: ["error": "\(error)"])
            throw ExitCode.failure
        }
    }

    private var overrides: FlagOverrides {
        var flags = FlagOverrides()
        flags.kubeconfig = kubeconfig
        flags.bootstrapKubeconfig = bootstrapKubeconfig
        flags.hostnameOverride = hostnameOverride
        flags.nodeIP = nodeIP
        flags.nodeLabels = nodeLabels
        flags.podManifestPath = podManifestPath
        flags.rootDirectory = rootDir
        flags.stateDirectory = stateDir
        flags.runDirectory = runDir
        flags.credentialProviderConfig = imageCredentialProviderConfig
        flags.credentialProviderDirectory = imageCredentialProviderBinDir
        return flags
    }
}
