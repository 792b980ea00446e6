import HTTPTypes
import NIOCore
package import PodCore

/// `/logs/`: the files below the node's log folder, and with a query the entries of services.
package struct SystemLogs: Sendable {
    private let source: any NodeLogSource
    private let answersQueries: Bool

    /// - Parameter answersQueries: `enableSystemLogQuery`; otherwise a query is ignored.
    package init(source: any NodeLogSource, answersQueries: Bool) {
        self.source = source
        self.answersQueries = answersQueries
    }

    /// - Parameter path: behind `/logs/`.
    func answer(_ path: [String], target: RequestTarget) async throws(Refusal) -> HTTPAnswer {
        let name = path.joined(separator: "/")
        guard answersQueries, let query = try SystemLogQuery.read(target) else {
            return try await file(name, redirect: target.endsWithSlash ? nil : target)
        }
        guard name.isEmpty else { throw Refusal(.notAcceptable, "path not allowed in query mode\n") }
        try query.check()
        guard let file = query.files.first else { return try await services(query) }
        do throws(RuntimeFailure) {
            return Self.answer(try await source.open(Self.relative(file)))
        } catch {
            throw query.refusal(error.code == .notFound ? "statat \(Self.relative(file)): no such file or directory" : error.message)
        }
    }

    // MARK: - Files

    /// - Parameter redirect: the request's target, when a folder is to be asked for with a slash at its end, to which its links are relative.
    private func file(_ name: String, redirect: RequestTarget?) async throws(Refusal) -> HTTPAnswer {
        let entry: NodeLogEntry
        do throws(RuntimeFailure) {
            entry = try await source.open(name)
        } catch {
            switch error.code {
            case .notFound: throw Refusal(.notFound, "404 page not found\n")
            case .notSupported: throw Refusal(.forbidden, error.message + "\n")
            default: throw Refusal(.internalServerError, error.message + "\n")
            }
        }
        guard case .folder = entry, let redirect else { return Self.answer(entry) }
        var answer = HTTPAnswer.text(.movedPermanently, "")
        // Relative: behind the API server's proxy the path begins elsewhere.
        answer.headers[.location] = RequestTarget(segments: redirect.segments.suffix(1) + [""], query: redirect.query).uri.dropFirst().description
        return answer
    }

    private static func answer(_ entry: NodeLogEntry) -> HTTPAnswer {
        switch entry {
        case .folder(let names, let omitted): LogListing.answer(names, omitted: omitted)
        case .file(let session, let beginning):
            // Never as a page: logs hold what others wrote.
            HTTPAnswer(status: .ok, contentType: contentType(beginning), body: .log(session, follows: false))
        }
    }

    static func contentType(_ beginning: [UInt8]) -> String {
        if beginning.starts(with: [0x1F, 0x8B, 0x08]) { return "application/x-gzip" }
        let isText = beginning.allSatisfy { byte in
            switch byte {
            case 0x00...0x08, 0x0B, 0x0E...0x1A, 0x1C...0x1F: false
            default: true
            }
        }
        return isText ? "text/plain; charset=utf-8" : "application/octet-stream"
    }

    private static func relative(_ file: String) -> String { String(file.drop { $0 == "/" }) }

    // MARK: - Services

    /// Services that have a unit in the journal, and the files of the others. Both are looked for while the answer is written,
    /// so that all of it ends with its client.
    private func services(_ query: SystemLogQuery) async throws(Refusal) -> HTTPAnswer {
        let journal: (any JournalQuery)?
        do throws(JournalFailure) {
            journal = try await source.openJournal()
        } catch {
            switch error {
            case .missing: journal = nil
            case .busy(let message): throw Refusal(.serviceUnavailable, message + "\n")
            case .failed(let message): throw Refusal(.internalServerError, message + "\n")
            }
        }
        let log = LogSequence(
            [.log { [source] in await Self.parts(query, journal, source) }], onClose: { await journal?.close() })
        return HTTPAnswer(status: .ok, contentType: "text/plain;charset=UTF-8", body: .log(log, follows: true))
    }

    private static func parts(_ query: SystemLogQuery, _ journal: (any JournalQuery)?, _ source: any NodeLogSource) async -> LogSequence.Opened {
        var known: Set<String> = []
        do throws(RuntimeFailure) {
            if let journal { known = try await journal.units(among: Set(query.services.flatMap(units(of:)))) }
        } catch {
            await journal?.close()
            return .text(missing(error))
        }
        var units: [String] = []
        var others: [String] = []
        for service in query.services {
            let found = Self.units(of: service).filter(known.contains)
            units += found.filter { !units.contains($0) }
            if found.isEmpty { others.append(service) }
        }
        var parts: [LogSequence.Part] = []
        if let journal, !units.isEmpty {
            let selection = query.selection(units: units)
            parts.append(
                .log {
                    do throws(RuntimeFailure) {
                        return .log(try await journal.entries(selection))
                    } catch {
                        await journal.close()
                        return .text(missing(error))
                    }
                })
        } else {
            await journal?.close()
        }
        if !others.isEmpty, query.hasOptions {
            parts.append(
                .text(
                    "\noptions present and query resolved to log files for [\(others.joined(separator: " "))]\ntry without specifying options\n"))
        } else {
            parts += others.map { service in .log { await file(of: service, source) } }
        }
        return .parts(parts)
    }

    private static func missing(_ error: RuntimeFailure) -> String { "\nerror: journal output not available: \(error.message)\n" }

    /// This agent stands in for the kubelet, and operators ask for it by that name.
    private static func units(of service: String) -> [String] {
        service == "kubelet" ? ["kubelet.service", "swiftlet.service"] : [service + ".service"]
    }

    /// The first of the places where services without the journal write.
    private static func file(of service: String, _ source: any NodeLogSource) async -> LogSequence.Opened {
        for name in [service, "\(service).log", "\(service)/\(service).log"] {
            do throws(RuntimeFailure) {
                if case .file(let session, _) = try await source.open(name) { return .log(session) }
            } catch {
                if error.code != .notFound { return .text("\nerror getting log for \(service): \(error.message)\n") }
            }
        }
        return .text("\nlog not found for \(service)\n")
    }
}
