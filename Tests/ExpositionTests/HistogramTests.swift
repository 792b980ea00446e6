import Exposition
import Testing

@Suite struct HistogramTests {
    @Test("a value on a bound belongs to the bucket below it, one beyond all bounds to the last")
    func bounds() {
        var histogram = Histogram(bounds: [0.5, 1, 2.5])
        for value in [0, 0.5, 0.500001, 1, 2.5, 2.6, .infinity] { histogram.observe(value) }
        #expect(histogram.counts == [2, 2, 1, 2])
        #expect(histogram.count == 7 && histogram.sum == .infinity)
    }

    @Test("buckets are written with the smaller ones, le last, then sum and count")
    func text() {
        var histogram = Histogram(bounds: [0.005, 10])
        for value in [0.001, 0.25, 0.5, 100] { histogram.observe(value) }
        var writer = ExpositionWriter()
        writer.histogram("a_seconds", [MetricLabel("x", "\"y\"")], histogram)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self) == """
                a_seconds_bucket{x="\\"y\\"",le="0.005"} 1
                a_seconds_bucket{x="\\"y\\"",le="10"} 3
                a_seconds_bucket{x="\\"y\\"",le="+Inf"} 4
                a_seconds_sum{x="\\"y\\""} 100.751
                a_seconds_count{x="\\"y\\""} 4

                """)
    }
}
