import FoundationEssentials

/// The files of this package, found from where this file is.
struct SourceTree {
    struct File {
        /// Relative to the package's root, e.g. `Sources/PodCore/Machine/PodMachine.swift`.
        let path: String
        let text: String

        /// `PodCore` of that path.
        var target: String { String(path.split(separator: "/")[1]) }
        /// `Machine` of that path, `nil` for a file beside the folders.
        var folder: String? {
            let parts = path.split(separator: "/")
            return parts.count > 3 ? String(parts[2]) : nil
        }
        var lineCount: Int { text.utf8.count { $0 == UInt8(ascii: "\n") } }
    }

    struct Unreadable: Error {
        let path: String
    }

    let root: String

    /// - Parameter file: a source two folders below the root.
    init(file: String = #filePath) {
        root = "/" + file.split(separator: "/").dropLast(3).joined(separator: "/")
    }

    func text(_ path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: root + "/" + path) else { throw Unreadable(path: path) }
        return String(decoding: data, as: UTF8.self)
    }

    /// Every file below `folder` that is written in one of these languages, by its file name extension.
    func sources(_ extensions: Set<String>, in folder: String = "Sources") throws -> [File] {
        try FileManager.default.subpathsOfDirectory(atPath: root + "/" + folder).sorted().compactMap { path in
            guard let dot = path.lastIndex(of: "."), extensions.contains(String(path[path.index(after: dot)...])) else { return nil }
            return File(path: folder + "/" + path, text: try text(folder + "/" + path))
        }
    }
}
