import FoundationEssentials
import YAML

/// Reads `CredentialProviderConfig`, the file or folder of `--image-credential-provider-config`.
enum CredentialProviderReader {
    private static let kind = "CredentialProviderConfig"
    private static let group = "kubelet.config.k8s.io"
    private static let versions = ["v1", "v1beta1", "v1alpha1"]
    private static let requestVersions = versions.map { "credentialprovider.kubelet.k8s.io/\($0)" }
    static let configFlag = "--image-credential-provider-config"
    static let directoryFlag = "--image-credential-provider-bin-dir"

    /// Returns the providers of all files, in the order of the files' names, and warnings.
    static func load(_ path: String, programs: String) throws -> (providers: [CredentialProviderSettings], warnings: [ConfigurationWarning]) {
        let notes = FieldReader.Notes()
        var providers: [CredentialProviderSettings] = []
        for file in try files(path) {
            let text: String
            do {
                text = String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
            } catch {
                throw ConfigurationError(.unreadableFile, place: file, reason: "the file of \(configFlag) cannot be read: \(error)")
            }
            providers += try parse(text, file: file, programs: programs, notes: notes)
        }
        var seen: Set<String> = []
        if let double = providers.first(where: { !seen.insert($0.name).inserted }) {
            throw ConfigurationError(.badValue, place: path, reason: "the credential provider '\(double.name)' is there twice; keep one")
        }
        if let missing = providers.first(where: { !FileManager.default.isExecutableFile(atPath: $0.executable) }) {
            throw ConfigurationError(
                .missingFile, place: missing.executable,
                reason: "there is no program for the credential provider '\(missing.name)'; install it or correct \(directoryFlag)")
        }
        return (providers, notes.warnings)
    }

    private static func files(_ path: String) throws -> [String] {
        var isFolder = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw ConfigurationError(.missingFile, place: path, reason: "there is no such file or folder; correct \(configFlag)")
        }
        guard isFolder else { return [path] }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw ConfigurationError(.unreadableFile, place: path, reason: "the folder of \(configFlag) cannot be listed: \(error)")
        }
        let found = names.filter { name in [".json", ".yaml", ".yml"].contains { name.hasSuffix($0) } }.sorted().map { "\(path)/\($0)" }
        guard !found.isEmpty else {
            throw ConfigurationError(.missingFile, place: path, reason: "the folder of \(configFlag) has no .yaml, .yml or .json file")
        }
        return found
    }

    /// - Parameter programs: the folder of the providers' programs.
    static func parse(_ text: String, file: String, programs: String, notes: FieldReader.Notes) throws -> [CredentialProviderSettings] {
        let roots: [YAMLNode]
        do throws(YAMLError) {
            roots = try YAMLDocuments.read(text)
        } catch {
            throw ConfigurationError(.syntax, place: "\(file):\(error.line)", reason: "this is not YAML: \(error.problem)")
        }
        let nodes = try roots.map { try ConfigurationNode($0, file: file) }.filter { if case .null = $0 { false } else { true } }
        guard nodes.count == 1, let node = nodes.first else {
            throw ConfigurationError(.unknownDocument, place: file, reason: "found \(nodes.count) documents, wanted one \(kind)")
        }
        func member(_ key: String) -> String { if case .scalar(let text, _, _)? = node.member(key) { text } else { "" } }
        guard member("kind") == kind, versions.contains(where: { member("apiVersion") == "\(group)/\($0)" }) else {
            throw ConfigurationError(
                .unknownDocument, place: node.place,
                reason: "found apiVersion and kind '\(member("apiVersion")) \(member("kind"))', wanted \(group)/v1 \(kind)")
        }
        var providers: [CredentialProviderSettings] = []
        var reader = try FieldReader(node, notes: notes)
        let isCurrent = member("apiVersion") == "\(group)/\(versions[0])"
        try reader.list("providers") { providers.append(try provider(&$0, programs: programs, isCurrent: isCurrent)) }
        try reader.finish()
        guard !providers.isEmpty else {
            throw ConfigurationError(.badValue, place: node.place, field: "providers", reason: "found none, wanted at least one")
        }
        return providers
    }

    /// - Parameter isCurrent: whether the document has the version that knows `tokenAttributes`.
    private static func provider(_ reader: inout FieldReader, programs: String, isCurrent: Bool) throws -> CredentialProviderSettings {
        var found = CredentialProviderSettings()
        try reader.read("name", into: &found.name)
        if found.name.isEmpty || found.name == "." || found.name == ".." || found.name.contains(where: { $0 == "/" || $0 == " " }) {
            throw reader.bad("name", "found '\(found.name)', wanted the name of a program in the folder of \(directoryFlag), without / and blanks")
        }
        found.executable = "\(programs)/\(found.name)"
        try reader.read("matchImages", into: &found.matchImages)
        if found.matchImages.isEmpty { throw reader.bad("matchImages", "found none, wanted at least one such as '*.registry.example'") }
        guard reader.node("defaultCacheDuration") != nil else {
            throw reader.bad("defaultCacheDuration", "found none, wanted a duration such as 12h; 0s keeps nothing")
        }
        try reader.read("defaultCacheDuration", into: &found.defaultCacheDuration)
        try reader.read("apiVersion", into: &found.apiVersion)
        guard requestVersions.contains(found.apiVersion) else {
            throw reader.bad("apiVersion", "found '\(found.apiVersion)', wanted one of: \(requestVersions.joined(separator: ", "))")
        }
        try reader.read("args", into: &found.args)
        var environment: [String: String] = [:]
        try reader.list("env") { reader in
            var (name, value) = ("", "")
            try reader.read("name", into: &name)
            try reader.read("value", into: &value)
            if name.isEmpty || name.contains("=") { throw reader.bad("name", "found '\(name)', wanted the name of a variable") }
            environment[name] = value
        }
        found.env = environment
        if isCurrent {
            if reader.node("tokenAttributes") != nil, found.apiVersion != requestVersions[0] {
                throw reader.bad("tokenAttributes", "found the provider's apiVersion '\(found.apiVersion)', wanted \(requestVersions[0])")
            }
            try reader.nested("tokenAttributes") { found.tokenAttributes = try CredentialProviderSettings.TokenAttributes(&$0) }
        }
        return found
    }
}
