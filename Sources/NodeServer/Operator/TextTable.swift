/// Rows with aligned columns, three spaces apart, as kubectl prints them.
struct TextTable {
    private let header: [String]
    private var rows: [[String]] = []

    init(_ header: String...) {
        self.header = header
    }

    mutating func add(_ row: String...) {
        rows.append(row)
    }

    mutating func add(_ row: [String]) {
        rows.append(row)
    }

    var text: String {
        let lines = (header.isEmpty ? [] : [header]) + rows
        let columns = lines.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in lines.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return lines.map { line in
            var text = ""
            for (column, cell) in line.enumerated() {
                text += cell
                if column < line.count - 1 { text += String(repeating: " ", count: widths[column] - cell.count + 3) }
            }
            return text + "\n"
        }.joined()
    }
}
