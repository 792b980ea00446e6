import KubeModel
import PodCore
import TestSupport
import Testing

@testable import NodeAgent

extension ConfigurationTests {
    @Test("drop-ins are merged member by member in order")
    func dropInsAreMergedDeeplyInOrder() throws {
        let found = try ConfigurationLoader.parse([
            ("main", kubelet("port: 1\nmaxPods: 5\nclusterDNS: [a]\nauthentication: {anonymous: {enabled: true}, webhook: {cacheTTL: 9s}}")),
            ("10.conf", kubelet("port: 2\nclusterDNS: [b, c]\nauthentication: {webhook: {cacheTTL: 7s}}")),
            ("20.conf", kubelet("port: 3")),
        ])
        #expect(found.kubelet.port == 3 && found.kubelet.maxPods == 5 && found.kubelet.clusterDNS == ["b", "c"])
        #expect(found.kubelet.anonymousAuthentication && found.kubelet.webhookAuthenticationCacheTTL == .seconds(7))
        let error = try #require(throws: ConfigurationError.self) {
            try ConfigurationLoader.parse([("main", kubelet("port: 1")), ("10.conf", kubelet("maxPod: 2"))])
        }
        #expect(error.place == "10.conf:3", "\(error)")
    }

    @Test("the drop-ins of a directory are read in order, and a missing file is an error")
    func filesAndDirectories() throws {
        let directory = try TemporaryFolder()
        func write(_ name: String, _ text: String) throws { try TemporaryFolder.write(text, to: directory.sub(name)) }
        try write("20-b.conf", kubelet("port: 3"))
        try write("10-a.conf", kubelet("port: 2\nmaxPods: 7"))
        try write("ignored.yaml", "garbage: [")
        let found = try ConfigurationLoader.load(file: nil, directory: directory.path)
        #expect(found.kubelet.port == 3 && found.kubelet.maxPods == 7)
        let missing = try #require(throws: ConfigurationError.self) { try ConfigurationLoader.load(file: directory.path + "/none.yaml") }
        #expect(missing.code == .missingFile && "\(missing)".contains("none.yaml") && "\(missing)".contains("--config"))
    }

    @Test("flags win over files")
    func flagsWin() throws {
        var flags = FlagOverrides()
        flags.kubeconfig = "/k"
        flags.hostnameOverride = "Node-1"
        flags.nodeIP = "10.0.0.1, fd00::1"
        flags.runDirectory = "/tmp/run/"
        flags.stateDirectory = "/tmp/state"
        let found = try ConfigurationLoader.parse([("a", swiftlet("adminSocket: /my.sock"))], flags: flags)
        #expect(found.process.kubeconfig == "/k" && found.process.hostnameOverride == "node-1" && found.process.nodeIPs == ["10.0.0.1", "fd00::1"])
        #expect(
            found.process.runDirectory == "/tmp/run" && found.swiftlet.adminSocket == "/my.sock" && found.swiftlet.imageRoot == "/tmp/state/images")
    }

    @Test("of --node-ip only addresses are taken, at most one of each family")
    func nodeIP() throws {
        var flags = FlagOverrides()
        for (text, found) in [("::", ["::"]), ("0.0.0.0", ["0.0.0.0"]), ("fd00:0::1,10.0.0.1", ["fd00::1", "10.0.0.1"]), ("", [])] {
            flags.nodeIP = text
            #expect(try ConfigurationLoader.parse([], flags: flags).process.nodeIPs == found)
        }
        for text in ["10.0.0.1,10.0.0.2", "::,fd00::1", "node-1", "10.0.0.1,eth0", "10.0.0.1/24", "10.0.0.256", "10.0.0.1,fd00::1,fd00::2"] {
            flags.nodeIP = text
            let error = #expect(throws: ConfigurationError.self) { try ConfigurationLoader.parse([], flags: flags) }
            #expect(error.map { "\($0)".contains("--node-ip") && "\($0)".contains("'\(text)'") } == true, "\(text)")
        }
    }

    @Test(
        "durations are read like Go's",
        arguments: [
            ("10s", Duration.seconds(10)), ("1m30s", .seconds(90)), ("1.5h", .seconds(5400)), ("100ms", .milliseconds(100)), ("0", .zero),
            ("2h0m0s", .seconds(7200)),
            ("-1s", .seconds(-1)), ("", nil), ("10", nil), ("s", nil), ("1x", nil), ("1.s5", nil), ("..s", nil), ("9999999999h", nil),
        ] as [(String, Duration?)])
    func durations(text: String, wanted: Duration?) {
        #expect(GoDuration.parse(text) == wanted)
    }

    @Test("thresholds are amounts or percentages")
    func thresholds() {
        #expect(EvictionAmount("10%")?.amount(of: 1000) == 100)
        #expect(EvictionAmount("1Ki")?.amount(of: 1 << 30) == 1024)
        #expect(EvictionAmount("x") == nil && EvictionAmount("-1") == nil)
    }
}
