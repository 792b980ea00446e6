/// Observations counted by their size: Prometheus' histogram.
public struct Histogram: Sendable, Hashable {
    /// The largest value of each bucket, ascending. One more bucket takes what is larger.
    public let bounds: [Double]
    /// The observations in each bucket alone, the one without a bound last.
    public private(set) var counts: [UInt64]
    /// Of all observations.
    public private(set) var sum = 0.0

    public init(bounds: [Double]) {
        self.bounds = bounds
        counts = Array(repeating: 0, count: bounds.count + 1)
    }

    public var count: UInt64 { counts.reduce(0, +) }

    /// A value on a bound belongs to the bucket below it.
    public mutating func observe(_ value: Double) {
        counts[bounds.firstIndex { value <= $0 } ?? bounds.count] += 1
        sum += value
    }
}

extension ExpositionWriter {
    /// Writes the samples of one histogram: each bucket with the smaller ones, sum and count.
    public mutating func histogram(_ name: String, _ labels: [MetricLabel] = [], _ histogram: Histogram) {
        var total: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            total += count
            let bound = index < histogram.bounds.count ? histogram.bounds[index] : .infinity
            sample(name + "_bucket", labels + [MetricLabel("le", Self.text(bound))], value: Double(total))
        }
        sample(name + "_sum", labels, value: histogram.sum)
        sample(name + "_count", labels, value: Double(total))
    }
}
