import Exposition
import HTTPTypes
import KubeModel
import NIOCore
import PodCore

/// Answers requests for the node's measured figures.
struct StatisticsAnswer: Sendable {
    let source: any NodeStatisticsSource
    let nodeName: String

    func answer(_ path: StatisticsPath, target: RequestTarget) async throws -> HTTPAnswer {
        switch path {
        case .resource:
            // Without a measurement the text still says so: a scraper then knows that the node answers.
            guard let measurement = try? await source.measurement(.computing) else { return text(ResourceMetrics.failure) }
            return text(ResourceMetrics.text(measurement))
        case .containers: return text(ContainerMetrics.text(try await measure(.fileSystems)))
        case .summary:
            let isBrief = target.flag("only_cpu_and_memory")
            let summary = StatsSummary(nodeName: nodeName, try await measure(isBrief ? .computing : .everything), isBrief: isBrief).json
            return HTTPAnswer(status: .ok, contentType: "application/json", body: .bytes(ByteBuffer(bytes: JSONWriter.bytes(summary))))
        }
    }

    private func measure(_ extent: MeasurementExtent) async throws(Refusal) -> NodeMeasurement {
        do {
            return try await source.measurement(extent)
        } catch {
            throw Refusal(.internalServerError, "the node cannot be measured: \(error.message)\n")
        }
    }

    private func text(_ writer: ExpositionWriter) -> HTTPAnswer {
        HTTPAnswer(status: .ok, contentType: ExpositionWriter.contentType, body: .bytes(ByteBuffer(bytes: writer.bytes)))
    }
}

extension Timestamp {
    /// Milliseconds since 1970, as samples carry them.
    var milliseconds: Int64 { seconds &* 1000 &+ Int64(nanoseconds) / 1_000_000 }

    /// Seconds since 1970.
    var secondsSinceEpoch: Double { Double(seconds) + Double(nanoseconds) / 1e9 }
}
