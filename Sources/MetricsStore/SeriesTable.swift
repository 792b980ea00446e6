import Exposition
import Synchronization

/// The series of one family: as many as its limit allows, and one more for the rest.
final class SeriesTable: Sendable {
    /// The longest value of a label, in bytes.
    static let longestValue = 128
    /// Each label's value in the series of the rest.
    static let rest = "other"

    let family: MetricFamily
    /// By the values of the family's labels.
    private let cells: Mutex<[[String]: SeriesCell]>

    init(_ family: MetricFamily) {
        self.family = family
        // A family without labels is there from the start, with 0.
        cells = Mutex(family.labels.isEmpty ? [[]: SeriesCell(family)] : [:])
    }

    /// - Parameter dimensions: in any order; a label that is missing is empty, one that the family lacks is dropped.
    func cell(_ dimensions: [(String, String)]) -> SeriesCell {
        let values = family.labels.map { label in Self.clipped(dimensions.first { $0.0 == label }?.1 ?? "") }
        return cells.withLock { cells in
            if let known = cells[values] { return known }
            let key = cells.count < family.seriesLimit ? values : values.map { _ in Self.rest }
            if let known = cells[key] { return known }
            let cell = SeriesCell(family)
            cells[key] = cell
            return cell
        }
    }

    private static func clipped(_ value: String) -> String {
        guard value.utf8.count > longestValue else { return value }
        var clipped = ""
        for character in value {
            guard clipped.utf8.count + character.utf8.count <= longestValue else { break }
            clipped.append(character)
        }
        return clipped
    }

    /// Writes the family, unless it has no series.
    func write(into writer: inout ExpositionWriter) {
        let series = cells.withLock { $0.map { ($0.key, $0.value.value) } }.sorted { $0.0.lexicographicallyPrecedes($1.0) }
        guard !series.isEmpty else { return }
        writer.family(family)
        for (values, value) in series {
            let labels = family.labelled(values)
            switch value {
            case .counter(let count): writer.sample(family.name, labels, value: Double(count))
            case .gauge(let number): writer.sample(family.name, labels, value: number)
            case .histogram(let histogram): writer.histogram(family.name, labels, histogram)
            }
        }
    }
}
