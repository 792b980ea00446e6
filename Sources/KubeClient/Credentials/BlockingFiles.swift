import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// File access on NIO's thread pool, so that a slow disk never holds up a cooperative thread.
struct BlockingFiles: Sendable {
    /// Certificates, keys, tokens and kubeconfigs are small; anything larger is a mistake.
    static let largestFile = 4 << 20

    private let pool: NIOThreadPool

    init(pool: NIOThreadPool = .singleton) {
        self.pool = pool
    }

    func run<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await pool.runIfActive(work)
    }

    func read(_ path: String, operation: String, hint: String = "") async throws -> [UInt8] {
        try await run { try Self.readNow(path, operation: operation, hint: hint) }
    }

    static func readNow(_ path: String, operation: String, hint: String = "") throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(operation, path, errno, hint) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = readOnce(descriptor, &buffer)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(operation, path, errno, hint)
            }
            if count == 0 { return content }
            content.append(contentsOf: buffer[..<count])
            guard content.count <= largestFile else {
                throw APIError(
                    .unreadableFile, operation: operation, object: path, reason: "it is larger than \(largestFile) bytes; wanted a small file" + hint)
            }
        }
    }

    /// Replaces a file in one step: a reader sees the old content or the new one, also after a power cut.
    static func replaceNow(_ path: String, with content: [UInt8], mode: mode_t) throws {
        let operation = "write"
        let temporary = path + ".tmp"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure(operation, temporary, errno) }
        do {
            defer { close(descriptor) }
            // The mode given to open() is cut by the umask; a key must have exactly this one.
            guard fchmod(descriptor, mode) == 0 else { throw failure(operation, temporary, errno) }
            var offset = 0
            while offset < content.count {
                let count = content[offset...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                if count < 0 {
                    if errno == EINTR { continue }
                    throw failure(operation, temporary, errno)
                }
                offset += count
            }
            guard fsync(descriptor) == 0 else { throw failure(operation, temporary, errno) }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let number = errno
            unlink(temporary)
            throw failure(operation, path, number)
        }
    }

    /// Points the symbolic link at `target` in one step.
    static func relinkNow(_ path: String, to target: String) throws {
        let temporary = path + ".tmp"
        unlink(temporary)
        guard symlink(target, temporary) == 0 else { throw failure("link", temporary, errno) }
        guard rename(temporary, path) == 0 else {
            let number = errno
            unlink(temporary)
            throw failure("link", path, number)
        }
    }

    static func makeDirectoryNow(_ path: String, mode: mode_t) throws {
        var made = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            made += (made.isEmpty || made.hasSuffix("/") ? "" : "/") + part
            guard mkdir(made, mode) == 0 || errno == EEXIST || errno == EISDIR else { throw failure("make the directory", made, errno) }
        }
    }

    static func failure(_ operation: String, _ path: String, _ number: Int32, _ hint: String = "") -> APIError {
        let text = String(cString: strerror(number))
        let isMissing = number == ENOENT || number == ENOTDIR
        return APIError(
            isMissing ? .missingFile : .unreadableFile, operation: operation, object: path,
            reason: (isMissing ? "there is no such file" : "\(text) (errno \(number))") + hint)
    }

    private static func readOnce(_ descriptor: Int32, _ buffer: inout [UInt8]) -> Int {
        // Named after the module, because this type has a `read` of its own.
        #if canImport(Glibc)
            Glibc.read(descriptor, &buffer, buffer.count)
        #else
            Musl.read(descriptor, &buffer, buffer.count)
        #endif
    }
}
