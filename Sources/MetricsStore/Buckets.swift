/// The bounds of buckets that several families share.
enum Buckets {
    /// `prometheus.DefBuckets`.
    static let standard: [Double] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

    /// `podStartupDurationBuckets` of kubelet.
    static let podStart: [Double] = [
        0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600,
    ]

    /// Of calls to the API server.
    static let calls: [Double] = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60]

    /// From the change of an endpoint in the API to the node's rules.
    static let programming: [Double] =
        [0, 0.25, 0.5] + linear(from: 1, width: 1, count: 59) + linear(from: 60, width: 5, count: 12) + linear(from: 120, width: 30, count: 7)

    /// Each is `factor` times the one before it, multiplied one after the other as client_golang does, so that the last digits agree.
    static func exponential(from start: Double, factor: Double, count: Int) -> [Double] {
        var next = start
        return (0..<count).map { _ in
            defer { next *= factor }
            return next
        }
    }

    static func linear(from start: Double, width: Double, count: Int) -> [Double] { (0..<count).map { start + Double($0) * width } }
}
