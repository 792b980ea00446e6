import PodCore
import Synchronization

/// How far one pull is.
final class PullProgress: Sendable {
    private struct Layer: Sendable {
        let digest: String
        let size: Int64
        var stage = ImagePullStatus.Stage.waiting
        var file: BlobFile?
    }

    private let layers = Mutex<[Layer]>([])

    func expect(_ descriptors: [Descriptor]) {
        layers.withLock { $0 = descriptors.map { Layer(digest: "\($0.digest)", size: $0.size) } }
    }

    /// - Parameter file: that is written or read in this stage.
    func reach(_ stage: ImagePullStatus.Stage, _ position: Int, _ file: BlobFile? = nil) {
        layers.withLock { layers in
            guard layers.indices.contains(position) else { return }
            layers[position].stage = stage
            layers[position].file = file
        }
    }

    var status: ImagePullStatus {
        ImagePullStatus(
            layers: layers.withLock { $0 }.map { layer in
                let done: Int64 =
                    switch layer.stage {
                    case .waiting: 0
                    case .downloading: layer.file?.count ?? 0
                    case .unpacking: layer.file?.position ?? 0
                    case .ready: layer.size
                    }
                return ImagePullStatus.Layer(digest: layer.digest, stage: layer.stage, size: layer.size, done: min(done, layer.size))
            })
    }
}
