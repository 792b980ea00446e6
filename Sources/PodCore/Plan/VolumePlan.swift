package import KubeModel

/// Turns a pod's volume into its content on the node.
package enum VolumePlan {
    /// The token requests of a volume's projections, in the order of the sources.
    package static func tokenRequests(of volume: Volume) -> [VolumeProjection.ServiceAccountToken] {
        (volume.projected?.sources ?? []).compactMap(\.serviceAccountToken)
    }

    /// `tokens` belong to `tokenRequests` one by one.
    package static func content(of volume: Volume, facts: PodFacts, objects: ReferencedObjects, tokens: [String]) throws(PlanFailure) -> VolumeContent
    {
        if let source = volume.hostPath { return .hostPath(path: source.path, type: source.type ?? "") }
        if let source = volume.emptyDir { return try emptyDirectory(source, volume, facts) }
        if let source = volume.configMap {
            let files = try files(
                configMap: source.name ?? "", items: source.items, optional: source.optional ?? false, mode: mode(source.defaultMode), objects)
            return .files(.configMap, files)
        }
        if let source = volume.secret {
            let files = try files(
                secret: source.secretName ?? "", items: source.items, optional: source.optional ?? false, mode: mode(source.defaultMode), objects)
            return .files(.secret, files)
        }
        if let source = volume.downwardAPI {
            return .files(.downwardAPI, try files(downward: source.items ?? [], mode: mode(source.defaultMode), facts))
        }
        if let source = volume.nfs {
            return .nfs(NFSExport(server: source.server, path: source.path, isReadOnly: source.readOnly ?? false, folder: volume.name))
        }
        if let source = volume.projected { return .files(.projected, try files(projected: source, facts, objects, tokens)) }
        throw PlanFailure("volume kind \(volume.kindName) is not supported by this node")
    }

    private static func mode(_ value: Int?) -> UInt16 { UInt16(truncatingIfNeeded: value ?? 0o644) & 0o777 }

    private static func emptyDirectory(_ source: EmptyDirVolumeSource, _ volume: Volume, _ facts: PodFacts) throws(PlanFailure) -> VolumeContent {
        switch source.medium ?? "" {
        // The owner of a file may take it out of its project, but not from within a user namespace.
        case "": return .emptyDirectory(isCounted: facts.pod.spec.hostUsers == false)
        case "Memory":
            // The smallest of what the volume, the pod's limits and the node allow.
            let podLimit = facts.pod.spec.aggregateResources.limits?["memory"]?.value
            let bounds = [source.sizeLimit?.value, podLimit, facts.nodeAllocatable["memory"]?.value].compactMap { $0 }.filter { $0 > 0 }
            return .memory(sizeLimit: bounds.min())
        case let medium where medium.hasPrefix(HugePagesMedium.prefix):
            return .hugePages(pageSize: try HugePagesMedium(medium).pageSize(for: facts.pod.spec), sizeLimit: source.sizeLimit?.value)
        case let medium: throw PlanFailure("unknown storage medium \"\(medium)\"")
        }
    }

    private static func files(
        configMap name: String, items: [KeyToPath]?, optional: Bool, mode: UInt16, _ objects: ReferencedObjects
    ) throws(PlanFailure) -> [VolumeFile] {
        if optional, objects.configMaps[name] == nil { return [] }
        let map = try objects.configMap(name)
        var payload = (map.data ?? [:]).mapValues(FileContent.text)
        for (key, value) in map.binaryData ?? [:] { payload[key] = .base64(value) }
        return try files(payload, items: items, optional: optional, mode: mode) { "configmap references non-existent config key: \($0)" }
    }

    private static func files(
        secret name: String, items: [KeyToPath]?, optional: Bool, mode: UInt16, _ objects: ReferencedObjects
    ) throws(PlanFailure) -> [VolumeFile] {
        if optional, objects.secrets[name] == nil { return [] }
        let payload = (try objects.secret(name).data ?? [:]).mapValues(FileContent.base64)
        return try files(payload, items: items, optional: optional, mode: mode) { "references non-existent secret key: \($0)" }
    }

    private static func files(
        _ payload: [String: FileContent], items: [KeyToPath]?, optional: Bool, mode: UInt16, missing: (String) -> String
    ) throws(PlanFailure) -> [VolumeFile] {
        guard let items, !items.isEmpty else {
            return payload.sorted { $0.key < $1.key }.map { VolumeFile(path: $0.key, mode: mode, content: $0.value) }
        }
        var files: [VolumeFile] = []
        for item in items {
            guard let content = payload[item.key] else {
                if optional { continue }
                throw PlanFailure(missing(item.key))
            }
            files.append(VolumeFile(path: item.path, mode: item.mode.map { UInt16(truncatingIfNeeded: $0) & 0o777 } ?? mode, content: content))
        }
        return files
    }

    private static func files(downward items: [DownwardAPIVolumeFile], mode: UInt16, _ facts: PodFacts) throws(PlanFailure) -> [VolumeFile] {
        var files: [VolumeFile] = []
        for item in items {
            let text: String
            if let field = item.fieldRef {
                text = try facts.field(field.fieldPath)
            } else if let resource = item.resourceFieldRef {
                text = try facts.resource(resource, ownContainer: nil)
            } else {
                throw PlanFailure("downward API item \(item.path) names neither fieldRef nor resourceFieldRef")
            }
            files.append(
                VolumeFile(path: item.path, mode: item.mode.map { UInt16(truncatingIfNeeded: $0) & 0o777 } ?? mode, content: .text(text)))
        }
        return files
    }

    private static func files(
        projected source: ProjectedVolumeSource, _ facts: PodFacts, _ objects: ReferencedObjects, _ tokens: [String]
    ) throws(PlanFailure) -> [VolumeFile] {
        let mode = mode(source.defaultMode)
        var files: [VolumeFile] = []
        var nextToken = tokens.makeIterator()
        for projection in source.sources ?? [] {
            if let map = projection.configMap {
                files += try Self.files(configMap: map.name ?? "", items: map.items, optional: map.optional ?? false, mode: mode, objects)
            } else if let secret = projection.secret {
                files += try Self.files(secret: secret.name ?? "", items: secret.items, optional: secret.optional ?? false, mode: mode, objects)
            } else if let downward = projection.downwardAPI {
                files += try Self.files(downward: downward.items ?? [], mode: mode, facts)
            } else if let token = projection.serviceAccountToken {
                guard let text = nextToken.next() else {
                    throw PlanFailure("no token was issued for service account \(facts.pod.spec.serviceAccountName ?? "")")
                }
                files.append(tokenFile(token, text: text, mode: mode, facts.pod))
            } else {
                throw PlanFailure("a source of the projected volume is of a kind that this node does not support")
            }
        }
        return files
    }

    /// A token is readable by its pod alone where an owner can be named: the group of the volume, or the one user of all containers.
    private static func tokenFile(_ token: VolumeProjection.ServiceAccountToken, text: String, mode: UInt16, _ pod: Pod) -> VolumeFile {
        let users = Set(
            ((pod.spec.initContainers ?? []) + pod.spec.containers).map { $0.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser })
        let owner = users.count == 1 ? users.first?.flatMap { UInt32(exactly: $0) } : nil
        let isRestricted = owner != nil || pod.spec.securityContext?.fsGroup != nil
        return VolumeFile(path: token.path, mode: isRestricted ? 0o600 : mode, content: .text(text), uid: owner)
    }
}

extension Volume {
    /// The source's field name, for messages.
    package var kindName: String {
        if image != nil { return "image" }
        if csi != nil { return "csi" }
        if iscsi != nil { return "iscsi" }
        if fc != nil { return "fc" }
        if flexVolume != nil { return "flexVolume" }
        if gitRepo != nil { return "gitRepo" }
        return "of volume \(name)"
    }
}
