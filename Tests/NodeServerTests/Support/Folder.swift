import FoundationEssentials

/// A directory that goes away with the test.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    let path = "/tmp/swiftlet-nodeserver-\(UInt64.random(in: 0 ... .max))"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try await body(path)
}

func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
}

/// Looks again and again until it is so; what is waited for happens on another task.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<500 {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}
