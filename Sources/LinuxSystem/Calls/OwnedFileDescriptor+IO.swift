import Glibc

extension OwnedFileDescriptor {
    /// Opens a path (`open` with `O_CLOEXEC`).
    package static func open(_ path: String, _ flags: Int32, mode: UInt32 = 0) throws(SystemError) -> OwnedFileDescriptor {
        try descriptorCall("open", path) { Glibc.open(path, flags | O_CLOEXEC, mode) }
    }

    /// Opens a path under this directory (`openat` with `O_CLOEXEC`). Follows symlinks: see `SafePath` for untrusted names.
    package func openAt(_ path: String, _ flags: Int32, mode: UInt32 = 0) throws(SystemError) -> OwnedFileDescriptor {
        try descriptorCall("openat", path) { withRawValue { Glibc.openat($0, path, flags | O_CLOEXEC, mode) } }
    }

    /// One `read` of at most `count` bytes; empty at the end of the file.
    package func read(upTo count: Int) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SystemError) {
                filled = try systemCall("read") { withRawValue { Glibc.read($0, buffer.baseAddress, count) } }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Everything up to the end of the file, refused beyond `limit` bytes.
    package func readAll(limit: Int, path: String? = nil) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let part = try read(upTo: min(64 << 10, limit - bytes.count + 1))
            if part.isEmpty { return bytes }
            bytes += part
            if bytes.count > limit {
                throw SystemError(code: .tooLarge, call: "read", path: path, detail: "more than \(limit) bytes")
            }
        }
    }

    /// Writes all bytes, however many calls that takes.
    package func writeAll(_ bytes: some ContiguousBytesLike) throws(SystemError) {
        try bytes.withBytes { (buffer) throws(SystemError) in
            var done = 0
            while done < buffer.count {
                done += try systemCall("write") {
                    withRawValue { Glibc.write($0, buffer.baseAddress! + done, buffer.count - done) }
                }
            }
        }
    }

    package func fsync() throws(SystemError) {
        try systemCall("fsync") { withRawValue { Glibc.fsync($0) } }
    }
}

/// Text and bytes, which can be written without a copy.
package protocol ContiguousBytesLike {
    func withBytes(_ body: (UnsafeRawBufferPointer) throws(SystemError) -> Void) throws(SystemError)
}

extension [UInt8]: ContiguousBytesLike {
    package func withBytes(_ body: (UnsafeRawBufferPointer) throws(SystemError) -> Void) throws(SystemError) {
        let result = withUnsafeBytes { buffer in
            Result { () throws(SystemError) in try body(buffer) }
        }
        try result.get()
    }
}

extension String: ContiguousBytesLike {
    package func withBytes(_ body: (UnsafeRawBufferPointer) throws(SystemError) -> Void) throws(SystemError) {
        var copy = self
        let result = copy.withUTF8 { buffer in
            Result { () throws(SystemError) in try body(UnsafeRawBufferPointer(buffer)) }
        }
        try result.get()
    }
}
