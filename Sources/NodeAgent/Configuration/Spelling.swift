/// Finds the name that a misspelt word probably stands for.
enum Spelling {
    /// Returns the candidate nearest to `word` if it is near enough.
    static func suggestion(for word: String, among candidates: some Sequence<String>) -> String? {
        let best =
            candidates
            .map { (name: $0, distance: distance(Array(word.lowercased()), Array($0.lowercased()))) }
            .min { ($0.distance, $0.name) < ($1.distance, $1.name) }
        guard let best, best.distance <= max(2, word.count / 3) else { return nil }
        return best.name
    }

    /// Counts the letters that have to be added, removed or changed.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var row = Array(0...right.count)
        for (i, l) in left.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, r) in right.enumerated() {
                let above = row[j + 1]
                row[j + 1] = min(above + 1, row[j] + 1, diagonal + (l == r ? 0 : 1))
                diagonal = above
            }
        }
        return row[right.count]
    }
}
