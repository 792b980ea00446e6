import ArgumentParser
import KubeModel
import NodeServer

/// `swiftlet logs`: prints the output of a container.
struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Print a container's log.")

    @OptionGroup var agent: AgentSocket

    @Argument(help: "The pod's name.")
    var pod: String

    @Option(name: [.short, .long], help: "The pod's namespace. Needed when several namespaces have a pod of that name.")
    var namespace: String?

    @Option(name: [.short, .long], help: "The container. Default: the pod's first.")
    var container: String?

    @Flag(name: [.short, .long], help: "Go on until the container ends.")
    var follow = false

    @Flag(name: [.short, .long], help: "The container before its last restart.")
    var previous = false

    @Flag(help: "Begin every line with the time at which it was written.")
    var timestamps = false

    @Option(help: "Only so many of the last lines.")
    var tail: Int?

    @Option(help: "Only what was written so long ago at most, for example 90s, 5m or 1h30m.")
    var since: String?

    func validate() throws {
        if let tail, tail < 0 { throw ValidationError("--tail: found \(tail), wanted 0 or more") }
        if let since, TimeText.seconds(since) == nil { throw ValidationError("--since: found '\(since)', wanted a time like 90s, 5m or 1h30m") }
    }

    func run() async throws {
        let client = try AdminClient(agent)
        let pods: ObjectList<Pod> = try await client.get(.pods)
        let address = try PodChoice.address(pod, namespace: namespace, container: container, among: pods.items)
        var query: [RequestTarget.QueryItem] = []
        for (name, isOn) in [("follow", follow), ("previous", previous), ("timestamps", timestamps)] where isOn {
            query.append(RequestTarget.QueryItem(name: name, value: "true"))
        }
        if let tail { query.append(RequestTarget.QueryItem(name: "tailLines", value: "\(tail)")) }
        if let seconds = since.flatMap(TimeText.seconds) { query.append(RequestTarget.QueryItem(name: "sinceSeconds", value: "\(seconds)")) }
        try await client.stream(.logs(address), query, to: .output)
    }
}
