package import Logging

/// Writes each line with its metadata into a journal.
package struct LineLog: LogHandler {
    private let lines: Journal<String>
    package var metadata: Logger.Metadata = [:]
    package var logLevel = Logger.Level.info

    package init(lines: Journal<String>) { self.lines = lines }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) { lines.note("\(event.message) \(event.metadata ?? [:])") }
}
