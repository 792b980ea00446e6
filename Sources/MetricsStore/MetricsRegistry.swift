package import CoreMetrics
package import Exposition

/// The metrics of a catalogue: takes what the program records by swift-metrics, and writes it as Prometheus' text.
///
/// Series are bounded by their families, so that no caller can fill the memory. A name that the catalogue lacks is recorded nowhere.
package final class MetricsRegistry: MetricsFactory {
    private let tables: [String: SeriesTable]

    package init(_ catalogue: [MetricFamily]) {
        tables = Dictionary(catalogue.map { ($0.name, SeriesTable($0)) }) { first, _ in first }
    }

    /// Writes each family that has series, by name.
    package func write(into writer: inout ExpositionWriter) {
        for table in tables.values.sorted(by: { $0.family.name < $1.family.name }) { table.write(into: &writer) }
    }

    private func cell(_ name: String, _ dimensions: [(String, String)], _ kinds: MetricKind...) -> SeriesCell? {
        guard let table = tables[name], kinds.contains(table.family.kind) else { return nil }
        return table.cell(dimensions)
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        cell(label, dimensions, .counter) ?? NOOPMetricsHandler.instance
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        cell(label, dimensions, .gauge) ?? NOOPMetricsHandler.instance
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        cell(label, dimensions, aggregate ? .histogram : .gauge) ?? NOOPMetricsHandler.instance
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        cell(label, dimensions, .histogram) ?? NOOPMetricsHandler.instance
    }

    // A series outlives the handlers that record it: its value is shown until the program ends.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}
}
