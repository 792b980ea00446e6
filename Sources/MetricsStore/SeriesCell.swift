import CoreMetrics
import Exposition
import Synchronization

/// The value of one series, behind each of the handlers by which it may be recorded.
final class SeriesCell: CounterHandler, RecorderHandler, MeterHandler, TimerHandler {
    enum Value: Sendable {
        case counter(Int64)
        case gauge(Double)
        case histogram(Histogram)
    }

    private let state: Mutex<Value>

    init(_ family: MetricFamily) {
        switch family.kind {
        case .counter: state = Mutex(.counter(0))
        case .histogram: state = Mutex(.histogram(Histogram(bounds: family.bounds)))
        case .gauge, .summary, .untyped: state = Mutex(.gauge(0))
        }
    }

    var value: Value { state.withLock { $0 } }

    func increment(by amount: Int64) {
        // A counter never falls.
        guard amount > 0 else { return }
        state.withLock { if case .counter(let count) = $0 { $0 = .counter(count.addingReportingOverflow(amount).partialValue) } }
    }

    /// A counter that falls looks to Prometheus like a restart: it stays.
    func reset() {}

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        state.withLock { state in
            switch state {
            case .counter: break
            case .gauge: state = .gauge(value)
            case .histogram(var histogram):
                // The only reference goes away, so that the counts are changed in place.
                state = .gauge(0)
                histogram.observe(value)
                state = .histogram(histogram)
            }
        }
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }

    func set(_ value: Int64) { set(Double(value)) }

    func set(_ value: Double) { state.withLock { if case .gauge = $0 { $0 = .gauge(value) } } }

    func increment(by amount: Double) { state.withLock { if case .gauge(let value) = $0 { $0 = .gauge(value + amount) } } }

    func decrement(by amount: Double) { increment(by: -amount) }
}
