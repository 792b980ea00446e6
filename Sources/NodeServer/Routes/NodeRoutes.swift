import HTTPTypes
import KubeModel
package import PodCore
package import Timing

/// The answers of the node's endpoint to requests that were admitted.
package struct NodeRoutes: Sendable {
    private let view: any NodeView
    private let runtime: any ContainerRuntime
    private let pages: (any NodePages)?
    private let lookup: ContainerLookup
    private let time: any TimeSource
    private let statistics: StatisticsAnswer?
    private let systemLogs: SystemLogs?
    private let nodePage: NodePageAnswer?

    /// - Parameters:
    ///   - pages: `nil` where the agent shows none: their paths are not found.
    ///   - statistics: the node's measured figures; likewise.
    ///   - systemLogs: the node's own logs; `nil` where they are not offered.
    ///   - nodePage: the page about the node; likewise.
    package init(
        view: any NodeView, runtime: any ContainerRuntime, pages: (any NodePages)? = nil, time: any TimeSource,
        statistics: (any NodeStatisticsSource)? = nil, systemLogs: SystemLogs? = nil, nodePage: NodePageAnswer? = nil, nodeName: String = ""
    ) {
        self.view = view
        self.runtime = runtime
        self.pages = pages
        self.lookup = ContainerLookup(view: view)
        self.time = time
        self.statistics = statistics.map { StatisticsAnswer(source: $0, nodeName: nodeName) }
        self.systemLogs = systemLogs
        self.nodePage = nodePage
    }

    package func answer(method: String, target: RequestTarget) async throws -> HTTPAnswer {
        let path = EndpointPath(target.segments)
        switch path {
        case .health:
            guard method == "GET" || method == "HEAD" else { return .methodNotAllowed("GET, HEAD") }
        case .pods, .statistics, .containerLogs, .metrics, .configuration, .runningPods, .systemLogs, .nodePage:
            guard method == "GET" else { return .methodNotAllowed("GET") }
        case .run, .checkpoint:
            guard method == "POST" else { return .methodNotAllowed("POST") }
        case .stream, .portForward, .otherStream, .other: break
        }
        switch path {
        case .health(nil): return HealthAnswer.all(await view.health(), target: target)
        case .health(let check?): return HealthAnswer.one(check, of: await view.health())
        case .pods: return try Self.list(await view.pods())
        case .statistics(let path): return try await statistics?.answer(path, target: target) ?? .notFound
        case .runningPods, .metrics, .configuration: return try await page(path)
        case .systemLogs(let path):
            guard let systemLogs else { return .text(.methodNotAllowed, "logs endpoint is disabled.\n") }
            return try await systemLogs.answer(path, target: target)
        case .nodePage(let path):
            guard let nodePage else { return .notFound }
            return try await nodePage.answer(path, target: target)
        case .run(let address): return try await RunCommand(lookup: lookup, runtime: runtime, time: time).answer(address, target: target)
        case .checkpoint(let address): throw await lookup.checkpointRefusal(address, timeout: target.values("timeout").last)
        case .containerLogs(let address): return try await log(address, target: target)
        case .stream(let kind, _):
            return .text(.badRequest, "Upgrade request required: \(kind) is spoken over SPDY/3.1 and WebSocket (\(StreamProtocol.names))\n")
        case .portForward: return .text(.badRequest, "Upgrade request required: a port is forwarded over SPDY/3.1 and WebSocket\n")
        case .otherStream(let name) where EndpointPath.StreamKind(rawValue: name) != nil:
            return .text(.notFound, "no such path: wanted /\(name)/<namespace>/<pod>[/<uid>]/<container>\n")
        case .otherStream("portForward"): return .text(.notFound, "no such path: wanted /portForward/<namespace>/<pod>[/<uid>]\n")
        case .otherStream("run"): return .text(.notFound, "no such path: wanted /run/<namespace>/<pod>[/<uid>]/<container>?cmd=<command>\n")
        case .otherStream(let name): return .text(.notFound, "\(name) is not offered by this node yet\n")
        case .other: return .notFound
        }
    }

    private func page(_ path: EndpointPath) async throws -> HTTPAnswer {
        guard let pages else { return .notFound }
        switch path {
        case .runningPods: return try Self.list(await pages.runningPods())
        case .metrics(let page): return .metrics(await pages.metrics(page))
        case .configuration: return .json(bytes: await pages.configuration())
        default: return .notFound
        }
    }

    package func pods() async throws -> HTTPAnswer { try Self.list(await view.pods()) }

    private static func list(_ pods: [Pod]) throws -> HTTPAnswer {
        // Elements of a list carry no kind of their own.
        let items = pods.map { pod in
            var pod = pod
            pod.apiVersion = nil
            pod.kind = nil
            return pod
        }
        return try .json(ObjectList(kind: "PodList", apiVersion: "v1", items: items))
    }

    package func log(_ address: EndpointPath.PodAddress, target: RequestTarget) async throws -> HTTPAnswer {
        let query = try LogQuery(target, now: time.wallTime())
        let location = try await lookup.forLog(address, previous: query.previous)
        var options = query.options
        // A container that has ended writes no more.
        if query.previous { options.follow = false }
        let session: any LogSession
        do {
            session = try await runtime.log(
                LogRequest(path: location.logPath, options: options, containerID: location.containerID, sandboxID: location.sandboxID))
        } catch {
            let failure: RuntimeFailure = error
            throw Refusal(failure.code == .internal ? .internalServerError : .badRequest, failure.message + "\n")
        }
        return HTTPAnswer(status: .ok, contentType: "text/plain; charset=utf-8", body: .log(session, follows: options.follow))
    }
}
