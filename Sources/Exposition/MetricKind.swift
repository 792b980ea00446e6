/// The types of Prometheus' text format.
public enum MetricKind: String, Sendable {
    case counter, gauge, histogram, summary, untyped
}
