/// How long to wait after failures in a row: 0.1 s, doubled each time, at most 30 s.
struct RetryDelay {
    private var failures = 0

    mutating func reset() { failures = 0 }

    mutating func next() -> Duration {
        defer { failures += 1 }
        return min(.milliseconds(100) * (1 << min(failures, 10)), .seconds(30))
    }
}
