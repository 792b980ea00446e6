/// The labels of many samples, escaped once.
public struct MetricLabels: Sendable, Hashable {
    /// `name="value",...` without braces.
    let bytes: [UInt8]

    public init(_ labels: [MetricLabel]) {
        var bytes: [UInt8] = []
        for (index, label) in labels.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(contentsOf: label.name.utf8)
            bytes.append(contentsOf: "=\"".utf8)
            ExpositionWriter.escape(label.value, quotes: true, into: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
        self.bytes = bytes
    }

    /// These labels and then others.
    public func adding(_ labels: MetricLabel...) -> MetricLabels {
        let more = MetricLabels(labels)
        if bytes.isEmpty { return more }
        return more.bytes.isEmpty ? self : MetricLabels(bytes: bytes + [UInt8(ascii: ",")] + more.bytes)
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }
}
