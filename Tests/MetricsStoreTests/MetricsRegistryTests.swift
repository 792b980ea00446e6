import CoreMetrics
import Exposition
import MetricsStore
import Testing

@Suite struct MetricsRegistryTests {
    private let calls = MetricFamily.counter("calls_total", "Calls.", labels: ["verb", "code"], limit: 3)
    private let plain = MetricFamily.counter("plain_total", "Plain.")
    private let level = MetricFamily.gauge("level", "Level.", labels: ["of"])
    private let lasting = MetricFamily.histogram("lasting_seconds", "Lasting.", bounds: [0.1, 1])

    private func text(_ registry: MetricsRegistry) -> String {
        var writer = ExpositionWriter()
        registry.write(into: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("a family without labels is shown from the start, one with labels from its first series")
    func fromTheStart() {
        let registry = MetricsRegistry([plain, lasting, calls])
        #expect(
            text(registry) == """
                # HELP lasting_seconds Lasting.
                # TYPE lasting_seconds histogram
                lasting_seconds_bucket{le="0.1"} 0
                lasting_seconds_bucket{le="1"} 0
                lasting_seconds_bucket{le="+Inf"} 0
                lasting_seconds_sum 0
                lasting_seconds_count 0
                # HELP plain_total Plain.
                # TYPE plain_total counter
                plain_total 0

                """)
    }

    @Test("labels are written by name, whatever the order of the dimensions; series by their values")
    func labels() {
        let registry = MetricsRegistry([calls])
        Counter(label: "calls_total", dimensions: [("verb", "GET"), ("code", "200")], factory: registry).increment(by: 2)
        Counter(label: "calls_total", dimensions: [("code", "200"), ("verb", "GET"), ("extra", "x")], factory: registry).increment()
        registry.count(calls, "1", "PUT")
        #expect(text(registry).hasSuffix("calls_total{code=\"1\",verb=\"PUT\"} 1\ncalls_total{code=\"200\",verb=\"GET\"} 3\n"))
    }

    @Test("a label's value may hold anything and is cut when it is long")
    func hostileValues() {
        let registry = MetricsRegistry([level])
        Gauge(label: "level", dimensions: [("of", "a\"b\\c\nd")], factory: registry).record(2.5)
        Gauge(label: "level", dimensions: [("of", String(repeating: "é", count: 100_000))], factory: registry).record(1)
        let lines = text(registry).split(separator: "\n")
        #expect(lines.contains("level{of=\"a\\\"b\\\\c\\nd\"} 2.5"))
        #expect(lines.contains("level{of=\"\(String(repeating: "é", count: 64))\"} 1"))
    }

    @Test("series beyond the limit share one, and nothing is lost")
    func limit() {
        let registry = MetricsRegistry([calls])
        for number in 0..<100_000 { registry.count(calls, "\(number)", "GET") }
        let lines = text(registry).split(separator: "\n").dropFirst(2)
        #expect(lines.count == 4)
        #expect(lines.contains("calls_total{code=\"other\",verb=\"other\"} 99997"))
    }

    @Test("counters never fall, gauges go both ways, timers are seconds")
    func handlers() {
        let registry = MetricsRegistry([plain, level, lasting])
        let counter = Counter(label: "plain_total", factory: registry)
        counter.increment(by: 5)
        counter.increment(by: -3)
        counter.reset()
        let meter = Meter(label: "level", dimensions: [("of", "x")], factory: registry)
        meter.increment(by: 3)
        meter.decrement(by: 1)
        CoreMetrics.Timer(label: "lasting_seconds", factory: registry).recordNanoseconds(500_000_000)
        registry.observe(lasting, duration: .milliseconds(1500))
        let found = text(registry)
        #expect(found.contains("plain_total 5\n") && found.contains("level{of=\"x\"} 2\n"))
        #expect(found.contains("lasting_seconds_bucket{le=\"1\"} 1\n") && found.contains("lasting_seconds_sum 2\n"))
    }

    @Test("a name that the catalogue lacks, or has as another kind, is recorded nowhere")
    func unknownNames() {
        let registry = MetricsRegistry([plain, lasting])
        let before = text(registry)
        Counter(label: "nothing", factory: registry).increment()
        Counter(label: "lasting_seconds", factory: registry).increment()
        Gauge(label: "plain_total", factory: registry).record(3)
        CoreMetrics.Timer(label: "plain_total", factory: registry).recordNanoseconds(1)
        #expect(text(registry) == before)
    }

    @Test("recording from many tasks loses nothing")
    func concurrency() async {
        let registry = MetricsRegistry([plain, lasting])
        await withDiscardingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1000 {
                        registry.count(plain)
                        registry.observe(lasting, seconds: 0.5)
                    }
                }
            }
        }
        #expect(text(registry).contains("plain_total 8000\n") && text(registry).contains("lasting_seconds_count 8000\n"))
    }
}
