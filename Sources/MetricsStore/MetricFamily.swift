package import Exposition

/// A family of metrics: everything about it but its values. Names, help texts, labels and buckets are Kubernetes' own where Kubernetes has the family.
package struct MetricFamily: Sendable, Hashable {
    package let name: String
    package let help: String
    package let kind: MetricKind
    /// Names, ascending, as samples show them.
    package let labels: [String]
    /// The upper bounds of a histogram's buckets, ascending; empty for other kinds.
    package let bounds: [Double]
    /// The most label sets that are kept. Further ones share one in which each value is `other`.
    package let seriesLimit: Int

    private init(_ name: String, _ help: String, _ kind: MetricKind, _ labels: [String], bounds: [Double] = [], limit: Int) {
        self.name = name
        self.help = help
        self.kind = kind
        self.labels = labels.sorted()
        self.bounds = bounds
        seriesLimit = limit
    }

    package static func counter(_ name: String, _ help: String, labels: [String] = [], limit: Int = 200) -> MetricFamily {
        MetricFamily(name, help, .counter, labels, limit: limit)
    }

    package static func gauge(_ name: String, _ help: String, labels: [String] = [], limit: Int = 200) -> MetricFamily {
        MetricFamily(name, help, .gauge, labels, limit: limit)
    }

    /// - Parameter limit: smaller than for other kinds, because a histogram has many samples.
    package static func histogram(_ name: String, _ help: String, labels: [String] = [], bounds: [Double], limit: Int = 60) -> MetricFamily {
        MetricFamily(name, help, .histogram, labels, bounds: bounds, limit: limit)
    }
}

extension MetricFamily {
    /// - Parameter values: of the labels, in their order.
    package func labelled(_ values: [String]) -> [MetricLabel] { zip(labels, values).map { MetricLabel($0, $1) } }
}

extension ExpositionWriter {
    /// Begins a family whose values are computed for this scrape.
    package mutating func family(_ family: MetricFamily) { self.family(family.name, help: family.help, kind: family.kind) }

    /// Writes a family of one sample.
    package mutating func family(_ family: MetricFamily, value: Double) {
        self.family(family)
        sample(family.name, value: value)
    }

    /// - Parameter values: of the family's labels, in their order.
    package mutating func sample(_ family: MetricFamily, _ values: String..., value: Double) {
        sample(family.name, family.labelled(values), value: value)
    }
}
