import HTTPTypes
import KubeModel
package import PodCore

/// A query of the node's logs: services or a file, and which of their entries, with kubelet's limits and texts.
package struct SystemLogQuery: Sendable, Hashable {
    private static let mostServices = 4
    private static let longestService = 256
    private static let mostLines = 100_000
    /// In bytes. Everything here is read on a thread of many requests.
    private static let longestPattern = 4096

    /// A time as it was given.
    private struct Moment: Sendable, Hashable {
        let time: Timestamp
        let text: String
    }

    package private(set) var services: [String] = []
    package private(set) var files: [String] = []
    private var since: Moment?
    private var until: Moment?
    private var tailLines: Int?
    private var boot: Int?
    private var pattern = ""

    private init() {}

    /// Returns `nil` when the target asks for nothing of all this. Throws what cannot be read.
    package static func read(_ target: RequestTarget) throws(Refusal) -> SystemLogQuery? {
        var query = SystemLogQuery()
        var problems: [String] = []
        for text in target.values("query") {
            if text.contains("/") || text.contains("\\") {
                query.files.append(text)
            } else if !text.allSatisfy(\.isWhitespace) {
                query.services.append(text)
            }
        }
        let given = target.values("query")
        if !given.isEmpty, query.files.isEmpty, query.services.isEmpty {
            problems.append(invalid("query", list(given), "query cannot be empty"))
        }
        query.since = time("sinceTime", target, &problems)
        query.until = time("untilTime", target, &problems)
        query.boot = number("boot", target, &problems)
        query.tailLines = number("tailLines", target, &problems)
        query.pattern = target.value("pattern") ?? ""
        guard problems.isEmpty else { throw Refusal(.badRequest, joined(problems)) }
        return query == SystemLogQuery() ? nil : query
    }

    /// Throws what is not allowed.
    package func check() throws(Refusal) {
        var problems = services.prefix(Self.mostServices + 1).compactMap(Self.problem(inService:))
        if services.count > Self.mostServices {
            problems.append("query: Too many: \(services.count): must have at most \(Self.mostServices) items")
        }
        if files.isEmpty, services.isEmpty {
            problems.append("query: Required value: cannot be empty with options")
        } else if !files.isEmpty, !services.isEmpty {
            let all = "[\(files.joined(separator: " "))], [\(services.joined(separator: " "))]"
            problems.append(Self.invalid("query", GoText.quoted(all), "cannot specify a file and service"))
        } else if files.count > 1 {
            problems.append(Self.invalid("query", Self.list(files), "cannot specify more than one file"))
        } else if files.count == 1, hasOptions {
            problems.append(Self.invalid("query", Self.list(files), "cannot specify file with options"))
        }
        if let since, let until, since.time > until.time {
            problems.append(Self.invalid("untilTime", GoText.quoted(until.text), "must be after `sinceTime`"))
        }
        if let boot, boot > 0 { problems.append(Self.invalid("boot", "\(boot)", "must be less than 1")) }
        if let tailLines, !(0...Self.mostLines).contains(tailLines) {
            problems.append(Self.invalid("tailLines", "\(tailLines)", "must be between 0 and \(Self.mostLines), inclusive"))
        }
        if let problem = patternProblem { problems.append(problem) }
        guard problems.isEmpty else { throw Refusal(.notAcceptable, Self.joined(problems)) }
    }

    private var patternProblem: String? {
        guard pattern.utf8.count <= Self.longestPattern else {
            return Self.invalid("pattern", "\(pattern.utf8.count) bytes", "must have at most \(Self.longestPattern) bytes")
        }
        // It would end the argument of the program that reads the journal.
        let problem = pattern.utf8.contains(0) ? "found a NUL" : PatternSyntax.problem(in: pattern)
        return problem.map { Self.invalid("pattern", GoText.quoted(pattern), $0) }
    }

    /// Something besides services and files is asked for.
    package var hasOptions: Bool { since != nil || until != nil || tailLines != nil || boot != nil || !pattern.isEmpty }

    package func selection(units: [String]) -> JournalSelection {
        var selection = JournalSelection(units: units)
        selection.since = since?.time
        selection.until = until?.time
        selection.tailLines = tailLines
        selection.boot = boot
        selection.pattern = pattern
        return selection
    }

    /// The refusal of the one file of a query.
    package func refusal(_ problem: String) -> Refusal {
        Refusal(.notAcceptable, Self.invalid("query", Self.list(files), problem) + "\n")
    }

    // MARK: -

    /// Names of units become arguments of a program: only letters, digits and `-_.:@` are let through.
    private static func problem(inService name: String) -> String? {
        if name.utf8.count > longestService { return invalid("query", GoText.quoted(name), "length must be less than \(longestService)") }
        let isSafe = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "-_.:@".utf8.contains(byte)
            }
        }
        return isSafe ? nil : invalid("query", GoText.quoted(name), "input contains unsupported characters")
    }

    private static func time(_ name: String, _ target: RequestTarget, _ problems: inout [String]) -> Moment? {
        guard let text = target.value(name), !text.isEmpty else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            problems.append(invalid(name, GoText.quoted(text), "invalid time format"))
            return nil
        }
        return Moment(time: time, text: text)
    }

    private static func number(_ name: String, _ target: RequestTarget, _ problems: inout [String]) -> Int? {
        guard let text = target.value(name), !text.isEmpty else { return nil }
        if let number = Int(text) { return number }
        let digits = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        let isNumber = !digits.isEmpty && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        let quoted = GoText.quoted(text)
        problems.append(invalid(name, quoted, "strconv.Atoi: parsing \(quoted): \(isNumber ? "value out of range" : "invalid syntax")"))
        return nil
    }

    private static func invalid(_ field: String, _ value: String, _ problem: String) -> String {
        "\(field): Invalid value: \(value): \(problem)"
    }

    private static func list(_ texts: [String]) -> String {
        String(decoding: JSONWriter.bytes(.array(texts.map { .string($0) })), as: UTF8.self)
    }

    /// Several errors as one text; equal ones once.
    private static func joined(_ problems: [String]) -> String {
        var known: Set<String> = []
        let distinct = problems.filter { known.insert($0).inserted }
        return (distinct.count == 1 ? distinct[0] : "[\(distinct.joined(separator: ", "))]") + "\n"
    }
}
