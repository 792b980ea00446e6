import Glibc
import LinuxSystem

/// Reads the control files of one cgroup: the path is walked once, and all files share one buffer. Blocking.
///
/// A missing file is `nil`: its controller is missing, or the cgroup itself has gone; `exists` tells which.
struct ControlFiles {
    private let path: String
    private let directory: Result<OwnedFileDescriptor, SystemError>
    private var buffer: [UInt8]

    init(_ cgroup: Cgroup) { self.init(directory: cgroup.path) }

    init(directory path: String) {
        self.path = path
        directory = Result { () throws(SystemError) in try .open(path, O_RDONLY | O_DIRECTORY) }
        buffer = [UInt8](repeating: 0, count: 4096)
    }

    /// A file that holds one number; `max` is `nil` as well.
    mutating func number(_ file: String) throws(CgroupError) -> UInt64? {
        try bytes(file).flatMap { ControlFormat.number(ControlFormat.firstLine($0)) }
    }

    /// The first line of a file.
    mutating func line(_ file: String) throws(CgroupError) -> String? {
        try bytes(file).map { String(decoding: ControlFormat.firstLine($0), as: UTF8.self) }
    }

    /// The content, good until the next file is read.
    mutating func bytes(_ file: String) throws(CgroupError) -> ArraySlice<UInt8>? {
        do throws(SystemError) {
            let descriptor = try directory.get().openAt(file, O_RDONLY | O_NOFOLLOW)
            var filled = 0
            while true {
                if filled == buffer.count { buffer += [UInt8](repeating: 0, count: buffer.count) }
                let got = try fill(from: descriptor, at: filled, file)
                if got == 0 { return buffer[..<filled] }
                filled += got
            }
        } catch {
            // EOPNOTSUPP: pressure is there, but switched off.
            if error.isNotFound || error.is(ENODEV) || error.is(EOPNOTSUPP) { return nil }
            throw CgroupError(code: .kernel, operation: "read \(file) of", path: path, cause: error)
        }
    }

    private mutating func fill(from descriptor: OwnedFileDescriptor, at offset: Int, _ file: String) throws(SystemError) -> Int {
        let result = buffer.withUnsafeMutableBytes { buffer in
            Result { () throws(SystemError) in
                try systemCall("read", file) { descriptor.withRawValue { read($0, buffer.baseAddress! + offset, buffer.count - offset) } }
            }
        }
        return try result.get()
    }
}
