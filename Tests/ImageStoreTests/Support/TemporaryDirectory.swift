import Glibc
import LinuxSystem
import Testing

/// Runs `body` with a directory that is gone afterwards, whatever happens.
func withTemporaryDirectory<R>(_ body: (String) async throws -> R) async throws -> R {
    var template = Array("/tmp/imagestore-test-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap { mkdtemp($0) } != nil }
    try #require(made)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    do {
        let result = try await body(path)
        try removeTree(path)
        return result
    } catch {
        try? removeTree(path)
        throw error
    }
}

/// As the store does it. Layers may hold names that are no text.
func removeTree(_ path: String) throws {
    try TreeRemoval.remove(path)
}

let isRoot = geteuid() == 0

/// A program of this build, beside the test binary.
func builtProgram(_ name: String) -> String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/" + name
}
