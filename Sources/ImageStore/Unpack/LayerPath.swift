/// A name of a layer's entry, cut into components: relative, without `.`, `..` resolved lexically.
///
/// Names are bytes, not text: a file name in an image may not be UTF-8.
struct LayerPath: Sendable, Hashable {
    let components: [[UInt8]]

    static let longestName = 255
    static let longestPath = 4095

    /// `nil` for a name that leads out of the layer, or that file systems refuse.
    init?(_ bytes: some Collection<UInt8>) {
        var parts: [[UInt8]] = []
        guard bytes.count <= 65536, !bytes.contains(0) else { return nil }
        for part in bytes.split(separator: UInt8(ascii: "/")) {
            if part.elementsEqual(".".utf8) { continue }
            if part.elementsEqual("..".utf8) {
                guard parts.popLast() != nil else { return nil }
                continue
            }
            guard part.count <= Self.longestName else { return nil }
            parts.append(Array(part))
        }
        components = parts
        guard joined.count <= Self.longestPath else { return nil }
    }

    init(components: [[UInt8]]) { self.components = components }

    var isRoot: Bool { components.isEmpty }
    var parent: LayerPath { LayerPath(components: Array(components.dropLast())) }
    var base: [UInt8] { components.last ?? [] }

    func replacingBase(_ name: [UInt8]) -> LayerPath { LayerPath(components: components.dropLast() + [name]) }

    /// With slashes between, `.` for the root.
    var joined: [UInt8] { components.isEmpty ? [UInt8(ascii: ".")] : Array(components.joined(separator: [UInt8(ascii: "/")])) }

    /// For messages.
    var text: String { String(decoding: joined.prefix(300), as: UTF8.self) }
}

extension [UInt8] {
    /// The name with a NUL at its end.
    var terminated: [CChar] { map { CChar(bitPattern: $0) } + [0] }
}
