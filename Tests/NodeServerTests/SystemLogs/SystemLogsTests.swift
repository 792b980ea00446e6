import HTTPTypes
import KubeModel
import NIOCore
import PodCore
import TestSupport
import Testing

@testable import NodeServer

/// `/logs/` with the statuses and texts of kubelet 1.36.
@Suite("The node's own logs", .timeLimit(.minutes(1))) struct SystemLogsTests {
    private struct Answer: Equatable {
        var status: Int
        var text: String
        var type: String
        var location: String?
    }

    private static let files = [
        "syslog": "one\ntwo\n", "apt/history.log": "installed\n", "plain": "of plain\n", "dotted.log": "of dotted\n", "deep/deep.log": "of deep\n",
        "a<b>&\"c": "strange\n", "binary": "\u{1}\u{2}",
    ]

    private func answer(_ path: String, method: String = "GET", logs: FakeNodeLogs = FakeNodeLogs(files), queries: Bool = true) async throws -> Answer
    {
        let routes = NodeRoutes(
            view: FakeView(), runtime: FakeRuntime(), time: ManualTime(epoch: Timestamp(seconds: 1000)),
            systemLogs: SystemLogs(source: logs, answersQueries: queries))
        return try await Self.answer(routes, method, path)
    }

    private static func answer(_ routes: NodeRoutes, _ method: String, _ path: String) async throws -> Answer {
        let answer: HTTPAnswer
        do {
            answer = try await routes.answer(method: method, target: try #require(RequestTarget(uri: path)))
        } catch let refusal as Refusal {
            answer = refusal.answer
        }
        var text = ""
        switch answer.body {
        case .bytes(let bytes): text = String(buffer: bytes)
        case .log(let session, _): while let bytes = try await session.read() { text += String(decoding: bytes, as: UTF8.self) }
        }
        return Answer(status: answer.status.code, text: text, type: answer.contentType, location: answer.headers[.location])
    }

    // MARK: Files

    @Test("a folder is a page of links, folders with a slash, names escaped") func listing() async throws {
        let page = try await answer("/logs/")
        #expect(page.status == 200 && page.type == "text/html; charset=utf-8")
        #expect(page.text.hasPrefix("<!doctype html>\n<meta name=\"viewport\" content=\"width=device-width\">\n<pre>\n"))
        #expect(page.text.contains("<a href=\"apt/\">apt/</a>\n<a href=\"binary\">binary</a>\n") && page.text.hasSuffix("</pre>\n"))
        #expect(page.text.contains("<a href=\"a%3Cb%3E%26%22c\">a&lt;b&gt;&amp;&#34;c</a>\n"))
        #expect(try await answer("/logs/apt/").text.contains("<a href=\"history.log\">history.log</a>"))
    }

    @Test("a folder without a slash is redirected relative to itself, so that links on the page lead into it") func redirect() async throws {
        #expect(try await answer("/logs/apt?x=1") == Answer(status: 301, text: "", type: "text/plain; charset=utf-8", location: "apt/?x=1"))
        #expect(try await answer("/logs").location == "logs/")
    }

    @Test("a file is sent with a type that no browser runs") func files() async throws {
        #expect(try await answer("/logs/syslog") == Answer(status: 200, text: "one\ntwo\n", type: "text/plain; charset=utf-8", location: nil))
        #expect(try await answer("/logs/apt/history.log").text == "installed\n")
        #expect(SystemLogs.contentType([0x1F, 0x8B, 8, 0]) == "application/x-gzip")
        #expect(try await answer("/logs/binary").type == "application/octet-stream")
        #expect(
            try await answer("/logs/nothing") == Answer(status: 404, text: "404 page not found\n", type: "text/plain; charset=utf-8", location: nil))
        #expect(try await answer("/logs/%2e%2e/etc/shadow").status == 403)
        #expect(try await answer("/logs/syslog", method: "POST").status == 405)
    }

    @Test("where logs are not offered the endpoint says so") func disabled() async throws {
        let routes = NodeRoutes(view: FakeView(), runtime: FakeRuntime(), time: ManualTime())
        for path in ["/logs", "/logs/", "/logs/syslog", "/logs/?query=x"] {
            let answer = try await Self.answer(routes, "GET", path)
            #expect(answer.status == 405 && answer.text == "logs endpoint is disabled.\n")
        }
    }

    @Test("a query is ignored unless queries are enabled") func noQueries() async throws {
        #expect(try await answer("/logs/?query=kubelet&boot=x", queries: false).text.contains("<pre>"))
    }

    // MARK: Queries

    @Test(
        "a query that cannot be read, or is not allowed, is refused with kubelet's status and text",
        arguments: [
            ("query=", 400, "query: Invalid value: [\"\"]: query cannot be empty"),
            ("query=+&query=++", 400, "query: Invalid value: [\" \",\"  \"]: query cannot be empty"),
            ("query=a&sinceTime=2019-12-04+02:00:00", 400, "sinceTime: Invalid value: \"2019-12-04 02:00:00\": invalid time format"),
            ("query=a&untilTime=x", 400, "untilTime: Invalid value: \"x\": invalid time format"),
            ("query=a&boot=foo", 400, "boot: Invalid value: \"foo\": strconv.Atoi: parsing \"foo\": invalid syntax"),
            (
                "query=a&tailLines=99999999999999999999", 400,
                "tailLines: Invalid value: \"99999999999999999999\": strconv.Atoi: parsing \"99999999999999999999\": value out of range"
            ),
            (
                "query=a&tailLines=+&boot=x", 400,
                "[boot: Invalid value: \"x\": strconv.Atoi: parsing \"x\": invalid syntax, "
                    + "tailLines: Invalid value: \" \": strconv.Atoi: parsing \" \": invalid syntax]"
            ),
            ("tailLines=5", 406, "query: Required value: cannot be empty with options"),
            ("query=a&query=/b", 406, "query: Invalid value: \"[/b], [a]\": cannot specify a file and service"),
            ("query=/a&query=/b", 406, "query: Invalid value: [\"/a\",\"/b\"]: cannot specify more than one file"),
            ("query=/a&pattern=x", 406, "query: Invalid value: [\"/a\"]: cannot specify file with options"),
            ("query=/nothing", 406, "query: Invalid value: [\"/nothing\"]: statat nothing: no such file or directory"),
            ("query=/../etc/shadow", 406, "query: Invalid value: [\"/../etc/shadow\"]: the path leads out of the log folder"),
            (
                "query=a&sinceTime=2023-02-04T02:00:00Z&untilTime=2023-01-04T02:00:00Z", 406,
                "untilTime: Invalid value: \"2023-01-04T02:00:00Z\": must be after `sinceTime`"
            ),
            ("query=a&boot=1", 406, "boot: Invalid value: 1: must be less than 1"),
            ("query=a&tailLines=100001", 406, "tailLines: Invalid value: 100001: must be between 0 and 100000, inclusive"),
            ("query=a&tailLines=-1", 406, "tailLines: Invalid value: -1: must be between 0 and 100000, inclusive"),
            ("query=a&pattern=%5B", 406, "pattern: Invalid value: \"[\": error parsing regexp: missing closing ]: `[`"),
            ("query=a&pattern=x%00y", 406, "pattern: Invalid value: \"x\\x00y\": found a NUL"),
            ("query=a&query=b&query=c&query=d&query=e", 406, "query: Too many: 5: must have at most 4 items"),
            ("query=a%0A", 406, "query: Invalid value: \"a\\n\": input contains unsupported characters"),
            ("query=a%3B--file=x", 406, "query: Invalid value: \"a;--file=x\": input contains unsupported characters"),
            ("query=a%3B&query=a%3B", 406, "query: Invalid value: \"a;\": input contains unsupported characters"),
        ])
    func refusals(_ query: String, _ status: Int, _ text: String) async throws {
        let answer = try await answer("/logs/?" + query)
        #expect(answer.status == status && answer.text == text + "\n")
    }

    @Test("a service's name has at most 256 characters, and a query has no path") func limits() async throws {
        let long = String(repeating: "a", count: 257)
        #expect(try await answer("/logs/?query=\(long)").text == "query: Invalid value: \"\(long)\": length must be less than 256\n")
        #expect(try await answer("/logs/?query=\(long.dropLast())").status == 200)
        let path = try await answer("/logs/syslog?query=kubelet")
        #expect(path.status == 406 && path.text == "path not allowed in query mode\n")
        #expect(try await answer("/logs/syslog?unknown=1").text == "one\ntwo\n", "nothing is asked for")
    }

    @Test("services in the journal come from there, with all options") func journal() async throws {
        let logs = FakeNodeLogs(Self.files, units: ["sshd.service", "swiftlet.service", "kubelet.service", "x.service"])
        let options = "&sinceTime=1970-01-01T00:01:40Z&untilTime=1970-01-01T00:03:20%2B00:00&tailLines=7&boot=-1&pattern=a.*b"
        let answer = try await answer("/logs/?query=sshd&query=x" + options, logs: logs)
        #expect(answer == Answer(status: 200, text: "entry of sshd.service and x.service\n", type: "text/plain;charset=UTF-8", location: nil))
        var selection = JournalSelection(units: ["sshd.service", "x.service"])
        selection.since = Timestamp(seconds: 100)
        selection.until = Timestamp(seconds: 200)
        selection.tailLines = 7
        selection.boot = -1
        selection.pattern = "a.*b"
        #expect(logs.selections == [selection])
        #expect(logs.sessions.map(\.isClosed) == [true])
    }

    @Test("asked for as kubelet, this agent shows its own entries") func kubelet() async throws {
        #expect(try await answer("/logs/?query=kubelet", logs: FakeNodeLogs(units: ["swiftlet.service"])).text == "entry of swiftlet.service\n")
        let both = FakeNodeLogs(units: ["swiftlet.service", "kubelet.service"])
        #expect(try await answer("/logs/?query=kubelet&query=swiftlet", logs: both).text == "entry of kubelet.service and swiftlet.service\n")
    }

    @Test("services that are not in the journal come from their files, in three places", arguments: [nil, Set(["sshd.service"])])
    func fileFallback(_ units: Set<String>?) async throws {
        let logs = FakeNodeLogs(Self.files, units: units)
        #expect(
            try await answer("/logs/?query=plain&query=dotted&query=deep&query=none", logs: logs).text
                == "of plain\nof dotted\nof deep\n\nlog not found for none\n")
        #expect(try await answer("/logs/?query=..", logs: logs).text == "\nerror getting log for ..: the path leads out of the log folder\n")
        #expect(
            try await answer("/logs/?query=plain&query=none&tailLines=1", logs: logs).text
                == "\noptions present and query resolved to log files for [plain none]\ntry without specifying options\n")
    }

    @Test("a journal that cannot be asked is no journal without entries") func failures() async throws {
        let busy = try await answer("/logs/?query=plain", logs: FakeNodeLogs(Self.files, refusal: .busy("8 queries are under way")))
        #expect(busy.status == 503 && busy.text == "8 queries are under way\n")
        #expect(try await answer("/logs/?query=plain", logs: FakeNodeLogs(Self.files, refusal: .failed("no thread"))).status == 500)
        let logs = FakeNodeLogs(Self.files, units: ["sshd.service"], unitsFailure: RuntimeFailure(.internal, "broken"))
        #expect(try await answer("/logs/?query=sshd", logs: logs).text == "\nerror: journal output not available: broken\n")
        #expect(logs.closings == 1)
    }

    @Test("a query whose services have no entries gives its place back") func unused() async throws {
        let logs = FakeNodeLogs(Self.files)
        #expect(try await answer("/logs/?query=plain", logs: logs).text == "of plain\n")
        #expect(logs.closings == 1)
    }

    @Test("a query ends while the list of units is read") func closingTheList() async throws {
        let logs = FakeNodeLogs(Self.files, units: ["sshd.service"], hangs: true)
        let routes = NodeRoutes(
            view: FakeView(), runtime: FakeRuntime(), time: ManualTime(), systemLogs: SystemLogs(source: logs, answersQueries: true))
        let target = try #require(RequestTarget(uri: "/logs/?query=sshd"))
        guard case .log(let session, _) = try await routes.answer(method: "GET", target: target).body else {
            return #expect(Bool(false), "no log")
        }
        async let waiting = session.read()
        await session.close()
        #expect(try await waiting == nil && logs.closings >= 1)
    }

    @Test("of very many services only the first are named") func manyServices() async throws {
        let query = (0..<50).map { "query=a%3B\($0)" }.joined(separator: "&")
        let answer = try await answer("/logs/?" + query)
        #expect(answer.status == 406 && answer.text.contains("query: Too many: 50: must have at most 4 items"))
        #expect(answer.text.contains("\"a;4\"") && !answer.text.contains("\"a;5\""))
    }

    @Test("a pattern has at most 4096 bytes") func longPattern() async throws {
        let long = try await answer("/logs/?query=a&pattern=" + String(repeating: "x", count: 4097))
        #expect(long.status == 406 && long.text == "pattern: Invalid value: 4097 bytes: must have at most 4096 bytes\n")
        #expect(try await answer("/logs/?query=a&pattern=" + String(repeating: "x", count: 4096)).status == 200)
    }

    @Test("services of both kinds come in one answer, the journal first") func both() async throws {
        let logs = FakeNodeLogs(Self.files, units: ["sshd.service"])
        #expect(try await answer("/logs/?query=plain&query=sshd", logs: logs).text == "entry of sshd.service\nof plain\n")
    }

    @Test("a query for a file is the file") func queriedFile() async throws {
        #expect(try await answer("/logs/?query=/syslog").text == "one\ntwo\n")
        #expect(try await answer("/logs/?query=apt/history.log").text == "installed\n")
        #expect(try await answer("/logs/?query=/apt").text.contains("history.log"))
    }

    @Test("closing a sequence closes the log that is being read, and opens no other") func closing() async throws {
        let first = ScriptedLog(["a"], follows: true)
        let opened = Locked(0)
        let sequence = LogSequence([
            .log { .log(first) },
            .log {
                opened.set(opened.value + 1)
                return .text("b")
            },
        ])
        #expect(try await sequence.read() == Array("a".utf8))
        async let waiting = sequence.read()
        await sequence.close()
        #expect(try await waiting == nil && first.isClosed && opened.value == 0)
    }
}
