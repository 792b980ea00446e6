import ImageStore
import NodeAgent
import PodCore

/// The operators' work on the node's images, with the agent or, while it does not run, without.
struct ImageDesk: ImageOffice {
    let store: ImageStore
    /// The parts that know which images are in use; `nil` without the agent.
    let agent: (collector: ImageCollector, users: any ImageUsers)?

    func perform(_ request: ImageRequest) async throws(ImageFailure) -> ImageAnswer {
        switch request {
        case .list: return .images(await store.storedImages())
        case .pull(let reference, let pins):
            let image = try await store.pull(reference, credentials: [])
            if pins { _ = try await store.pin(reference, true) }
            return .images(await stored([image.id]))
        case .progress(let reference): return .progress(await store.progress(of: reference))
        case .remove(let reference): return .removed(try await remove(reference))
        case .pin(let reference, let isPinned):
            guard try await store.pin(reference, isPinned) else { throw Self.missing(reference) }
            return .done
        case .prune(let isDryRun):
            guard let agent else { throw Self.withoutAgent }
            return .removed(try await agent.collector.prune(dryRun: isDryRun))
        case .verify: return .verified(try await store.verify())
        case .importFile(let path, let name, let pins):
            let images = try await store.importImages(from: path, name: name, pins: pins)
            return .images(await stored(Set(images.map(\.id))))
        case .export(let reference, let path, let format):
            try await store.exportImage(reference, to: path, format: format)
            return .done
        case .usage: return .usage(try await store.usage())
        }
    }

    private func stored(_ ids: Set<String>) async -> [StoredImage] { await store.storedImages().filter { ids.contains($0.image.id) } }

    private func remove(_ reference: String) async throws(ImageFailure) -> [RemovedImage] {
        guard let agent else { throw Self.withoutAgent }
        guard let image = try await store.image(reference) else { throw Self.missing(reference) }
        guard let stored = await stored([image.id]).first else { throw Self.missing(reference) }
        if try await store.removeName(reference, of: image.id) { return [RemovedImage(stored, bytes: 0)] }
        let used = try await agent.users.usedImages()
        guard !used.contains(image) else {
            throw ImageFailure(.storeFailed, "image \"\(reference)\" is used by a pod; delete the pod first")
        }
        guard let bytes = try await store.removeImage(image.id, unusedFor: .zero, keeping: used.directories(among: [stored])) else {
            throw Self.missing(reference)
        }
        return [RemovedImage(stored, bytes: bytes)]
    }

    private static func missing(_ reference: String) -> ImageFailure {
        ImageFailure(.invalidName, "no image \"\(reference)\" on this node (see 'swiftlet images ls')")
    }

    private static let withoutAgent = ImageFailure(
        .storeFailed, "swiftlet is not running, and it alone knows which images containers use: start it with 'systemctl start swiftlet'")
}
