import Crypto
import FoundationEssentials
import HTTPTypes
import KubeModel
import NIOCore
import NodeServer
import PodCore
import TestSupport
import Testing

@Suite("The node page") struct NodePageTests {
    private struct Source: NodeStatisticsSource {
        var fails = false

        func measurement(_ extent: MeasurementExtent) async throws(RuntimeFailure) -> NodeMeasurement {
            if fails { throw RuntimeFailure(.internal, "no answer") }
            return .example
        }
    }

    static let time = Timestamp(seconds: 1000)

    private func answer(
        _ uri: String, method: String = "GET", view: PageView = PageView(), statistics: (any NodeStatisticsSource)? = nil,
        hasServices: Bool = true
    ) async throws -> (answer: HTTPAnswer, text: String) {
        let time = ManualTime(epoch: Self.time)
        let page = NodePageAnswer(view: view, statistics: statistics, services: hasServices ? view : nil, time: time)
        let routes = NodeRoutes(view: view, runtime: FakeRuntime(), time: time, nodePage: page)
        let answer: HTTPAnswer
        do {
            answer = try await routes.answer(method: method, target: try #require(RequestTarget(uri: uri)))
        } catch let refusal as Refusal {
            answer = refusal.answer
        }
        guard case .bytes(let bytes) = answer.body else { return (answer, "") }
        return (answer, String(buffer: bytes))
    }

    private func data(_ query: String = "", view: PageView) async throws -> JSONValue {
        try JSONParser.parse(await answer("/ui/data.json" + query, view: view).text)
    }

    // MARK: The page

    /// The text of the page's only element of that name.
    private func content(_ name: String, of page: String) throws -> String {
        let parts = page.split(separator: "<\(name)>", omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        let inside = parts[1].split(separator: "</\(name)>", omittingEmptySubsequences: false)
        try #require(inside.count == 2)
        return String(inside[0])
    }

    @Test("the policy admits this script and this style and nothing else") func policy() async throws {
        let (answer, page) = try await answer("/ui/")
        #expect(answer.status == .ok && answer.contentType == "text/html; charset=utf-8")
        let policy = try #require(answer.headers[.contentSecurityPolicy])
        func digest(_ text: String) -> String { "'sha256-\(Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString())'" }
        let script = try content("script", of: page)
        #expect(
            policy
                == "default-src 'none'; script-src \(digest(script)); style-src \(digest(try content("style", of: page))); connect-src 'self'; "
                + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
        #expect(answer.headers[.cacheControl] == "no-store")
        #expect(answer.headers[try #require(HTTPField.Name("X-Frame-Options"))] == "DENY")
        // Nothing that would leave the script's element, and none of the ways to make markup of a text.
        for word in ["<!--", "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", ".style", "javascript:"] {
            #expect(!script.contains(word), "\(word)")
        }
    }

    @Test("the page is small and asks nobody else for anything") func selfContained() async throws {
        let page = try await answer("/ui/").text
        #expect(page.utf8.count < 25_000)
        for word in ["http://", "https://", "src=", "url(", "@import", "onclick", "onload", "style=", "//cdn"] {
            // The one address is the name of SVG's elements.
            let rest = page.replacing("http://www.w3.org/2000/svg", with: "")
            #expect(!rest.contains(word), "\(word)")
        }
        #expect(try await answer("/ui").text == page)
    }

    @Test("other methods and paths are refused") func refusals() async throws {
        for path in ["/ui/", "/ui/data.json"] {
            for method in ["POST", "PUT", "DELETE", "HEAD"] { #expect(try await answer(path, method: method).answer.status.code == 405) }
        }
        for path in ["/ui/x", "/ui/data.json/x", "/uix", "//ui/", "/ui//data.json"] {
            #expect(try await answer(path).answer.status.code == 404, "\(path)")
        }
        let long = try await answer("/ui/data.json?pods=" + String(repeating: "x", count: 600))
        #expect(long.answer.status.code == 400 && long.text == "the filter pods has 600 bytes, wanted 512 at most\n")
    }

    // MARK: The data

    @Test("the document of a small node") func golden() async throws {
        var view = PageView(items: [PageView.pod("web", .running, [PageView.container(.running(since: Timestamp(seconds: 5)), ready: true)])])
        view.items[0].metadata.uid = "uid-web"
        view.serviceList = [PageView.service("web", endpoints: 1)]
        var node = Node(metadata: ObjectMeta(name: "n1"))
        node.spec?.taints = [Taint(key: "dedicated", value: "db", effect: "NoSchedule")]
        node.status = NodeStatus()
        var ready = NodeCondition(type: "Ready", status: true, reason: "KubeletReady", message: "kubelet is posting ready status")
        ready.lastTransitionTime = Timestamp(seconds: 60)
        node.status?.conditions = [ready, NodeCondition(type: "DiskPressure", status: true, reason: "KubeletHasDiskPressure", message: "low")]
        node.status?.addresses = [NodeAddress(type: "InternalIP", address: "192.168.0.1")]
        node.status?.allocatable = ["pods": Quantity(110)]
        view.object = node
        let (answer, text) = try await answer("/ui/data.json", view: view, statistics: Source())
        #expect(answer.contentType == "application/json" && answer.headers[.cacheControl] == "no-store")
        let wanted = """
            {"agent":{"apiServer":"https://api:6443","lastContactSeconds":3,"startedAt":"1970-01-01T00:01:40Z","version":"0.1"},
            "conditions":[{"isGood":true,"message":"kubelet is posting ready status","reason":"KubeletReady","since":"1970-01-01T00:01:00Z",
            "status":"True","type":"Ready"},
            {"isGood":false,"message":"low","reason":"KubeletHasDiskPressure","status":"True","type":"DiskPressure"}],
            "node":{"addresses":["InternalIP 192.168.0.1"],"maxPods":110,"name":"n1","podCIDRs":["10.1.0.0/24"],"ready":true,
            "readyMessage":"ready","taints":["dedicated=db:NoSchedule"],"unschedulable":false},
            "pods":{"counts":{"running":1},"items":[{"addresses":["10.1.0.9"],"cpuNanoCores":7,"createdAt":"1970-01-01T00:08:20Z",
            "kind":"running","memoryBytes":20967424,"name":"web","namespace":"default","ready":"1/1","reasons":[],"restarts":0,
            "state":"Running","uid":"uid-web"}],"matching":1,"total":1},
            "resources":{"cpuNanoCores":5,"fileSystems":[{"available":400,"capacity":1000,"name":"nodefs"},
            {"available":400,"capacity":1000,"name":"imagefs"},{"available":400,"capacity":1000,"name":"containerfs"}],
            "memoryBytes":4294963200,"memoryCapacity":8589934592,"processors":4},
            "services":{"items":[{"name":"web","namespace":"default","ports":[{"addresses":["ClusterIP 10.96.0.1:80"],"endpointCount":1,
            "endpoints":["10.1.0.0:8080"],"name":"p0 TCP 80"}]}],"lastSync":"1970-01-01T00:01:30Z","matching":1,"total":1},
            "time":"1970-01-01T00:16:40Z"}
            """
        #expect(text == wanted.replacing("\n", with: ""))
    }

    @Test("what is not known is left out or said") func unknown() async throws {
        let bare = try JSONParser.parse(await answer("/ui/data.json", hasServices: false).text)
        #expect(bare["services"] == nil && bare["resources"] == [:] && bare["conditions"] == [])
        let failed = try JSONParser.parse(await answer("/ui/data.json", statistics: Source(fails: true)).text)
        #expect(failed["resources"] == ["problem": "no answer"])
    }

    @Test("pods with trouble come first, and the filter looks at names, states and addresses") func order() async throws {
        let running = ContainerState.running(since: Timestamp(seconds: 5))
        let view = PageView(items: [
            PageView.pod("done", .succeeded), PageView.pod("b", .running, [PageView.container(running, ready: true)]),
            PageView.pod("a", .running, [PageView.container(running, ready: true)], namespace: "kube-system"), PageView.pod("new", .pending),
            PageView.pod("broken", .running, [PageView.container(.waiting(reason: "CrashLoopBackOff"))]),
        ])
        func names(_ query: String) async throws -> [String] {
            try await data(query, view: view)["pods", "items"]?.array?.map { $0["name"]?.string ?? "" } ?? []
        }
        #expect(try await names("") == ["broken", "new", "b", "a", "done"])
        #expect(try await names("?pods=KUBE-system%2F") == ["a"])
        #expect(try await names("?pods=crash") == ["broken"])
        #expect(try await names("?pods=failing") == ["broken"])
        #expect(try await names("?pods=10.1.0.9").count == 5)
        #expect(try await names("?pods=nothing").isEmpty)
        let counts = try await data("?pods=crash", view: view)["pods"]
        #expect(counts?["total"] == 5 && counts?["matching"] == 1)
        #expect(counts?["counts"] == ["failing": 1, "waiting": 1, "running": 2, "ended": 1])
    }

    @Test("the document is bounded, whatever the node holds") func limits() async throws {
        // One character of any number of scalars.
        let monster = "e" + String(repeating: "\u{301}", count: 2000)
        let state = ContainerState.waiting(reason: "CrashLoopBackOff", message: monster)
        var pod = PageView.pod("p", .running, Array(repeating: PageView.container(state), count: 50))
        var view = PageView()
        view.items = (0..<1000).map { number in
            pod.metadata.name = "p\(number)"
            return pod
        }
        view.serviceList = (0..<60).map { PageView.service("s\($0)", endpoints: 1000, ports: 100) }
        let text = try await answer("/ui/data.json", view: view).text
        #expect(text.utf8.count < 2 << 20)
        let document = try JSONParser.parse(text)
        #expect(document["pods", "total"] == 1000 && document["pods", "matching"] == 1000 && document["pods", "items"]?.array?.count == 200)
        let reasons = try #require(document["pods", "items"]?.array?.first?["reasons"]?.array)
        #expect(reasons.count == 7 && reasons.last == "and 44 more")
        #expect(reasons.first?.string?.unicodeScalars.count == 301 && reasons.first?.string?.hasSuffix("…") == true)
        #expect(document["services", "total"] == 60 && document["services", "items"]?.array?.count == 50)
        let service = document["services", "items"]?.array?.first
        #expect(service?["morePorts"] == 94 && service?["ports"]?.array?.count == 6)
        #expect(service?["ports"]?.array?.first?["endpoints"]?.array?.last == "and 994 more")
    }

    @Test("hostile texts stay texts", arguments: ["<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "\"\\\u{2028}\u{0}\u{202E}"])
    func hostile(text: String) async throws {
        var pod = PageView.pod(text, .running, [PageView.container(.waiting(reason: text, message: text))], namespace: text)
        pod.status?.reason = text
        let view = PageView(items: [pod], serviceList: [PageView.service(text, endpoints: 1)])
        let found = try await data(view: view)
        let item = found["pods", "items"]?.array?.first
        #expect(item?["name"]?.string == text && item?["namespace"]?.string == text && item?["state"]?.string == text)
        #expect(item?["reasons"]?.array?.first?.string == "c: \(text): \(text)")
        #expect(found["services", "items"]?.array?.first?["name"]?.string == text)
        // The page itself holds nothing of the node.
        #expect(try await answer("/ui/", view: view).text == answer("/ui/").text)
    }
}
