import Glibc
import KubeModel
import LinuxSystem
import PodCore

/// Runs CNI plugins (CNI specification 1.1, section 2): a request on the standard input, parameters in the environment, an answer on the standard output.
struct CNIRunner: Sendable {
    enum Command: String, Sendable {
        case add = "ADD"
        case remove = "DEL"
    }

    /// The interface that the plugins make in the pod.
    static let interface = "eth0"
    /// A plugin that hangs holds up its own pod, and not for ever.
    private static let timeout = Duration.seconds(120)

    private static let longestResult = 16 << 10

    /// The folders of the plugins' programs, the first one first.
    let folders: [String]
    let pool: BlockingPool

    /// Fails when a plugin's program is missing.
    func check(_ configuration: CNIConfiguration) throws(NetworkFailure) {
        for plugin in configuration.plugins { _ = try program(plugin, Self.subject(.add, plugin, configuration.name)) }
    }

    private static func subject(_ command: Command, _ plugin: CNIConfiguration.Plugin, _ network: String) -> String {
        "plugin type=\"\(plugin.type)\" name=\"\(network)\" failed (\(command == .add ? "add" : "delete"))"
    }

    private func program(_ plugin: CNIConfiguration.Plugin, _ subject: String) throws(NetworkFailure) -> String {
        for folder in folders where access("\(folder)/\(plugin.type)", X_OK) == 0 { return "\(folder)/\(plugin.type)" }
        throw NetworkFailure(.kernel, "\(subject): failed to find plugin \"\(plugin.type)\" in path [\(folders.joined(separator: " "))]")
    }

    /// - Parameter namespace: the path of the pod's network namespace; `nil` when it has ended.
    func run(
        _ command: Command, _ plugin: CNIConfiguration.Plugin, of network: String, _ request: JSONValue, sandboxID: String, pod: PodIdentity,
        namespace: String?
    ) async throws(NetworkFailure) -> JSONValue? {
        let subject = Self.subject(command, plugin, network)
        let program = try program(plugin, subject)
        let exchange = ProgramExchange(
            executable: program, arguments: [], environment: environment(command, sandboxID, pod, namespace), timeout: Self.timeout)
        let end: ProgramExchange.End
        do {
            end = try await exchange.run(JSONWriter.bytes(request), pool: pool)
        } catch {
            throw NetworkFailure(.kernel, "\(subject): \(error)")
        }
        guard end.status.isSuccess else {
            throw NetworkFailure(.kernel, "\(subject): \(CNIResult.problem(end.output) ?? "ended with \(end.status): \(end.complaint)")")
        }
        guard command == .add else { return nil }
        // It becomes a part of the next requests, which have to fit into a pipe.
        guard end.output.count <= Self.longestResult else {
            throw NetworkFailure(.kernel, "\(subject): found an answer of \(end.output.count) bytes, wanted at most \(Self.longestResult)")
        }
        do {
            return try JSONParser.parse(end.output)
        } catch {
            throw NetworkFailure(.kernel, "\(subject): its answer is not JSON: \(error)")
        }
    }

    private func environment(_ command: Command, _ sandboxID: String, _ pod: PodIdentity, _ namespace: String?) -> [String] {
        let arguments = [
            "IgnoreUnknown=1", "K8S_POD_NAMESPACE=\(pod.namespace)", "K8S_POD_NAME=\(pod.name)", "K8S_POD_INFRA_CONTAINER_ID=\(sandboxID)",
            "K8S_POD_UID=\(pod.uid)",
        ]
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        return [
            "CNI_COMMAND=\(command.rawValue)", "CNI_CONTAINERID=\(sandboxID)", "CNI_NETNS=\(namespace ?? "")", "CNI_IFNAME=\(Self.interface)",
            "CNI_ARGS=\(arguments.joined(separator: ";"))", "CNI_PATH=\(folders.joined(separator: ":"))", "PATH=\(path)",
        ]
    }
}
