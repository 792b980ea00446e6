package import PodCore

/// A pull on a terminal: a line for each layer with its stage, bytes and rate, which replaces the one before.
package struct PullTable {
    private var lines = 0
    /// The state of each layer at the last frame, by position.
    private var before: (at: Duration, layers: [ImagePullStatus.Layer])?

    package init() {}

    /// Returns the text of the next frame, which begins by going back over the last one.
    package mutating func frame(_ status: ImagePullStatus, at now: Duration) -> String {
        let texts = status.layers.enumerated().map { line($0.element, rate: rate($0.offset, $0.element, now)) }
        let back = lines > 0 ? "\u{1b}[\(lines)A" : ""
        before = (now, status.layers)
        lines = texts.count
        return back + texts.map { "\u{1b}[2K\($0)\n" }.joined()
    }

    /// Bytes in a second since the last frame, within one stage.
    private func rate(_ position: Int, _ layer: ImagePullStatus.Layer, _ now: Duration) -> Int64? {
        guard let before, before.layers.indices.contains(position), now > before.at else { return nil }
        let last = before.layers[position]
        guard last.stage == layer.stage, last.digest == layer.digest, layer.done >= last.done else { return nil }
        return Int64(Double(layer.done - last.done) / ((now - before.at) / .seconds(1)))
    }

    private func line(_ layer: ImagePullStatus.Layer, rate: Int64?) -> String {
        let name = String(layer.digest.dropFirst("sha256:".count).prefix(12))
        switch layer.stage {
        case .waiting: return "\(name)  waiting      \(ByteText.of(layer.size))"
        case .ready: return "\(name)  ready        \(ByteText.of(layer.size))"
        case .downloading, .unpacking:
            let stage = layer.stage == .downloading ? "downloading" : "unpacking  "
            let speed = rate.map { "  \(ByteText.of($0))/s" } ?? ""
            return "\(name)  \(stage)  \(ByteText.of(layer.done)) of \(ByteText.of(layer.size))\(speed)"
        }
    }
}
