package import CoreMetrics

/// Recording by family: one line where something is known.
extension MetricsFactory {
    /// - Parameter values: of the family's labels, in their order.
    package func count(_ family: MetricFamily, _ values: String..., by amount: Int = 1) {
        Counter(label: family.name, dimensions: Array(zip(family.labels, values)), factory: self).increment(by: amount)
    }

    /// Adds an observation to a histogram of seconds.
    /// - Parameter values: of the family's labels, in their order.
    package func observe(_ family: MetricFamily, _ values: String..., seconds: Double) {
        Recorder(label: family.name, dimensions: Array(zip(family.labels, values)), aggregate: true, factory: self).record(seconds)
    }

    /// - Parameter values: of the family's labels, in their order.
    package func observe(_ family: MetricFamily, _ values: String..., duration: Duration) {
        Recorder(label: family.name, dimensions: Array(zip(family.labels, values)), aggregate: true, factory: self).record(duration.inSeconds)
    }

    /// Changes a gauge by an amount that may be negative.
    /// - Parameter values: of the family's labels, in their order.
    package func change(_ family: MetricFamily, _ values: String..., by amount: Double) {
        Meter(label: family.name, dimensions: Array(zip(family.labels, values)), factory: self).increment(by: amount)
    }
}

extension Duration {
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
