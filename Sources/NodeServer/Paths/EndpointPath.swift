package import PodCore

/// The meaning of a path of the node's endpoint. Authorisation and routing both start from this value, so that no spelling
/// of a path can be authorised as one thing and served as another.
package enum EndpointPath: Sendable, Hashable {
    case health(check: String?)
    case pods
    case statistics(StatisticsPath)
    case containerLogs(pod: PodAddress)
    case stream(StreamKind, pod: PodAddress)
    /// Connections to ports of a pod.
    case portForward(pod: PodAddress)
    /// A command of the query, whose output is the answer.
    case run(pod: PodAddress)
    /// The state of a container's processes, to be written to a file.
    case checkpoint(pod: PodAddress)
    /// The agent's own metrics.
    case metrics(MetricsPage)
    /// The effective configuration.
    case configuration
    /// The pods as the runtime has them.
    case runningPods
    /// The node's own logs, by the path below their folder.
    case systemLogs([String])
    /// A page about the node, for a browser.
    case nodePage(NodePagePath)
    /// Known to Kubernetes and able to run or reach something in a container, but not served: what has no container or pod.
    case otherStream(String)
    /// Not served.
    case other

    /// Both are the same streams: of a new program, or of the container's own.
    package enum StreamKind: String, Sendable, Hashable {
        case exec, attach
    }

    /// Namespace, pod name, the uid when the path has one, and the container; the container is empty where the whole pod is meant.
    package struct PodAddress: Sendable, Hashable {
        package let namespace: String
        package let pod: String
        package let uid: String?
        package let container: String

        package init(namespace: String, pod: String, uid: String? = nil, container: String = "") {
            self.namespace = namespace
            self.pod = pod
            self.uid = uid
            self.container = container
        }
    }

    package init(_ segments: [String]) {
        let rest = segments.dropFirst()
        switch segments.first {
        case "healthz" where rest.count < 2: self = .health(check: rest.first)
        case "pods" where rest.isEmpty: self = .pods
        case "containerLogs": self = Self.address(rest, allowsUID: false).map(EndpointPath.containerLogs) ?? .other
        case "exec": self = Self.stream(.exec, rest)
        case "attach": self = Self.stream(.attach, rest)
        case "portForward": self = Self.pod(rest).map { .portForward(pod: $0) } ?? .otherStream(segments[0])
        case "run": self = Self.address(rest, allowsUID: true).map(EndpointPath.run) ?? .otherStream(segments[0])
        case "checkpoint": self = Self.address(rest, allowsUID: false).map(EndpointPath.checkpoint) ?? .other
        case "metrics" where rest.count < 2 && StatisticsPath(segments) == nil:
            self = MetricsPage(rawValue: rest.first ?? "").map(EndpointPath.metrics) ?? .other
        case "configz" where rest.isEmpty: self = .configuration
        case "logs": self = .systemLogs(Array(rest))
        case "runningpods" where rest.isEmpty: self = .runningPods
        case "ui": self = NodePagePath(segments).map(EndpointPath.nodePage) ?? .other
        default: self = StatisticsPath(segments).map { .statistics($0) } ?? .other
        }
    }

    private static func stream(_ kind: StreamKind, _ rest: ArraySlice<String>) -> EndpointPath {
        address(rest, allowsUID: true).map { .stream(kind, pod: $0) } ?? .otherStream(kind.rawValue)
    }

    private static func pod(_ parts: ArraySlice<String>) -> PodAddress? {
        let parts = Array(parts)
        guard (2...3).contains(parts.count), parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        return PodAddress(namespace: parts[0], pod: parts[1], uid: parts.count == 3 ? parts[2] : nil)
    }

    private static func address(_ parts: ArraySlice<String>, allowsUID: Bool) -> PodAddress? {
        let parts = Array(parts)
        guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        switch parts.count {
        case 3: return PodAddress(namespace: parts[0], pod: parts[1], container: parts[2])
        case 4 where allowsUID: return PodAddress(namespace: parts[0], pod: parts[1], uid: parts[2], container: parts[3])
        default: return nil
        }
    }
}
