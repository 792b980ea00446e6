import ArgumentParser
import Glibc
import KubeClient
import KubeModel
import NodeAgent
import NodeServer
import Timing

/// `swiftlet certs`: the certificates of this node.
struct Certs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the node's certificates and when they end.",
        discussion:
            "Reads the files that 'swiftlet run' with these flags would use, so no agent has to run. Exit code 1 when one that is used has ended, is not "
            + "valid yet or cannot be read.")

    @Option(help: "Configuration file, as for 'swiftlet run'.")
    var config: String?

    @Option(help: "Directory of *.conf files, as for 'swiftlet run'.")
    var configDir: String?

    @Option(help: "The node's identity towards the API server. Default: /etc/kubernetes/kubelet.conf.")
    var kubeconfig: String?

    @Option(help: "As for 'swiftlet run'.")
    var bootstrapKubeconfig: String?

    @Option(help: "The folder that has pki. Default: /var/lib/kubelet.")
    var rootDir: String?

    @Option(name: .shortAndLong, help: "Print JSON.")
    var output: OutputFormat?

    func run() async throws {
        var flags = FlagOverrides()
        flags.kubeconfig = kubeconfig
        flags.bootstrapKubeconfig = bootstrapKubeconfig
        flags.rootDirectory = rootDir
        let configuration = try ConfigurationLoader.load(file: config, directory: configDir, flags: flags)
        let files = NodeIdentity(configuration, nodeName: "")
        // A renewed certificate says whose it is; the name matters only beside another one.
        let own = await files.directory.currentInfo(files.purpose)?.commonName.split(separator: ":").last
        let inventory = CertificateInventory(configuration, NodeIdentity(configuration, nodeName: own.map(String.init) ?? ""))
        let now = SystemTime().wallTime()
        let reports = await inventory.read(at: now)
        let rows = reports.map { Self.row($0, now) }
        try await StandardStream.output.write(output == .json ? JSONText.of(rows) : Array(CertificateTable.text(rows).utf8))
        if reports.contains(where: { $0.isBad(at: now) }) { throw ExitCode.failure }
    }

    private static func row(_ report: CertificateReport, _ now: Timestamp) -> CertificateTable.Row {
        let state: String
        switch report.info?.standing(at: now) {
        case nil: state = report.problem
        case .early: state = "not valid yet"
        case .ended: state = report.isUsed ? "ENDED" : "ended, unused"
        case .valid: state = report.isUsed ? "ok" : "unused"
        }
        return CertificateTable.Row(
            role: report.role, subject: report.info?.subject ?? "", issuer: report.info?.issuer ?? "", until: report.info?.notAfter,
            daysLeft: report.info.map { Int(($0.notAfter.timeInterval(since: now) / 86_400).rounded(.down)) }, file: report.place, state: state)
    }
}
