/// How far a pull is.
package struct ImagePullStatus: Sendable, Hashable, Codable {
    package enum Stage: String, Sendable, Hashable, Codable {
        case waiting
        case downloading
        case unpacking
        case ready
    }

    package struct Layer: Sendable, Hashable, Codable {
        package let digest: String
        package let stage: Stage
        /// Compressed bytes.
        package let size: Int64
        /// Bytes that are downloaded, or that the unpacking has read, by the stage.
        package let done: Int64

        package init(digest: String, stage: Stage, size: Int64, done: Int64) {
            self.digest = digest
            self.stage = stage
            self.size = size
            self.done = done
        }

        /// Bytes that are on this node.
        package var present: Int64 {
            switch stage {
            case .waiting: 0
            case .downloading: done
            case .unpacking, .ready: size
            }
        }
    }

    /// Lowest first; empty while the manifest is asked for.
    package let layers: [Layer]

    package init(layers: [Layer]) { self.layers = layers }

    /// `2 of 5 layers, 12.0 MiB of 80.0 MiB`.
    package var summary: String {
        if layers.isEmpty { return "asking the registry" }
        let ready = layers.count { $0.stage == .ready }
        let bytes = layers.reduce(0) { $0 + $1.present }
        return "\(ready) of \(layers.count) layers, \(ByteText.of(bytes)) of \(ByteText.of(layers.reduce(0) { $0 + $1.size }))"
    }
}
