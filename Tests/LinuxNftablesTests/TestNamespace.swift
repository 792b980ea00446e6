import Glibc
import LinuxNftables
import LinuxSystem

/// A network namespace that lives as long as this object.
final class TestNamespace: Sendable {
    let namespace: Namespace

    init() throws {
        namespace = try Namespace.makeBlocking(.net)
        try run("ip link set lo up")
    }

    var descriptor: OwnedFileDescriptor { namespace.descriptor }
    var path: String { "/proc/\(getpid())/fd/\(descriptor.rawValue)" }

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Runs a shell command in the namespace and returns what it prints; both outputs. Throws when it fails.
    @discardableResult
    func run(_ command: String) throws -> String {
        let (output, status) = Self.shell("nsenter --net=\(path) sh -c '\(command)' 2>&1")
        guard status == 0 else { throw Failure(description: "\(command): exit \(status): \(output)") }
        return output
    }

    /// As `run`, giving back the exit status as well.
    func attempt(_ command: String) -> (output: String, status: Int32) {
        Self.shell("nsenter --net=\(path) sh -c '\(command)' 2>&1")
    }

    /// The namespace's ruleset as `nft` prints it.
    func ruleset() throws -> String { try run("nft list ruleset") }

    func store() throws -> KernelRulesetStore { try KernelRulesetStore(namespace: descriptor) }

    static func shell(_ command: String) -> (output: String, status: Int32) {
        guard let pipe = popen(command, "r") else { return ("popen: errno \(errno)", -1) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            if count == 0 { break }
            bytes += buffer[..<count]
        }
        let status = pclose(pipe)
        return (String(decoding: bytes, as: UTF8.self), status & 0x7f == 0 ? status >> 8 & 0xff : -1)
    }
}
