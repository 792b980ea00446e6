/// Reads `tokenAttributes` of a credential provider by kubelet's rules.
extension CredentialProviderSettings.TokenAttributes {
    init(_ reader: inout FieldReader) throws {
        self.init()
        try reader.read("serviceAccountTokenAudience", into: &audience)
        if audience.isEmpty { throw reader.bad("serviceAccountTokenAudience", "found none, wanted the audience of the token for the provider") }
        guard reader.node("requireServiceAccount") != nil else {
            throw reader.bad("requireServiceAccount", "found none, wanted true, or false for a provider that is asked for pods without one too")
        }
        try reader.read("requireServiceAccount", into: &requiresServiceAccount)
        guard reader.node("cacheType") != nil else { throw reader.bad("cacheType", "found none, wanted ServiceAccount or Token") }
        try reader.read("cacheType", into: &cacheType)
        try Self.readKeys("requiredServiceAccountAnnotationKeys", &reader, into: &requiredAnnotationKeys)
        try Self.readKeys("optionalServiceAccountAnnotationKeys", &reader, into: &optionalAnnotationKeys)
        if !requiresServiceAccount, !requiredAnnotationKeys.isEmpty {
            throw reader.bad("requiredServiceAccountAnnotationKeys", "found them with requireServiceAccount: false, wanted true or no such keys")
        }
        if let both = optionalAnnotationKeys.first(where: requiredAnnotationKeys.contains) {
            throw reader.bad("optionalServiceAccountAnnotationKeys", "found '\(both)' among the required keys too; keep one")
        }
    }

    private static func readKeys(_ field: String, _ reader: inout FieldReader, into keys: inout [String]) throws {
        try reader.read(field, into: &keys)
        var seen: Set<String> = []
        for key in keys {
            guard NodeLabels.isQualifiedName(key.lowercased()) else { throw reader.bad(field, "found '\(key)', wanted the key of an annotation") }
            guard seen.insert(key).inserted else { throw reader.bad(field, "found '\(key)' twice; keep one") }
        }
    }
}
