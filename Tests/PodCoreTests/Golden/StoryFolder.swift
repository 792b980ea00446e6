import FoundationEssentials
import YAML

/// The stories beside this file.
enum StoryFolder {
    private static let root = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/")

    /// Returns all stories, in the order of their files' names.
    static func stories() throws -> [GoldenStory] {
        let usual = try usualChanges()
        let names = try FileManager.default.contentsOfDirectory(atPath: root + "/stories").filter { $0.hasSuffix(".yaml") }
        return try names.sorted().flatMap { name in
            do {
                return try documents("stories/" + name).map { try GoldenStory($0, usual: usual) }
            } catch {
                throw StoryError("\(name): \(error)")
            }
        }
    }

    static func usualChanges() throws -> [String: [String: String?]] {
        try documents("usual.yaml").reduce(into: [:]) { changes, document in
            guard let status = document["status"] else { throw StoryError("usual.yaml, line \(document.line): found no status") }
            changes[try document.required("usual")] = try StatusChange(status, usual: changes).fields
        }
    }

    private static func documents(_ name: String) throws -> [YAMLNode] {
        guard let data = FileManager.default.contents(atPath: root + "/" + name) else { throw StoryError("found no file \(name)") }
        return try YAMLDocuments.read(String(decoding: data, as: UTF8.self)).filter { !$0.isNull }
    }
}
