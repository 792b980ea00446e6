/// The differences between a story's expectation and its course, as lines with the wanted and the found text side by side.
struct StoryComparison {
    private(set) var lines: [String] = []

    init(_ story: GoldenStory, _ run: StoryRun) throws {
        let statuses = try run.statuses()
        let changes = statuses.indices.map { statuses[$0].change(from: $0 == 0 ? nil : statuses[$0 - 1]) }
        for index in 0..<max(story.statuses.count, changes.count) {
            let wanted = index < story.statuses.count ? story.statuses[index] : nil
            let found = index < changes.count ? changes[index] : nil
            compare(wanted, found, "status \(index + 1)")
        }
        compare(story.events, run.events, "event")
        if let work = story.work { compare(work, run.work, "work") }
        compare("\(story.isDeletable)", "\(run.isDeletable)", "deletable")
    }

    private mutating func compare(_ wanted: [String: String?]?, _ found: [String: String?]?, _ subject: String) {
        if wanted == nil { lines.append("\(subject): not wanted") }
        if found == nil { lines.append("\(subject): not found") }
        for path in Set((wanted ?? [:]).keys).union((found ?? [:]).keys).sorted() {
            compare(Self.text(wanted, path), Self.text(found, path), "\(subject) \(path)")
        }
    }

    /// The text of a field in a change: `=` where it stays, `~` where it disappears.
    private static func text(_ change: [String: String?]?, _ path: String) -> String {
        guard let value = change?[path] else { return "=" }
        return value ?? "~"
    }

    private mutating func compare(_ wanted: [String], _ found: [String], _ subject: String) {
        for index in 0..<max(wanted.count, found.count) {
            compare(index < wanted.count ? wanted[index] : "-", index < found.count ? found[index] : "-", "\(subject) \(index + 1)")
        }
    }

    private mutating func compare(_ wanted: String, _ found: String, _ subject: String) {
        if wanted != found { lines.append("\(subject)\n    wanted \(wanted)\n    found  \(found)") }
    }
}
