import Glibc
import LinuxSystem
import PodCore

/// The store's folder on disk. All calls block.
struct RecordFolder: Sendable {
    /// Bytes of the largest file that is read or written. The API server's largest object has 1.5 MB.
    static let largestFile = 16 << 20
    private static let aside = "damaged"

    let path: String

    /// Returns the record, `nil` if there is none.
    func read(_ name: RecordName) throws -> RecordFile? {
        let place = RecordPath(name)
        guard let found = try read(folder: place.folder, file: place.file) else { return nil }
        guard found.name == name else { throw RecordDamage.misplaced(found: "\(found.name)", wanted: "\(name)") }
        return found
    }

    private func read(folder: String, file: String) throws -> RecordFile? {
        do {
            return try RecordFile(try SmallFile.bytes("\(path)/\(folder)/\(file)", limit: Self.largestFile))
        } catch let error as SystemError where error.isNotFound {
            return nil
        }
    }

    /// Reads all files of a kind, and removes the temporary files that a killed program has left.
    func readAll(_ kind: RecordName.Kind, found: (RecordFile) -> Void, failed: (RecordPathError) -> Void) {
        for folder in [kind.rawValue] + subfolders(of: kind, failed) {
            for file in names(folder, failed) where !file.hasPrefix(".") {
                do {
                    guard try !isFolder("\(folder)/\(file)"), let record = try read(folder: folder, file: file) else { continue }
                    let place = RecordPath(record.name)
                    guard place.folder == folder, place.file == file else {
                        throw RecordDamage.misplaced(found: "\(record.name)", wanted: "\(folder)/\(file)")
                    }
                    found(record)
                } catch {
                    failed(RecordPathError(folder: folder, file: file, error: error))
                }
            }
        }
    }

    private func subfolders(of kind: RecordName.Kind, _ failed: (RecordPathError) -> Void) -> [String] {
        names(kind.rawValue, failed).map { "\(kind.rawValue)/\($0)" }.filter { (try? isFolder($0)) == true }
    }

    private func isFolder(_ relative: String) throws(SystemError) -> Bool {
        try FileStatus.ifPresent("\(path)/\(relative)")?.kind == .directory
    }

    private func names(_ folder: String, _ failed: (RecordPathError) -> Void) -> [String] {
        do {
            let names = try DirectoryListing.names(at: "\(path)/\(folder)")
            for name in names where name.hasPrefix(".") && name.hasSuffix(".tmp") && !name.contains(".\(getpid())-") {
                try AtomicFile.remove("\(path)/\(folder)/\(name)")
            }
            return names
        } catch {
            failed(RecordPathError(folder: folder, file: "", error: error))
            return []
        }
    }

    /// Writes the record; its name is safe from a power cut only after ``sync(_:)`` of its folder.
    func write(_ record: RecordFile) throws(SystemError) {
        let place = RecordPath(record.name)
        let bytes = record.bytes
        guard bytes.count <= Self.largestFile else {
            throw SystemError(
                code: .tooLarge, call: "write", path: place.path, detail: "found \(bytes.count) bytes, wanted at most \(Self.largestFile)")
        }
        try makeFolder(place.folder)
        try AtomicFile.replace("\(path)/\(place.path)", with: bytes, mode: 0o600, durability: .content)
    }

    /// Only root reads the records: Secrets and tokens are among them.
    private func makeFolder(_ folder: String) throws(SystemError) {
        guard try FileStatus.ifPresent("\(path)/\(folder)") == nil else { return }
        try Directories.make("\(path)/\(folder)", mode: 0o700)
        var parent = folder[...]
        while let slash = parent.lastIndex(of: "/") {
            parent = parent[..<slash]
            try AtomicFile.syncFolder("\(path)/\(parent)")
        }
        try AtomicFile.syncFolder(path)
        try AtomicFile.syncFolder(path + "/..")
    }

    /// Removes the record, and its namespace's folder with the last record. Returns false if there is none.
    func remove(_ name: RecordName) throws(SystemError) -> Bool {
        let place = RecordPath(name)
        do throws(SystemError) {
            try systemCall("unlink", place.path) { unlink("\(path)/\(place.path)") }
        } catch {
            guard error.isNotFound else { throw error }
            return false
        }
        if name.parts.count > 1 { _ = rmdir("\(path)/\(place.folder)") }
        return true
    }

    /// A folder that was removed needs no sync of its own: its parent has one.
    func sync(_ folder: String) throws(SystemError) {
        do throws(SystemError) {
            try AtomicFile.syncFolder("\(path)/\(folder)")
        } catch {
            guard error.isNotFound, let slash = folder.lastIndex(of: "/") else { throw error }
            try sync(String(folder[..<slash]))
        }
    }

    /// Moves a file into the folder of damaged files, under a name that no other file has there.
    /// - Returns: the new path.
    func putAside(folder: String, file: String) throws(SystemError) -> String {
        let target = "\(path)/\(Self.aside)"
        try Directories.make(target, mode: 0o700)
        let name = folder.replacing("/", with: "_") + "_" + file
        var number = 1
        while true {
            let candidate = number == 1 ? "\(target)/\(name)" : "\(target)/\(number)_\(name)"
            if try FileStatus.ifPresent(candidate) == nil {
                try systemCall("rename", candidate) { rename("\(path)/\(folder)/\(file)", candidate) }
                return candidate
            }
            number += 1
        }
    }
}

/// A file or folder of the store that could not be read.
struct RecordPathError {
    let folder: String
    /// Empty for the folder itself.
    let file: String
    let error: any Error

    var path: String { file.isEmpty ? folder : folder + "/" + file }
}
