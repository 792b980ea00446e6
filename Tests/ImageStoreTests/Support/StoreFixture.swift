import LinuxSystem
import Logging
import PodCore
import TestSupport
import Timing

@testable import ImageStore

/// An image store in a directory of its own, closed afterwards.
/// - Parameter stall: how long a registry may send nothing; longer than a busy machine keeps one waiting.
func withStore<R>(
    in directory: String, registries: RegistryConfiguration = RegistryConfiguration(), limits: ImageLimits = ImageLimits(),
    unpacker: (any LayerUnpacker)? = nil, stall: Duration = .seconds(60), _ body: (ImageStore) async throws -> R
) async throws -> R {
    let pool = BlockingPool(name: "images", threads: 4, queueLimit: 4096)
    var timing = RegistryTiming()
    timing.backOff = BackOff(initial: .milliseconds(5), maximum: .milliseconds(160))
    timing.stall = stall
    timing.retries = 2
    let store = try await ImageStore.open(
        directory: directory, registries: registries, limits: limits, unpacker: unpacker ?? DirectUnpacker(pool: pool), timing: timing, pool: pool,
        time: SystemTime(), logger: .silent)
    do {
        let result = try await body(store)
        await store.shutdown()
        return result
    } catch {
        await store.shutdown()
        throw error
    }
}

/// Serves blobs and manifests of one repository, `test/image`.
func honest(_ image: TestImage, tags: [String: [UInt8]] = [:]) -> @Sendable (FakeRegistry.Request) -> FakeRegistry.Reply {
    var manifests = tags
    manifests["1"] = manifests["1"] ?? image.manifest
    let all = manifests
    return { request in
        let name = request.path.split(separator: "/").last.map(String.init) ?? ""
        if request.path.contains("/manifests/") {
            let named = all[name] ?? (name == "\(image.digest)" ? image.manifest : nil)
            guard let bytes = named ?? all.values.first(where: { "\(ContentHasher.digest(of: $0))" == name }) else { return .missing }
            let isIndex = String(decoding: bytes, as: UTF8.self).contains("\"manifests\"")
            let type = isIndex ? MediaType.ociIndex : MediaType.ociManifest
            let digest = ContentHasher.digest(of: bytes)
            return FakeRegistry.Reply(headers: [("Content-Type", type), ("Docker-Content-Digest", "\(digest)")], body: bytes)
        }
        guard let digest = ContentDigest(name), let bytes = image.blobs[digest] else { return .missing }
        return FakeRegistry.Reply(body: bytes)
    }
}
