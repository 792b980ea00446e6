import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Image pulls", .timeLimit(.minutes(1)))
struct ImagePullTests {
    private let bench = NodeBench()
    private var node: FakeNode { bench.node }

    private func secret(_ name: String, _ config: String) throws -> Secret {
        try Wire.decode(["metadata": ["name": .string(name)], "data": [".dockerconfigjson": .string(Wire.base64(config))]])
    }

    @Test("an image is pulled with the pod's secrets in their order; what is missing or unreadable is named, and the rest counts")
    func pullsWithThePodsSecrets() async throws {
        let one = try secret("one", #"{"auths":{"r":{"username":"u","password":"p"},"s":{"auth":"%"}}}"#)
        let two = try secret("two", #"{"auths":{"r":{"auth":"djp3Cg==\n"}}}"#)
        node.state.withLock { state in
            state.imageIsPresent = false
            state.secrets = ["one": one, "two": two]
        }
        try await bench.run {
            bench.list([NodeBench.pod { $0.spec.imagePullSecrets = ["two", "lost", "one"].map { LocalObjectReference(name: $0) } }])
            await bench.events.calls.wait { $0.count == 6 }
        }
        #expect(node.state.withLock { $0.credentials }.map { "\($0.registry) \($0.username):\($0.password)" } == ["r v:w", "r u:p"])
        let missing = "FailedToRetrieveImagePullSecret"
        #expect(bench.events.created.map(\.reason) == ["Pulling", missing, missing, "Pulled", "Created", "Started"])
        #expect(
            bench.events.created.filter { $0.reason == missing }.map(\.message) == [
                "Unable to read image pull secret \"one\", or not all of it: .dockerconfigjson: the entry of \"s\" has an auth that is not base64; "
                    + "attempting to pull the image may not succeed.",
                "Unable to retrieve some image pull secrets (lost); attempting to pull the image may not succeed.",
            ])
        #expect(node.did.entries.first == "hold lost,one,two")
    }

    @Test("a failed pull shows kubelet's reasons, messages and events, and the pod comes back without a new one")
    func failedPull() async throws {
        let text = "failed to pull and unpack image \"docker.io/library/app:latest\": failed to resolve reference: not found"
        node.state.withLock { state in
            state.imageIsPresent = false
            state.pullFailures = [ImageFailure(.pullFailed, text)]
        }
        var waiting: [ContainerState.Waiting?] = []
        func look() async {
            waiting.append(await bench.manager.pods().first?.status?.containerStatuses?.first?.state.waiting)
        }
        try await bench.run {
            bench.list([NodeBench.pod()])
            await bench.events.calls.wait { $0.count == 3 }
            await look()
            await bench.time.waitForSleeper(until: .seconds(1))
            bench.time.advance(by: .seconds(1))
            await bench.events.calls.wait { $0.count == 5 }
            await look()
            await bench.time.waitForSleeper(until: .seconds(10))
            bench.time.advance(by: .seconds(9))
            await bench.events.calls.wait { $0.count == 9 }
        }
        #expect(waiting.map { $0?.reason } == ["ErrImagePull", "ImagePullBackOff"])
        #expect(waiting.map { $0?.message } == [text, "Back-off pulling image \"app\": ErrImagePull: \(text)"])
        let events = bench.events.created.map { "\($0.type) \($0.reason) \($0.message)" }
        #expect(
            events.prefix(5) == [
                "Normal Pulling Pulling image \"app\"", "Warning Failed Failed to pull image \"app\": \(text)", "Warning Failed Error: ErrImagePull",
                "Normal BackOff Back-off pulling image \"app\"", "Warning Failed Error: ImagePullBackOff",
            ])
        #expect(node.did.entries.filter { $0.hasPrefix("pull") }.count == 2)
        #expect(!node.didNot("start main"))
    }

    @Test(
        "credentials for the pod's service account come after its secrets, and a provider that fails is named in an event", arguments: [true, false])
    func serviceAccount(hasAccount: Bool) async throws {
        let one = try secret("one", #"{"auths":{"r":{"username":"u","password":"p"}}}"#)
        node.state.withLock { state in
            state.imageIsPresent = false
            state.secrets = ["one": one]
            state.hasProvider = true
            state.providerProblem = "credential provider p failed: not now"
        }
        let pod = NodeBench.pod {
            $0.spec.imagePullSecrets = [LocalObjectReference(name: "one")]
            $0.spec.serviceAccountName = hasAccount ? "puller" : nil
        }
        try await bench.run {
            bench.list([pod])
            await bench.statuses.wait { $0.contains { $0.contains("Running") } }
            await bench.events.calls.wait { $0.contains { $0.text == "create CredentialProviderFailed" } }
        }
        let logins = node.state.withLock { $0.credentials }.map { "\($0.username):\($0.password)" }
        #expect(logins == (hasAccount ? ["u:p", "account-1:t"] : ["u:p"]))
        let asked = node.did.entries.filter { $0.hasPrefix("service account") || $0.hasPrefix("token registry") }
        #expect(asked == (hasAccount ? ["service account default/puller", "token registry account-1"] : []))
        #expect(
            bench.events.created.first { $0.reason == "CredentialProviderFailed" }?.message
                == "credential provider p failed: not now; attempting to pull the image may not succeed.")
    }
}
