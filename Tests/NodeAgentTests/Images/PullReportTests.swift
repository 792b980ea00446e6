import KubeModel
import PodCore
import Synchronization
import TestSupport
import Testing
import Timing

@testable import KubeClient
@testable import NodeAgent

@Suite("Reports of a pull", .timeLimit(.minutes(1)))
struct PullReportTests {
    /// Pulls until the test ends it.
    private final class SlowImages: ImageService {
        let gate = Turnstile(permits: 0)
        let done = Mutex<Int64>(0)

        func image(_ reference: String) async throws(ImageFailure) -> ImageDescription? { nil }
        func permission(toUse image: ImageDescription, as reference: String) async -> ImageAccess { .open }
        func admits(_ credentials: [RegistryCredential], to image: ImageDescription, as reference: String) async -> Bool { true }
        func user(_ user: String, in image: ImageDescription) async throws(ImageFailure) -> ImageUser { ImageUser(uid: 0, gid: 0) }
        func images() async -> [ImageDescription] { [] }

        func pull(_ reference: String, credentials: [RegistryCredential]) async throws(ImageFailure) -> ImageDescription {
            await gate.pass()
            return FakeNode.description(reference)
        }

        func progress(of reference: String) async -> ImagePullStatus? {
            let done = done.withLock { $0 }
            return ImagePullStatus(layers: [ImagePullStatus.Layer(digest: "a", stage: .downloading, size: 4096, done: done)])
        }
    }

    @Test("a pull that takes long is reported every half minute, while it goes on")
    func reports() async throws {
        let node = FakeNode()
        let images = SlowImages()
        let time = ManualTime()
        let ports = ActionRunner.Ports(
            runtime: node, resources: node, images: images, network: node, volumes: node, folders: node, objects: node, services: node,
            probes: node.probes)
        let runner = ActionRunner(
            ports: ports, context: { fatalError("no context is needed") },
            events: EventRecorder(api: FakeEventAPI(), nodeName: "node-1", time: time, logger: .silent), sandboxes: SandboxIndex(), time: time,
            logger: .silent, makeID: { "id" })
        let messages = Journal<String>()
        async let pulled = runner.pull("a:1", credentials: []) { messages.note($0) }
        for (number, done) in [1024, 1024, 2048].enumerated() as EnumeratedSequence<[Int64]> {
            await time.waitForSleeper(until: ActionRunner.pullReportPeriod * (number + 1))
            images.done.withLock { $0 = done }
            time.advance(by: ActionRunner.pullReportPeriod)
        }
        await messages.wait(count: 2)
        images.gate.permitOne()
        #expect(try await pulled.names == ["a:1"])
        #expect(
            messages.entries == [
                "Pulling image \"a:1\": 0 of 1 layers, 1.0 KiB of 4.0 KiB", "Pulling image \"a:1\": 0 of 1 layers, 2.0 KiB of 4.0 KiB",
            ])
    }
}
