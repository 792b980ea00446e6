import Synchronization

/// Layers that a pull relies on before an image names them.
final class LayerHolds: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func hold(_ chain: [ContentDigest]) {
        counts.withLock { counts in
            for layer in chain { counts[layer.description, default: 0] += 1 }
        }
    }

    func release(_ chain: [ContentDigest]) {
        counts.withLock { counts in
            for layer in chain {
                let left = (counts[layer.description] ?? 1) - 1
                counts[layer.description] = left > 0 ? left : nil
            }
        }
    }

    func contains(_ chain: String) -> Bool { counts.withLock { $0[chain] != nil } }
}
