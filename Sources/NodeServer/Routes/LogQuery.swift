import HTTPTypes
package import KubeModel
package import PodCore

/// The query of a log request (`core/v1 PodLogOptions`).
package struct LogQuery: Sendable, Hashable {
    package let options: LogOptions
    package let previous: Bool

    /// - Parameter now: what `sinceSeconds` counts back from.
    package init(_ target: RequestTarget, now: Timestamp) throws(Refusal) {
        var options = LogOptions()
        options.follow = target.flag("follow")
        options.timestamps = target.flag("timestamps")
        previous = target.flag("previous")
        // kubelet's older name of tailLines, with a word for no limit.
        let tail = target.value("tail").flatMap { $0.isEmpty ? nil : $0 }
        if let tail {
            options.tailLines = tail == "all" ? nil : try Self.number("tail", tail, atLeast: 0)
        } else {
            options.tailLines = try Self.number("tailLines", in: target, atLeast: 0)
        }
        options.limitBytes = try Self.number("limitBytes", in: target, atLeast: 1)
        let sinceSeconds = try Self.number("sinceSeconds", in: target, atLeast: 1)
        if let sinceSeconds { options.since = now.advanced(bySeconds: -Int64(clamping: sinceSeconds)) }
        if let text = target.value("sinceTime"), !text.isEmpty {
            guard sinceSeconds == nil else {
                throw Refusal(.unprocessableContent, "Invalid request: at most one of sinceTime or sinceSeconds may be specified\n")
            }
            guard let time = Timestamp(rfc3339: text) else {
                throw Refusal(.badRequest, "Unable to decode query: sinceTime is \"\(text)\", wanted an RFC 3339 time like 2026-01-02T03:04:05Z\n")
            }
            options.since = time
        }
        if let stream = target.value("stream"), !stream.isEmpty, stream != "All" {
            throw Refusal(.badRequest, "unable to return the given log stream: \"\(stream)\"; only All is served\n")
        }
        self.options = options
    }

    private static func number(_ name: String, in target: RequestTarget, atLeast least: Int) throws(Refusal) -> Int? {
        guard let text = target.value(name), !text.isEmpty else { return nil }
        return try number(name, text, atLeast: least)
    }

    private static func number(_ name: String, _ text: String, atLeast least: Int) throws(Refusal) -> Int {
        guard let number = Int(text) else {
            throw Refusal(.badRequest, "Unable to decode query: \(name) is \"\(text)\", wanted a whole number\n")
        }
        guard number >= least else {
            throw Refusal(.unprocessableContent, "Invalid request: \(name) is \(number), wanted at least \(least)\n")
        }
        // A time that far back is before every log; the subtraction must not overflow.
        return name == "sinceSeconds" ? min(number, 1 << 40) : number
    }
}
