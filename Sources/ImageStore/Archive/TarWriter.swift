import CArchive
import Glibc
import LinuxSystem

/// Writes a tar stream into a file, hashed on its way. Stays on one thread, because it holds C objects that point at it.
final class TarWriter {
    private let archive: OpaquePointer
    private let file: OwnedFileDescriptor
    private var hasher = ContentHasher()
    /// The error inside a callback, which itself can only return a failure.
    private var failure: SystemError?

    init(_ file: OwnedFileDescriptor) throws(ImageStoreError) {
        guard let archive = archive_write_new() else { throw ImageStoreError(.store, "export", "tar", "no memory for a writer") }
        self.archive = archive
        self.file = file
        archive_write_set_format_pax_restricted(archive)
        archive_write_add_filter_none(archive)
        archive_write_set_bytes_in_last_block(archive, 1)
        let opened = archive_write_open(
            archive, Unmanaged.passUnretained(self).toOpaque(), nil,
            { _, context, bytes, count in
                guard let context, let bytes else { return -1 }
                return Unmanaged<TarWriter>.fromOpaque(context).takeUnretainedValue().take(UnsafeRawBufferPointer(start: bytes, count: count))
            }, nil)
        guard opened == ARCHIVE_OK else { throw error() }
    }

    deinit { archive_write_free(archive) }

    /// Writes a header that `describe` completes. Data follows if it has a size.
    func add(_ path: [UInt8], _ describe: (OpaquePointer) -> Void) throws(ImageStoreError) {
        guard let entry = archive_entry_new() else { throw ImageStoreError(.store, "export", "tar", "no memory for an entry") }
        defer { archive_entry_free(entry) }
        archive_entry_copy_pathname(entry, path.terminated)
        describe(entry)
        guard archive_write_header(archive, entry) >= ARCHIVE_WARN else { throw error() }
    }

    func write(_ bytes: [UInt8]) throws(ImageStoreError) {
        let written = bytes.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
        guard written == bytes.count else { throw error() }
    }

    /// Writes a whole regular file.
    func add(_ name: String, _ content: [UInt8]) throws(ImageStoreError) {
        try add(Array(name.utf8)) { Self.file($0, size: Int64(content.count)) }
        try write(content)
    }

    /// Writes a whole regular file from another one, which does not change meanwhile.
    func add(_ name: String, from source: OwnedFileDescriptor, size: Int64) throws {
        try add(Array(name.utf8)) { Self.file($0, size: size) }
        try copy(source)
    }

    func copy(_ source: OwnedFileDescriptor) throws {
        while true {
            let part = try source.read(upTo: 1 << 20)
            if part.isEmpty { return }
            try write(part)
        }
    }

    private static func file(_ entry: OpaquePointer, size: Int64) {
        archive_entry_set_filetype(entry, S_IFREG)
        archive_entry_set_perm(entry, 0o644)
        archive_entry_set_size(entry, size)
        archive_entry_set_mtime(entry, 0, 0)
    }

    /// Ends the stream. Returns its digest and size.
    func finish() throws(ImageStoreError) -> (digest: ContentDigest, size: Int64) {
        guard archive_write_close(archive) == ARCHIVE_OK else { throw error() }
        return (hasher.digest(), hasher.count)
    }

    private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        do throws(SystemError) {
            var done = 0
            while done < bytes.count, let start = bytes.baseAddress {
                let offset = done
                done += try systemCall("write") { file.withRawValue { Glibc.write($0, start + offset, bytes.count - offset) } }
            }
        } catch {
            failure = error
            return -1
        }
        hasher.update(bytes)
        return bytes.count
    }

    private func error() -> ImageStoreError {
        let text = archive_error_string(archive).map { String(cString: $0) } ?? "not writable"
        return ImageStoreError(.store, "export", "tar", failure == nil ? text : "cannot be written", cause: failure)
    }
}
