import KubeModel
import PodCore

extension ImageCaps {
    /// Takes over the fields of `imageLimits`.
    mutating func read(_ reader: inout FieldReader) throws {
        try reader.read("layerRatio", into: &layerRatio, in: 1...1_000_000_000)
        try Self.size("layerSize", into: &layerSize, &reader)
        try Self.size("imageSize", into: &imageSize, &reader)
        try Self.size("unpackedLayerSize", into: &unpackedLayerSize, &reader)
        try reader.read("layerEntries", into: &layerEntries, in: 1...1_000_000_000)
        // A path has at most 4095 bytes.
        try reader.read("layerDepth", into: &layerDepth, in: 1...2048)
        try reader.read("unpackTimeout", into: &unpackTimeout)
        var free: Int64 = -1
        try Self.size("freeSpace", into: &free, least: 0, &reader)
        if free >= 0 { freeSpace = free }
    }

    /// An empty text means the default.
    private static func size(_ key: String, into target: inout Int64, least: Int64 = 1, _ reader: inout FieldReader) throws {
        var text = ""
        try reader.read(key, into: &text)
        guard !text.isEmpty, let node = reader.node(key) else { return }
        guard let quantity = Quantity(text), quantity.value >= least else {
            throw reader.bad(node, key, "found '\(text)', wanted a size such as 64Gi")
        }
        target = quantity.value
    }
}
