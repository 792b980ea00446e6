import KubeModel
import PodCore
import TestSupport
import Testing

@testable import KubeClient
@testable import NodeAgent

@Suite("Version of Kubernetes that the node reports")
struct KubernetesVersionTests {
    @Test(
        "a version is read as API servers write it",
        arguments: [
            ("v1.36.2", "v1.36.2"), ("1.35.0", "v1.35.0"), ("v1.34.3+k3s1", "v1.34.3"), ("v1.33.1-eks-5d4a308", "v1.33.1"),
            ("v1.37.0-alpha.1.20+dirty", "v1.37.0"), ("v1.36", nil), ("v2.0.0", nil), ("", nil), ("v1.x.0", nil), ("v1.36.", nil),
        ])
    func reading(text: String, version: String?) {
        #expect(KubernetesVersion(gitVersion: text)?.description == version)
    }

    @Test(
        "it is never newer than the API server, and never older than what this agent was made for",
        arguments: [
            ("v1.36.0", "v1.36.2"), ("v1.37.1", "v1.36.2"), ("v1.35.4", "v1.35.0"), ("v1.33.9", "v1.33.0"), ("v1.32.1", "v1.33.0"),
        ])
    func following(server: String, reported: String) throws {
        let server = try #require(KubernetesVersion(gitVersion: server))
        #expect(KubernetesVersion.reported(beside: server).description == reported)
    }

    private func reporter(_ api: FakeNodeAPI, _ time: ManualTime) -> NodeReporter {
        let node = FakeNode()
        return NodeReporter(
            settings: NodeSettings(name: "node-1", swiftletVersion: "1.0"), api: api, host: FixedHost(), images: node, network: node,
            readiness: NodeReadiness(), events: EventRecorder(api: FakeEventAPI(), nodeName: "node-1", time: time, logger: .silent), time: time,
            logger: .silent)
    }

    @Test("a node that may not read the API server's version registers all the same") func hiddenVersion() async throws {
        let api = FakeNodeAPI()
        api.setServerVersion("")
        try await reporter(api, ManualTime()).register()
        #expect(api.node?.status?.nodeInfo?.kubeletVersion == "v1.36.2")
    }

    @Test("the node is registered with it, and a status follows an upgrade of the API server") func registration() async throws {
        let (api, time) = (FakeNodeAPI(), ManualTime())
        api.setServerVersion("v1.35.1+k3s1")
        let reporter = reporter(api, time)
        try await reporter.register()
        let version = { api.node?.status?.nodeInfo?.kubeletVersion }
        #expect(version() == "v1.35.0")
        api.setServerVersion("v1.36.0")
        try await whileRunning({ await reporter.run(node: ReflectorUpdates(mailbox: ChangeMailbox(initial: [:]))) }) {
            // The first status is written at once, the next heartbeat after five minutes.
            await api.calls.wait { $0.contains("patch status") }
            #expect(version() == "v1.35.0")
            for _ in 0..<30 { await time.passPause(shorterThan: .seconds(11)) }
            await api.calls.wait { $0.count { $0 == "patch status" } == 2 }
            #expect(version() == "v1.36.2")
        }
    }

    private struct FixedHost: NodeHost {
        func describe() async throws -> HostDescription {
            HostDescription(
                hostname: "node-1", machineID: "m", systemUUID: "s", bootID: "b", kernelVersion: "6.18", osImage: "Debian", architecture: "amd64",
                processors: 4, memory: 8 << 30, ephemeralStorage: 100 << 30, hugepages: [:], addresses: ["192.0.2.1"])
        }
    }
}
