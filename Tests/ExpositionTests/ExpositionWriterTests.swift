import Exposition
import Testing

@Suite struct ExpositionWriterTests {
    private func text(_ build: (inout ExpositionWriter) -> Void) -> String {
        var writer = ExpositionWriter()
        build(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func familyAndSamples() {
        let text = text {
            $0.family("pod_cpu_usage_seconds_total", help: "CPU time of a pod", kind: .counter)
            $0.sample("pod_cpu_usage_seconds_total", [MetricLabel("namespace", "a"), MetricLabel("pod", "b")], value: 1.5, milliseconds: 1_700_000)
            $0.sample("scrape_error", value: 0)
        }
        #expect(
            text == """
                # HELP pod_cpu_usage_seconds_total CPU time of a pod
                # TYPE pod_cpu_usage_seconds_total counter
                pod_cpu_usage_seconds_total{namespace="a",pod="b"} 1.5 1700000
                scrape_error 0

                """)
    }

    @Test func hostileTextStaysWithinItsQuotes() {
        let text = text {
            $0.family("a", help: "one \"two\" \\ \n# TYPE b counter", kind: .gauge)
            $0.sample("a", [MetricLabel("x", "\"} 1\nb{y=\"\\")], value: 2)
        }
        #expect(text == "# HELP a one \"two\" \\\\ \\n# TYPE b counter\n# TYPE a gauge\na{x=\"\\\"} 1\\nb{y=\\\"\\\\\"} 2\n")
    }

    @Test(arguments: [
        (0, "0"), (-0.0, "0"), (3, "3"), (-17, "-17"), (0.25, "0.25"), (1e-9, "1e-09"), (9_007_199_254_740_991, "9007199254740991"),
        (1e300, "1e+300"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
    ])
    func numbers(_ value: Double, _ wanted: String) {
        #expect(ExpositionWriter.text(value) == wanted)
    }
}
