import FoundationEssentials
import KubeModel
import Testing

@testable import PodCore

@Suite("Probes and hooks over the network")
struct ProbePlanTests {
    private func decode<Value: Decodable>(_ type: Value.Type, _ json: String) throws -> Value {
        try JSONDecoder().decode(type, from: Data(json.utf8))
    }

    private func container() throws -> Container {
        try decode(
            Container.self,
            #"{"name":"c","ports":[{"name":"web","containerPort":8080},{"name":"bad","containerPort":0}],"env":[{"name":"A","value":"1"}]}"#)
    }

    private func target(_ probe: String, podIP: String? = "10.0.0.7") throws -> ProbeTarget {
        try ProbePlan.target(of: decode(Probe.self, probe), container: container(), podIP: podIP)
    }

    private func check(_ action: String, podIP: String = "10.0.0.7", userAgent: ProbePlan.UserAgent = .probe) throws -> HTTPCheck {
        try ProbePlan.check(decode(HTTPGetAction.self, action), container: container(), podIP: podIP, userAgent: userAgent)
    }

    @Test(
        "host and port of a probe",
        arguments: [
            (#"{"tcpSocket":{"port":80}}"#, ProbeTarget.tcp(host: "10.0.0.7", port: 80)),
            (#"{"tcpSocket":{"port":"web"}}"#, .tcp(host: "10.0.0.7", port: 8080)),
            (#"{"tcpSocket":{"port":"81","host":"db"}}"#, .tcp(host: "db", port: 81)),
            (#"{"tcpSocket":{"port":80,"host":""}}"#, .tcp(host: "10.0.0.7", port: 80)),
            (#"{"grpc":{"port":90}}"#, .grpc(host: "10.0.0.7", port: 90, service: "")),
            (#"{"grpc":{"port":90,"service":"s"}}"#, .grpc(host: "10.0.0.7", port: 90, service: "s")),
        ])
    func targets(probe: String, expected: ProbeTarget) throws {
        #expect(try target(probe) == expected)
    }

    @Test(
        "a probe that leads nowhere is refused",
        arguments: [
            (#"{"tcpSocket":{"port":"nope"}}"#, #"strconv.Atoi: parsing "nope": invalid syntax"#),
            (#"{"tcpSocket":{"port":"bad"}}"#, "invalid port number: 0"), (#"{"tcpSocket":{"port":65536}}"#, "invalid port number: 65536"),
            (#"{"httpGet":{"port":-1}}"#, "invalid port number: -1"), (#"{"grpc":{"port":0}}"#, "invalid port number: 0"),
            (#"{}"#, "missing probe handler for container c"),
            (#"{"httpGet":{"port":80,"scheme":"FTP"}}"#, "container c: httpGet: found scheme FTP, wanted HTTP or HTTPS"),
        ])
    func refused(probe: String, message: String) throws {
        let failure = try #require(throws: PlanFailure.self) { try target(probe) }
        #expect(failure.message == message)
    }

    @Test("a pod without an address has no target", arguments: [nil, ""])
    func noAddress(podIP: String?) throws {
        let failure = try #require(throws: PlanFailure.self) { try target(#"{"tcpSocket":{"port":80}}"#, podIP: podIP) }
        #expect(failure.message.contains("no address"))
    }

    @Test(
        "scheme and host of a URL",
        arguments: [
            (#"{"port":80,"path":"/"}"#, "10.0.0.7", "http://10.0.0.7:80/"),
            (#"{"port":80,"scheme":"HTTP","path":"/x"}"#, "10.0.0.7", "http://10.0.0.7:80/x"),
            (#"{"port":"web","scheme":"HTTPS","path":"/"}"#, "fd00::2", "https://[fd00::2]:8080/"),
            (#"{"port":443,"scheme":"HTTPS","host":"db.example","path":"/"}"#, "fd00::2", "https://db.example:443/"),
        ])
    func urls(action: String, podIP: String, expected: String) throws {
        #expect(try check(action, podIP: podIP).url == expected)
    }

    @Test(
        "a path is sent as it is written, as far as a URL can contain it",
        arguments: [
            ("/a?x=1&y=%7B%7D", "/a?x=1&y=%7B%7D"), ("a/b", "/a/b"), ("/a%2Fb", "/a%2Fb"), ("/a%2Fb c", "/a/b%20c"), ("/a#f", "/a"), ("", ""),
            ("?x", "?x"), ("/?", "/?"), ("/a b?c d", "/a%20b?c d"), ("/ü", "/%C3%BC"), ("/a%zz?x", "/a%25zz%3Fx"), ("/a\n?x", "/a%0A%3Fx"),
            ("http://other/x?y", "/x?y"), ("//other/x", "/x"), ("/(a)!", "/(a)!"), ("/a%+1", "/a%25+1"),
        ])
    func paths(written: String, sent: String) throws {
        #expect(RequestPath.sent(written) == sent)
    }

    @Test(
        "headers by kubelet's rules",
        arguments: [
            ("", nil, "User-Agent: kube-probe/1.36, Accept: */*"),
            (#"{"name":"host","value":"www.lab.example"}"#, "www.lab.example", "User-Agent: kube-probe/1.36, Accept: */*"),
            (#"{"name":"HOST","value":"a"},{"name":"Host","value":"b"}"#, "a", "User-Agent: kube-probe/1.36, Accept: */*"),
            (#"{"name":"user-agent","value":"me"}"#, nil, "User-Agent: me, Accept: */*"),
            (#"{"name":"User-Agent","value":""},{"name":"Accept","value":""}"#, nil, ""),
            (#"{"name":"accept","value":"text/plain"}"#, nil, "User-Agent: kube-probe/1.36, Accept: text/plain"),
            (
                #"{"name":"x-one","value":" 1 "},{"name":"X-One","value":"2"}"#, nil,
                "User-Agent: kube-probe/1.36, Accept: */*, X-One: 1, X-One: 2"
            ),
            (
                #"{"name":"content-length","value":"5"},{"name":"Transfer-Encoding","value":"chunked"}"#, nil,
                "User-Agent: kube-probe/1.36, Accept: */*"
            ),
        ] as [(String, String?, String)])
    func headers(written: String, host: String?, sent: String) throws {
        let check = try check(#"{"port":80,"httpHeaders":[\#(written)]}"#)
        #expect(check.hostHeader == host)
        #expect(check.headers.map { "\($0.name): \($0.value)" }.joined(separator: ", ") == sent)
    }

    @Test("a hook follows the same rules with a name of its own")
    func hooks() throws {
        let check = try check(#"{"port":"web","path":"stop?now"}"#, userAgent: .lifecycle)
        #expect(check.url == "http://10.0.0.7:8080/stop?now")
        #expect(check.headers == [.init("User-Agent", "kube-lifecycle/1.36"), .init("Accept", "*/*")])
    }

    @Test("a probe's command knows the values that the spec contains")
    func command() throws {
        let exec = try decode(ExecAction.self, #"{"command":["echo","$(A)","$(B)","$$(A)"]}"#)
        #expect(ProbePlan.command(exec, of: try container()) == ["echo", "1", "$(B)", "$(A)"])
    }

    @Test(
        "durations as Go prints them",
        arguments: [
            (Duration.seconds(1), "1s"), (.milliseconds(312), "312ms"), (.milliseconds(4215), "4.215s"), (.milliseconds(4200), "4.2s"), (.zero, "0s"),
            (.seconds(90), "1m30s"), (.seconds(3600), "1h0m0s"),
        ])
    func durations(duration: Duration, text: String) { #expect(GoText.duration(duration) == text) }

    @Test("texts as Go quotes them")
    func quoting() {
        #expect(GoText.quoted("a \"b\"\\\n\t\u{1}ü") == #""a \"b\"\\\n\t\x01ü""#)
        #expect(GoText.quoted(bytes: [0x15, 0x03, 0xff, 0x41]) == #""\x15\x03\xffA""#)
    }
}
