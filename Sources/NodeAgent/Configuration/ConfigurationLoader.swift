import FoundationEssentials

/// Reads the configuration once, before anything else happens. Every error is found here.
package enum ConfigurationLoader {
    /// `file` and the `*.conf` files of `directory`, in the order of their names, one on top of the other; then the flags.
    package static func load(file: String?, directory: String? = nil, flags: FlagOverrides = FlagOverrides()) throws -> AgentConfiguration {
        var sources: [(file: String, text: String)] = []
        if let file { sources.append((file, try text(file))) }
        if let directory {
            let names: [String]
            do {
                names = try FileManager.default.contentsOfDirectory(atPath: directory)
            } catch {
                throw ConfigurationError(.unreadableFile, place: directory, reason: "the directory of --config-dir cannot be listed: \(error)")
            }
            for name in names.filter({ $0.hasSuffix(".conf") }).sorted() {
                sources.append(("\(directory)/\(name)", try text("\(directory)/\(name)")))
            }
        }
        var configuration = try parse(sources, flags: flags)
        try flags.load(into: &configuration)
        return configuration
    }

    /// Like `load`, from texts; `file` is their name in messages.
    package static func parse(_ sources: [(file: String, text: String)], flags: FlagOverrides = FlagOverrides()) throws -> AgentConfiguration {
        var configuration = try parse(sources, notes: FieldReader.Notes())
        try flags.apply(to: &configuration)
        return configuration
    }

    static func parse(_ sources: [(file: String, text: String)], notes: FieldReader.Notes) throws -> AgentConfiguration {
        var merged: [DocumentKind: ConfigurationNode] = [:]
        for source in sources {
            var seen: Set<DocumentKind> = []
            for (kind, node) in try DocumentReader.read(source.text, file: source.file) {
                guard seen.insert(kind).inserted else {
                    throw ConfigurationError(.unknownDocument, place: node.place, reason: "this is the second \(kind.rawValue) in the file; keep one")
                }
                merged[kind] = merged[kind]?.merged(with: node) ?? node
            }
        }
        var configuration = AgentConfiguration()
        for kind in DocumentKind.allCases {
            guard let node = merged[kind] else { continue }
            var reader = try FieldReader(node, notes: notes)
            switch kind {
            case .kubelet: try configuration.kubelet.read(&reader)
            case .proxy: try configuration.proxy.read(&reader)
            case .swiftlet: try configuration.swiftlet.read(&reader)
            }
            try reader.finish()
            try check(configuration, kind, node)
        }
        configuration.warnings = notes.warnings
        return configuration
    }

    /// Checks the rules that span several fields.
    private static func check(_ configuration: AgentConfiguration, _ kind: DocumentKind, _ node: ConfigurationNode) throws {
        guard kind == .kubelet else { return }
        let kubelet = configuration.kubelet
        if (kubelet.tlsCertFile == nil) != (kubelet.tlsPrivateKeyFile == nil) {
            let (found, missing) = kubelet.tlsCertFile == nil ? ("tlsPrivateKeyFile", "tlsCertFile") : ("tlsCertFile", "tlsPrivateKeyFile")
            throw ConfigurationError(
                .badValue, place: node.member(found)?.place ?? node.place, field: found, reason: "is given without \(missing); give both or neither")
        }
    }

    private static func text(_ path: String) throws -> String {
        guard FileManager.default.fileExists(atPath: path) else {
            throw ConfigurationError(.missingFile, place: path, reason: "there is no such file; name the configuration with --config")
        }
        do {
            let data = try Data(contentsOf: URL(filePath: path))
            guard let text = String(data: data, encoding: .utf8) else {
                throw ConfigurationError(.syntax, place: path, reason: "found bytes that are not UTF-8, wanted YAML")
            }
            return text
        } catch let error as ConfigurationError {
            throw error
        } catch {
            throw ConfigurationError(.unreadableFile, place: path, reason: "it cannot be read: \(error)")
        }
    }
}
