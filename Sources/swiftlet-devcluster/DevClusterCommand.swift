import Addresses
import ArgumentParser
import DevCluster
import Logging
import ServiceLifecycle
import UnixSignals

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Parses the command line, runs the cluster until a signal.
@main
struct DevClusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swiftlet-devcluster",
        abstract: "A small Kubernetes control plane in memory, for trying swiftlet out and for its tests.",
        discussion: """
            NOT FOR PRODUCTION: everything is kept in memory and lost at the end, one process is the whole cluster, and the rules
            about who may do what are the few that nodes need.

            Writes ca.crt, admin.crt, admin.key, admin.kubeconfig and one node-NAME.kubeconfig for each --node into --dir.
            """)

    @Option(help: "Address to listen on; 0.0.0.0 for all.")
    var listen = "127.0.0.1"

    @Option(help: "Port to listen on; 0 lets the system choose.")
    var port = 6443

    @Option(help: "Address that kubeconfigs and the kubernetes Service name. Default: the one it listens on.")
    var advertise: String?

    @Option(name: .customLong("san"), help: "One more name or address for the server's certificate. May be repeated.")
    var names: [String] = []

    @Option(help: "Directory for kubeconfigs and certificates.")
    var dir = "."

    @Option(name: .customLong("node"), help: "Name of a node that gets a kubeconfig. May be repeated.")
    var nodes: [String] = []

    @Option(help: "Addresses of Services.")
    var serviceCidr = "10.96.0.0/16"

    @Option(help: "Addresses of pods: every node gets a /24 of it.")
    var podCidr = "10.244.0.0/16"

    @Flag(inversion: .prefixedNo, help: "Give nodes the role system:node-proxier: they may read EndpointSlices and all Nodes.")
    var nodeProxier = true

    @Option(name: .customLong("bootstrap-token"), help: "A bearer token that may request node certificates. May be repeated.")
    var bootstrapTokens: [String] = []

    @Option(help: "PEM file of the authority of the nodes' serving certificates. Default: they are not verified.")
    var kubeletCa: String?

    @Flag(inversion: .prefixedNo, help: "Approve the serving certificates that nodes request.")
    var approveServing = true

    @Option(help: "Seconds that the certificates of nodes are valid.")
    var certificateLife: Int64 = 365 * 86_400

    @Option(help: "Seconds without a renewed lease after which a node is not Ready.")
    var leaseGrace: Int64 = 40

    @Option(help: "Log level: trace, debug, info, notice, warning, error, critical.")
    var logLevel = "notice"

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw ValidationError("--log-level is \(logLevel), wanted trace, debug, info, notice, warning, error or critical")
        }
        guard let services = CIDR(ipv4Block: serviceCidr) else {
            throw ValidationError("--service-cidr is \(serviceCidr), wanted a block such as 10.96.0.0/16")
        }
        guard let pods = CIDR(ipv4Block: podCidr) else { throw ValidationError("--pod-cidr is \(podCidr), wanted a block such as 10.244.0.0/16") }
        guard (0...65535).contains(port) else { throw ValidationError("--port is \(port), wanted 0 to 65535") }
        var configuration = DevClusterConfiguration()
        configuration.listenHost = listen
        configuration.port = port
        configuration.advertiseHost = advertise ?? (listen == "0.0.0.0" ? "127.0.0.1" : listen)
        configuration.serverNames = names
        configuration.directory = dir
        configuration.nodes = nodes
        configuration.serviceRange = services
        configuration.podRange = pods
        configuration.nodesAreProxiers = nodeProxier
        configuration.bootstrapTokens = bootstrapTokens
        configuration.kubeletAuthorityFile = kubeletCa
        configuration.approvesServing = approveServing
        configuration.certificateLife = certificateLife
        configuration.leaseGraceSeconds = leaseGrace

        var logger = Logger(label: "swiftlet-devcluster", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = level
        let (host, directory) = (configuration.advertiseHost, dir)
        let cluster = try DevCluster(configuration, logger: logger) { port in
            print("ready: https://\(host):\(port), KUBECONFIG=\(directory)/admin.kubeconfig")
            // Scripts wait for this line through a pipe or a file.
            fflush(nil)
        }
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: cluster, successTerminationBehavior: .gracefullyShutdownGroup)],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await group.run()
    }
}
