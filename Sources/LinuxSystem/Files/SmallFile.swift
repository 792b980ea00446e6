import Glibc

/// Reads and writes whole files: files of the kernel, and files that are small by nature.
package enum SmallFile {
    /// Returns the whole content; throws `.tooLarge` beyond `limit` bytes. Reads to the end, because /proc returns content in parts.
    package static func bytes(_ path: String, limit: Int = 1 << 20) throws(SystemError) -> [UInt8] {
        try OwnedFileDescriptor.open(path, O_RDONLY).readAll(limit: limit, path: path)
    }

    package static func text(_ path: String, limit: Int = 1 << 20) throws(SystemError) -> String {
        String(decoding: try bytes(path, limit: limit), as: UTF8.self)
    }

    /// Returns the first line without its end, blanks trimmed.
    package static func line(_ path: String) throws(SystemError) -> String {
        let text = try text(path)
        let line = text.prefix { !$0.isNewline }
        return String(line.drop(while: { $0 == " " || $0 == "\t" }).trimmingEnd())
    }

    /// Writes into an existing file of the kernel (sysctl, cgroup) with one call, as the kernel requires.
    package static func write(_ text: String, to path: String) throws(SystemError) {
        let descriptor = try OwnedFileDescriptor.open(path, O_WRONLY)
        var copy = text
        let result: Result<Void, SystemError> = copy.withUTF8 { buffer in
            Result { () throws(SystemError) in
                _ = try systemCall("write", "\(path) (\(text))") { descriptor.withRawValue { Glibc.write($0, buffer.baseAddress, buffer.count) } }
            }
        }
        try result.get()
    }
}

extension Substring {
    fileprivate func trimmingEnd() -> Substring {
        var copy = self
        while let last = copy.last, last == " " || last == "\t" { copy.removeLast() }
        return copy
    }
}
