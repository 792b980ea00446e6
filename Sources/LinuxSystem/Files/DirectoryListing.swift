import Glibc

/// The names in a directory.
package enum DirectoryListing {
    /// Without `.` and `..`, unsorted. All at once: for directories that no pod can fill.
    package static func entries(of directory: OwnedFileDescriptor) throws(SystemError) -> [FileName] {
        var names: [FileName] = []
        try parts(of: directory, size: .max) { names = $0 }
        return names
    }

    /// Reads a directory of any size in parts of at most `size` entries, without `.` and `..`, unsorted. Entries that `body` removes were read before;
    /// those that come meanwhile may be left out.
    package static func parts(
        of directory: OwnedFileDescriptor, size: Int = 1024, _ body: ([FileName]) throws(SystemError) -> Void
    ) throws(SystemError) {
        // A descriptor of its own: fdopendir takes it over and moves its read position.
        let number = try directory.openAt(".", O_RDONLY | O_DIRECTORY).release()
        guard let stream = fdopendir(number) else {
            let error = Glibc.errno
            _ = Glibc.close(number)
            throw SystemError(call: "fdopendir", errno: error)
        }
        defer { closedir(stream) }
        let dot = CChar(bitPattern: UInt8(ascii: "."))
        var names: [FileName] = []
        while true {
            Glibc.errno = 0
            guard let entry = readdir(stream) else {
                let error = Glibc.errno
                if error != 0 { throw SystemError(call: "readdir", errno: error) }
                return try body(names)
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { FileName(entry: $0) }
            }
            if name.cString == [dot, 0] || name.cString == [dot, dot, 0] { continue }
            names.append(name)
            if names.count == size {
                try body(names)
                names = []
            }
        }
    }

    /// The entries whose names are UTF-8, for callers that look for names of their own. `entries` returns every name.
    package static func names(of directory: OwnedFileDescriptor) throws(SystemError) -> [String] {
        try entries(of: directory).compactMap(\.text)
    }

    /// The names of `path`, sorted; empty if the directory does not exist.
    package static func names(at path: String) throws(SystemError) -> [String] {
        let directory: OwnedFileDescriptor
        do throws(SystemError) {
            directory = try .open(path, O_RDONLY | O_DIRECTORY)
        } catch {
            if error.isNotFound { return [] }
            throw error
        }
        return try names(of: directory).sorted()
    }
}
