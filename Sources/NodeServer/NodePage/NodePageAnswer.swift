import HTTPTypes
import KubeModel
import NIOCore
package import PodCore
package import Timing

/// Answers `/ui/`: a page about the node that only shows, and the document from which the page is filled.
package struct NodePageAnswer: Sendable {
    private let view: any NodeView
    private let statistics: (any NodeStatisticsSource)?
    private let services: (any NodeServices)?
    private let time: any TimeSource

    /// - Parameters:
    ///   - statistics: absent where the node is not measured.
    ///   - services: absent when this agent programs no Services.
    package init(view: any NodeView, statistics: (any NodeStatisticsSource)?, services: (any NodeServices)?, time: any TimeSource) {
        self.view = view
        self.statistics = statistics
        self.services = services
        self.time = time
    }

    func answer(_ path: NodePagePath, target: RequestTarget) async throws(Refusal) -> HTTPAnswer {
        var answer: HTTPAnswer
        switch path {
        case .page:
            answer = HTTPAnswer(status: .ok, contentType: "text/html; charset=utf-8", body: .bytes(ByteBuffer(string: NodePageDocument.text)))
        case .data: answer = .json(bytes: JSONWriter.bytes(try await report(NodePageQuery(target)).json))
        }
        answer.headers = NodePageDocument.headers
        return answer
    }

    private func report(_ query: NodePageQuery) async -> NodePageReport {
        var report = NodePageReport(now: time.wallTime(), query: query, summary: await view.summary(), pods: await view.pods())
        report.node = await view.node()
        report.services = await services?.services(matching: query.services, limit: NodePageReport.mostServices)
        do throws(RuntimeFailure) {
            report.measurement = try await statistics?.measurement(.fileSystems)
        } catch {
            report.measurementProblem = error.message
        }
        return report
    }
}
