import KubeModel
import Testing

@testable import PodCore

@Suite("Ports of the node that two pods want")
struct HostPortClashTests {
    private func pod(_ port: String, fields: String = "") throws -> Pod {
        try PodLife.pod(#"{"containers":[{"name":"c","image":"b","ports":[\#(port)]}]\#(fields)}"#)
    }

    private static func named(_ uid: String, _ pod: Pod) -> Pod {
        var pod = pod
        pod.metadata.uid = uid
        return pod
    }

    private func port(_ number: Int, _ address: String? = nil, _ transport: String? = nil) -> String {
        let more = (address.map { #","hostIP":"\#($0)""# } ?? "") + (transport.map { #","protocol":"\#($0)""# } ?? "")
        return #"{"containerPort":80,"hostPort":\#(number)\#(more)}"#
    }

    @Test("equal ports clash unless their protocols differ, or their addresses do and neither is every address")
    func ports() throws {
        let cases = [
            (port(80), port(80), true), (port(80), port(81), false), (port(80), port(80, nil, "UDP"), false), (port(80), port(80, nil, "TCP"), true),
            (port(80), port(80, "", ""), true), (port(80, "0.0.0.0"), port(80, "127.0.0.1"), true), (port(80, "127.0.0.1"), port(80), true),
            (port(80, "127.0.0.1"), port(80, "127.0.0.1"), true), (port(80, "127.0.0.1"), port(80, "127.0.0.2"), false),
            (port(80, "::1"), port(80), true), (port(0), port(0), false),
        ]
        for (wanted, had, clashes) in cases {
            #expect(
                HostPortClash.exists(try pod(wanted), ActivePods([Self.named("x", try pod(port(9999))), try pod(had)])) == clashes,
                "\(wanted) beside \(had)")
        }
    }

    @Test("ports of a pod on the node's network are the node's; ports of ordinary init containers do not count, those of sidecars do")
    func whichPorts() throws {
        let plain = #"{"containerPort":80}"#
        let taken = ActivePods([try pod(port(80))])
        #expect(HostPortClash.exists(try pod(plain, fields: #","hostNetwork":true"#), taken))
        #expect(!HostPortClash.exists(try pod(plain), taken))
        let initial = #","initContainers":[{"name":"i","ports":[\#(port(80))]}]"#
        #expect(!HostPortClash.exists(try pod(plain, fields: initial), taken))
        let sidecar = #","initContainers":[{"name":"i","restartPolicy":"Always","ports":[\#(port(80))]}]"#
        #expect(HostPortClash.exists(try pod(plain, fields: sidecar), taken))
    }
}
