#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Writes kubeconfigs and keys: whole or not at all, and keys readable by their owner only.
struct CredentialFiles: Sendable {
    let directory: String

    func write(_ name: String, _ text: String, isSecret: Bool) throws {
        let path = "\(directory)/\(name)"
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, isSecret ? 0o600 : 0o644)
        guard descriptor >= 0 else { throw Self.error("create", temporary, errno) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Self.retry { [start = $0.baseAddress, length = $0.count] in Glibc.write(descriptor, start, length) } }
            guard count > 0 else {
                let failure = errno
                close(descriptor)
                unlink(temporary)
                throw Self.error("write", temporary, failure)
            }
            rest = rest.dropFirst(count)
        }
        close(descriptor)
        guard rename(temporary, path) == 0 else { throw Self.error("rename", temporary, errno) }
    }

    func makeDirectory() throws {
        if mkdir(directory, 0o755) != 0, errno != EEXIST { throw Self.error("create directory", directory, errno) }
    }

    private static func retry(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            if result >= 0 || errno != EINTR { return result }
        }
    }

    private static func error(_ operation: String, _ path: String, _ code: Int32) -> DevClusterError {
        DevClusterError(.cannotWrite, "cannot \(operation) \(path): \(String(cString: strerror(code))): choose another --dir")
    }
}
