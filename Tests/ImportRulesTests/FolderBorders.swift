/// The folders of one target and which of them use types of which others. Files beside the folders belong to none.
struct FolderBorders {
    /// For each folder, the folders whose types it uses, each with an example.
    private(set) var uses: [String: [String: String]] = [:]

    /// - Parameter files: all Swift sources of one target.
    init(_ files: [SourceTree.File]) {
        let inFolders = files.compactMap { file in file.folder.map { (folder: $0, file: file, words: SourceWords(file.text)) } }
        var homes: [String: Set<String>] = [:]
        for entry in inFolders {
            for type in entry.words.declared { homes[type, default: []].insert(entry.folder) }
        }
        for entry in inFolders {
            for type in entry.words.mentioned.sorted() {
                guard let home = homes[type], home.count == 1, let other = home.first, other != entry.folder else { continue }
                if uses[entry.folder]?[other] == nil { uses[entry.folder, default: [:]][other] = "\(entry.file.path) uses \(type)" }
            }
        }
    }

    /// The uses that lie on a circle of folders, as sentences.
    var circular: [String] {
        uses.keys.sorted().flatMap { folder in
            (uses[folder] ?? [:]).sorted { $0.key < $1.key }.filter { reached(from: $0.key).contains(folder) }
                .map { "\(folder) uses \($0.key) and is used by it: \($0.value)" }
        }
    }

    private func reached(from folder: String) -> Set<String> {
        var found: Set<String> = []
        var next = [folder]
        while let folder = next.popLast() {
            if found.insert(folder).inserted { next += (uses[folder] ?? [:]).keys }
        }
        return found
    }
}
