import CLinux
import FoundationEssentials
import Glibc
import LinuxSystem
import Logging
import PodCore
import ShimClient

/// `swiftlet oci`: one command over one container, as container managers and test suites call every OCI runtime.
package enum OCICommand {
    /// Runs a command line to its end and returns the exit code. Results go to standard output, problems to standard error.
    /// - Parameters:
    ///   - version: of this program.
    ///   - signals: what arrives from now on, for passing it on to a container in the foreground.
    package static func run(_ arguments: [String], version: String, signals: () async -> AsyncStream<Int32>) async -> Int32 {
        let line: OCICommandLine
        do {
            line = try OCICommandLine(arguments, directory: FileManager.default.currentDirectoryPath)
        } catch {
            tell(STDERR_FILENO, "swiftlet oci: \(error)")
            return error is OCICommandLine.Usage ? 2 : 1
        }
        let logger = Logger(label: "oci") { _ in OCILog(path: line.log, format: line.logFormat) }
        do throws(RuntimeFailure) {
            return try await run(line, logger, version, signals)
        } catch {
            logger.error("\(error)")
            // A program's own codes are seldom that high, and callers know it from other runtimes.
            if case .exec = line.command { return 255 }
            return 1
        }
    }

    private static func run(
        _ line: OCICommandLine, _ logger: Logger, _ version: String, _ signals: () async -> AsyncStream<Int32>
    ) async throws(RuntimeFailure) -> Int32 {
        switch line.command {
        case .help:
            tell(STDOUT_FILENO, OCICommandLine.help)
            return 0
        case .version:
            tell(STDOUT_FILENO, "swiftlet version \(version)\nspec: \(OCIFeatures.specification)")
            return 0
        case .features:
            tell(STDOUT_FILENO, try OCIFeatures().json())
            return 0
        default: break
        }
        guard geteuid() == 0 else { throw RuntimeFailure(.create, "this needs root: it makes namespaces, cgroups and mounts") }
        let runtime = OCIRuntime(settings: line.settings, logger: logger)
        switch line.command {
        case .create(let request): try await runtime.create(request)
        case .start(let id): try await runtime.start(id)
        case .state(let id): tell(STDOUT_FILENO, try await runtime.state(id).json(pretty: true))
        case .kill(let id, let signal, let all): try await runtime.kill(id, signal: signal, all: all)
        case .delete(let id, let force): try await runtime.delete(id, force: force)
        case .run(let request, let detach):
            guard !detach else { return try await runtime.runDetached(request) }
            return try await runtime.run(request, signals: await signals())
        case .exec(let request): return try await runtime.exec(request, signals: signals)
        case .list(let format): tell(STDOUT_FILENO, try table(of: try await runtime.list(), format))
        case .ps(let id, let isJSON): tell(STDOUT_FILENO, try processes(try runtime.processes(id), isJSON))
        case .pause(let id): try await runtime.freeze(id, true)
        case .resume(let id): try await runtime.freeze(id, false)
        case .update(let id, let resources): try runtime.update(id, resources)
        case .spec(let directory): try OCITemplate.write(to: directory)
        case .help, .version, .features: break
        }
        return 0
    }

    private static func json(_ value: some Encodable) throws(RuntimeFailure) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        do {
            return String(decoding: try encoder.encode(value), as: UTF8.self)
        } catch {
            throw RuntimeFailure(.internal, "the result cannot be written as JSON: \(error)")
        }
    }

    private static func table(of list: [OCIRuntime.Listed], _ format: OCICommandLine.ListFormat) throws(RuntimeFailure) -> String {
        switch format {
        case .json:
            var lines: [String] = []
            for one in list { lines.append(try line(one)) }
            return "[" + lines.joined(separator: ",") + "]"
        case .ids: return list.map(\.id).joined(separator: "\n")
        case .table:
            let rows =
                [["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]]
                + list.map {
                    [$0.id, String($0.pid), $0.status.rawValue, $0.bundle, $0.created, $0.owner]
                }
            return columns(rows)
        }
    }

    /// With the fields in the order in which other runtimes have them: there are callers that look at the text.
    private static func line(_ one: OCIRuntime.Listed) throws(RuntimeFailure) -> String {
        let texts = [
            ("ociVersion", one.ociVersion), ("id", one.id), ("pid", nil), ("status", one.status.rawValue), ("bundle", one.bundle),
            ("rootfs", one.rootfs), ("created", one.created), ("owner", one.owner),
        ]
        var fields: [String] = []
        for (name, text) in texts {
            let value = if let text { try json(text) } else { String(one.pid) }
            fields.append("\"\(name)\":\(value)")
        }
        return "{" + fields.joined(separator: ",") + "}"
    }

    private static func processes(_ pids: [Int32], _ isJSON: Bool) throws(RuntimeFailure) -> String {
        if isJSON { return try json(pids) }
        let rows = pids.map { pid in
            let line = (try? SmallFile.bytes("/proc/\(pid)/cmdline")) ?? []
            return [String(pid), line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")]
        }
        return columns([["PID", "CMD"]] + rows)
    }

    private static func columns(_ rows: [[String]]) -> String {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).map { $0.padding(to: $1) }
            return String(cells.joined(separator: "   ").reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }

    static func tell(_ descriptor: Int32, _ text: String) {
        var rest = Array((text + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return
            }
            rest = rest.dropFirst(count)
        }
    }
}

extension OCIRuntime {
    func runDetached(_ request: CreateRequest) async throws(RuntimeFailure) -> Int32 {
        try await create(request)
        do throws(RuntimeFailure) {
            try await start(request.id)
        } catch {
            try await delete(request.id, force: true)
            throw error
        }
        return 0
    }

    /// Creates, starts, waits for the end, deletes.
    /// - Returns: the container's exit code.
    func run(_ request: CreateRequest, signals: AsyncStream<Int32>) async throws(RuntimeFailure) -> Int32 {
        let terminal = OCITerminal()
        var request = request
        if request.consoleSocket == nil { request.terminal = terminal }
        let id = request.id
        do throws(RuntimeFailure) {
            try await create(request)
        } catch {
            await terminal.finish()
            throw error
        }
        let forwarding = Task { [self] in
            for await signal in signals {
                if signal == SIGWINCH { terminal.resize() } else { try? await kill(id, signal: signal, all: false) }
            }
        }
        defer { forwarding.cancel() }
        let result: Result<Int32, RuntimeFailure>
        do throws(RuntimeFailure) {
            result = .success(try await startAndWait(id))
        } catch {
            result = .failure(error)
        }
        await terminal.finish()
        try await delete(id, force: true)
        return try result.get()
    }

    private func startAndWait(_ id: String) async throws(RuntimeFailure) -> Int32 {
        let sandboxID = try OCIContainer.sandboxID(id)
        let ended = Promise<swl_exit?>()
        let connection = try await connect(
            sandboxID,
            onEvent: { message in
                if swl_type(message.type) == SWL_EVENT_EXITED { ended.fulfil(message.exit) }
            }, onEnd: { ended.fulfil(nil) })
        guard let connection else { throw RuntimeFailure(.start, "the container's shim has ended") }
        defer { connection.close() }
        let subscribed = try await connection.request(SWL_VERB_SUBSCRIBE, timeout: .seconds(10))
        if let refusal = subscribed.refusal { throw RuntimeFailure(.internal, refusal.explanation) }
        try await start(id)
        if let exit = await ended.value() { return exit.exit_code }
        guard let exit = try ContainerStateFile.exit(at: containerDirectory(sandboxID) + "/exit") else {
            throw RuntimeFailure(.internal, "the container's shim has ended, and with it the container; its exit code is not known")
        }
        return exit.exit_code
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
