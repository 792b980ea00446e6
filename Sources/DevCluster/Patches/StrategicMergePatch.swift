package import KubeModel

/// Kubernetes' strategic merge patch: a merge patch that merges lists by key where the type says so, with the
/// directives `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/<field>` and `$setElementOrder/<field>`.
package enum StrategicMergePatch {
    private static let directive = "$patch"
    private static let retainKeys = "$retainKeys"
    private static let deletePrefix = "$deleteFromPrimitiveList/"
    private static let orderPrefix = "$setElementOrder/"

    /// Applies a patch to an object of this kind. Throws ``PatchError``.
    package static func apply(_ patch: JSONValue, to target: JSONValue, kind: String) throws -> JSONValue {
        guard case .object(let changes) = patch else {
            throw PatchError(code: .malformed, path: "", reason: "a strategic merge patch is an object, found \(patch.typeName)")
        }
        return try merge(changes, into: target.object ?? [:], MergeSchema(kind: kind), path: "")
    }

    private static func merge(
        _ patch: [String: JSONValue], into target: [String: JSONValue], _ schema: MergeSchema, path: String
    ) throws -> JSONValue {
        var changes = patch
        var members = target
        if let name = changes.removeValue(forKey: directive) {
            switch name.string {
            case "replace": return .object(changes)
            case "delete": return .object([:])
            case "merge": break
            default: throw PatchError(code: .malformed, path: path, reason: "$patch is \(name), wanted replace, merge or delete")
            }
        }
        if let kept = changes.removeValue(forKey: retainKeys) {
            guard let names = kept.array.map({ Set($0.compactMap(\.string)) }) else {
                throw PatchError(code: .malformed, path: path, reason: "$retainKeys is \(kept.typeName), wanted a list of names")
            }
            if let stranger = changes.first(where: { !$0.value.isNull && !$0.key.hasPrefix("$") && !names.contains($0.key) })?.key {
                throw PatchError(code: .malformed, path: path, reason: "\"\(stranger)\" is in the patch but not in $retainKeys")
            }
            members = members.filter { names.contains($0.key) }
        }
        for (name, change) in changes where name.hasPrefix(deletePrefix) {
            let field = String(name.dropFirst(deletePrefix.count))
            guard let deleted = change.array else { throw PatchError(code: .malformed, path: "\(path)/\(name)", reason: "wanted a list") }
            if let present = members[field]?.array { members[field] = .array(present.filter { !deleted.contains($0) }) }
        }
        var orders: [String: [JSONValue]] = [:]
        for (name, change) in changes where name.hasPrefix(orderPrefix) {
            guard let order = change.array else { throw PatchError(code: .malformed, path: "\(path)/\(name)", reason: "wanted a list") }
            orders[String(name.dropFirst(orderPrefix.count))] = order
        }
        let before = members
        for (name, change) in changes where !name.hasPrefix(deletePrefix) && !name.hasPrefix(orderPrefix) {
            members[name] = try merged(change, into: members[name], schema, name, path: "\(path)/\(name)")
        }
        for (name, order) in orders {
            guard let merged = members[name]?.array else { continue }
            let original = before[name]?.array ?? []
            members[name] = .array(ListOrder(schema.field(name)?.list ?? .atomic).arrange(merged, wanted: order, original: original))
        }
        return .object(members)
    }

    /// The new value of one member; nil removes it.
    private static func merged(
        _ change: JSONValue, into present: JSONValue?, _ schema: MergeSchema, _ name: String, path: String
    ) throws -> JSONValue? {
        let field = schema.field(name)
        switch change {
        case .null:
            return nil
        case .object(let changes):
            // Also without an object to merge into: directives and nulls of the patch must not end up in the result.
            return try merge(changes, into: present?.object ?? [:], schema.schema(of: field), path: path)
        case .array(let changes):
            let elements = present?.array ?? []
            switch field?.list ?? .atomic {
            case .atomic: return change
            case .set: return .array(elements + changes.enumerated().filter { !elements.contains($1) && !changes[..<$0].contains($1) }.map(\.element))
            case .byKey(let key): return .array(try merge(list: changes, into: elements, key: key, schema.schema(of: field), path: path))
            }
        default:
            return change
        }
    }

    private static func merge(
        list changes: [JSONValue], into target: [JSONValue], key: String, _ schema: MergeSchema, path: String
    ) throws -> [JSONValue] {
        var elements = target
        let replaces = changes.contains { $0[directive]?.string == "replace" && $0.object?.count == 1 }
        // The list as it is given, as Kubernetes does it: two elements with the same key stay two.
        if replaces { return changes.filter { $0[directive] == nil } }
        for change in changes {
            guard var members = change.object else {
                throw PatchError(code: .malformed, path: path, reason: "an element is \(change.typeName), wanted an object with \"\(key)\"")
            }
            let verb = members[directive]?.string
            guard let identity = members[key] else {
                throw PatchError(code: .missingMergeKey, path: path, reason: "an element does not contain the merge key \"\(key)\": \(change)")
            }
            let position = elements.firstIndex { $0[key] == identity }
            switch verb {
            case "delete":
                // Every element with the key goes: lists such as ports may hold several.
                elements.removeAll { $0[key] == identity }
            case "replace":
                members[directive] = nil
                if let position { elements[position] = .object(members) } else { elements.append(.object(members)) }
            default:
                if let position {
                    elements[position] = try merge(members, into: elements[position].object ?? [:], schema, path: path)
                } else {
                    elements.append(try merge(members, into: [:], schema, path: path))
                }
            }
        }
        return elements
    }
}
