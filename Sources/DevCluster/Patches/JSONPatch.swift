package import KubeModel

/// RFC 6902: a list of operations, all or none.
package enum JSONPatch {
    /// More operations than this are refused, as by a Kubernetes API server.
    package static let mostOperations = 10_000

    package static func apply(_ patch: JSONValue, to target: JSONValue) throws -> JSONValue {
        guard let operations = patch.array else {
            throw PatchError(code: .malformed, path: "", reason: "a JSON patch is an array of operations, found \(patch.typeName)")
        }
        guard operations.count <= mostOperations else {
            throw PatchError(code: .malformed, path: "", reason: "\(operations.count) operations, at most \(mostOperations) are allowed")
        }
        var document = target
        for operation in operations { try apply(operation: operation, to: &document) }
        return document
    }

    private static func apply(operation: JSONValue, to document: inout JSONValue) throws {
        func text(_ member: String) throws -> String {
            guard let text = operation[member]?.string else {
                throw PatchError(code: .malformed, path: "", reason: "an operation has no string \"\(member)\": \(operation)")
            }
            return text
        }
        func value(_ pointer: JSONPointer) throws -> JSONValue {
            guard let value = operation["value"] else {
                throw PatchError(code: .malformed, path: pointer.text, reason: "the operation has no \"value\"")
            }
            return value
        }
        let name = try text("op")
        let path = try JSONPointer(try text("path"))
        switch name {
        case "add": try edit(&document, path, path.tokens[...], .add(try value(path)))
        case "replace": try edit(&document, path, path.tokens[...], .replace(try value(path)))
        case "remove": try edit(&document, path, path.tokens[...], .remove)
        case "test":
            let wanted = try value(path)
            guard try read(document, path) == wanted else {
                throw PatchError(code: .testFailed, path: path.text, reason: "the value is not \(wanted)")
            }
        case "copy":
            let source = try JSONPointer(try text("from"))
            try edit(&document, path, path.tokens[...], .add(try read(document, source)))
        case "move":
            let source = try JSONPointer(try text("from"))
            guard !(path.tokens.count > source.tokens.count && path.tokens.starts(with: source.tokens)) else {
                throw PatchError(code: .malformed, path: path.text, reason: "cannot move \(source.text) into itself")
            }
            let moved = try read(document, source)
            try edit(&document, source, source.tokens[...], .remove)
            try edit(&document, path, path.tokens[...], .add(moved))
        default:
            throw PatchError(code: .malformed, path: path.text, reason: "operation \"\(name)\" is none of add, remove, replace, move, copy, test")
        }
    }

    private enum Edit {
        case add(JSONValue)
        case replace(JSONValue)
        case remove
    }

    private static func missing(_ pointer: JSONPointer) -> PatchError {
        PatchError(code: .noSuchPath, path: pointer.text, reason: "there is no such value in the object")
    }

    private static func read(_ document: JSONValue, _ pointer: JSONPointer) throws -> JSONValue {
        var value = document
        for token in pointer.tokens {
            switch value {
            case .object(let members):
                guard let member = members[token] else { throw missing(pointer) }
                value = member
            case .array(let elements):
                value = elements[try index(token, in: elements.count, pointer)]
            default:
                throw missing(pointer)
            }
        }
        return value
    }

    private static func index(_ token: String, in count: Int, _ pointer: JSONPointer) throws -> Int {
        guard token.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), token == "0" || token.first != "0", let index = Int(token) else {
            throw PatchError(code: .malformed, path: pointer.text, reason: "\"\(token)\" is no array index")
        }
        guard index < count else { throw missing(pointer) }
        return index
    }

    private static func edit(_ value: inout JSONValue, _ pointer: JSONPointer, _ tokens: ArraySlice<String>, _ edit: Edit) throws {
        guard let token = tokens.first else {
            switch edit {
            case .add(let new), .replace(let new): value = new
            case .remove: throw PatchError(code: .malformed, path: pointer.text, reason: "the whole object cannot be removed")
            }
            return
        }
        let isLast = tokens.count == 1
        switch value {
        case .object(var members):
            value = .null
            defer { value = .object(members) }
            if isLast {
                switch edit {
                case .add(let new): members[token] = new
                case .replace(let new):
                    guard members[token] != nil else { throw missing(pointer) }
                    members[token] = new
                case .remove:
                    guard members.removeValue(forKey: token) != nil else { throw missing(pointer) }
                }
            } else {
                guard var child = members[token] else { throw missing(pointer) }
                try Self.edit(&child, pointer, tokens.dropFirst(), edit)
                members[token] = child
            }
        case .array(var elements):
            value = .null
            defer { value = .array(elements) }
            if isLast, case .add(let new) = edit {
                elements.insert(new, at: token == "-" ? elements.count : try index(token, in: elements.count + 1, pointer))
                return
            }
            let position = try index(token, in: elements.count, pointer)
            if isLast {
                if case .replace(let new) = edit { elements[position] = new } else { elements.remove(at: position) }
            } else {
                try Self.edit(&elements[position], pointer, tokens.dropFirst(), edit)
            }
        default:
            throw missing(pointer)
        }
    }
}
