import PodCore

/// Answers every work but pulls.
struct FakeImageOffice: ImageOffice {
    func perform(_ request: ImageRequest) async throws(ImageFailure) -> ImageAnswer {
        switch request {
        case .prune: return .removed([])
        case .pull: throw ImageFailure(.registryUnavailable, "no registry answers")
        default: return .done
        }
    }
}
