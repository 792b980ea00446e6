import Exposition
import Testing

@Suite struct MetricLabelsTests {
    private func text(_ labels: MetricLabels) -> String {
        var writer = ExpositionWriter()
        writer.sample("a", labels, value: 2, milliseconds: 7)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test("labels that are made once read like those that are not") func alike() {
        let hostile = [MetricLabel("x", "\"} 1\nb{y=\"\\"), MetricLabel("y", "")]
        var writer = ExpositionWriter()
        writer.sample("a", hostile, value: 2, milliseconds: 7)
        #expect(text(MetricLabels(hostile)) == String(decoding: writer.bytes, as: UTF8.self))
    }

    @Test("labels can be added, to none as well") func adding() {
        let one = MetricLabels([MetricLabel("x", "1")])
        #expect(text(one.adding(MetricLabel("y", "2"))) == "a{x=\"1\",y=\"2\"} 2 7\n")
        #expect(text(MetricLabels([]).adding(MetricLabel("y", "2"))) == "a{y=\"2\"} 2 7\n")
        #expect(text(one.adding()) == "a{x=\"1\"} 2 7\n" && text(MetricLabels([])) == "a 2 7\n")
    }
}
