import KubeModel

/// Bodies in Kubernetes' protobuf form, for the kinds that kubectl sends so: `create namespace`, `create configmap`,
/// `create secret`, `create serviceaccount`, `create token`, `auth`, `drain`.
///
/// An envelope (`k8s\0` and runtime.Unknown) names the kind; the fields below are those of the API's .proto files that
/// these commands fill in. Others are passed over.
enum ProtobufBody {
    private indirect enum Field: Sendable {
        case string(String)
        case integer(String)
        case bool(String)
        case message(String, [UInt64: Field])
        case strings(String)
        /// Text to text, or text to bytes.
        case map(String, isBytes: Bool)
    }

    private static let metadata = Field.message(
        "metadata",
        [
            1: .string("name"), 2: .string("generateName"), 3: .string("namespace"), 11: .map("labels", isBytes: false),
            12: .map("annotations", isBytes: false),
        ])

    private static let deleteOptions: [UInt64: Field] = [
        1: .integer("gracePeriodSeconds"), 2: .message("preconditions", [1: .string("uid"), 2: .string("resourceVersion")]),
        4: .string("propagationPolicy"),
        5: .strings("dryRun"),
    ]

    private static let kinds: [String: [UInt64: Field]] = [
        "Namespace": [1: metadata],
        "ConfigMap": [1: metadata, 2: .map("data", isBytes: false), 3: .map("binaryData", isBytes: true), 4: .bool("immutable")],
        "Secret": [1: metadata, 2: .map("data", isBytes: true), 3: .string("type"), 4: .map("stringData", isBytes: false), 5: .bool("immutable")],
        "ServiceAccount": [1: metadata, 4: .bool("automountServiceAccountToken")],
        "PriorityClass": [1: metadata, 2: .integer("value"), 3: .bool("globalDefault"), 4: .string("description"), 5: .string("preemptionPolicy")],
        "TokenRequest": [
            1: metadata,
            2: .message(
                "spec",
                [
                    1: .strings("audiences"), 4: .integer("expirationSeconds"),
                    3: .message("boundObjectRef", [1: .string("kind"), 2: .string("apiVersion"), 3: .string("name"), 4: .string("uid")]),
                ]),
        ],
        "SelfSubjectReview": [1: metadata],
        "SelfSubjectAccessReview": [
            1: metadata,
            2: .message(
                "spec",
                [
                    1: .message(
                        "resourceAttributes",
                        [
                            1: .string("namespace"), 2: .string("verb"), 3: .string("group"), 4: .string("version"), 5: .string("resource"),
                            6: .string("subresource"), 7: .string("name"),
                        ]),
                    2: .message("nonResourceAttributes", [1: .string("path"), 2: .string("verb")]),
                ]),
        ],
        "Eviction": [1: metadata, 2: .message("deleteOptions", deleteOptions)],
        "DeleteOptions": deleteOptions,
    ]

    /// Nil: the bytes are not such an envelope, or the kind is not known.
    static func parse(_ bytes: some Sequence<UInt8>) -> JSONValue? {
        let bytes = Array(bytes)
        guard bytes.starts(with: [0x6B, 0x38, 0x73, 0x00]) else { return nil }
        var apiVersion = ""
        var kind = ""
        var raw: ArraySlice<UInt8> = []
        var envelope = ProtobufReader(bytes.dropFirst(4))
        while let (number, value) = envelope.next() {
            guard case .bytes(let content) = value else { continue }
            if number == 2 { raw = content }
            guard number == 1 else { continue }
            var type = ProtobufReader(content)
            while let (member, text) = type.next() {
                guard case .bytes(let name) = text else { continue }
                if member == 1 { apiVersion = String(decoding: name, as: UTF8.self) }
                if member == 2 { kind = String(decoding: name, as: UTF8.self) }
            }
        }
        guard let fields = kinds[kind], var object = message(raw, fields), !envelope.isBroken else { return nil }
        object["apiVersion"] = .string(apiVersion)
        object["kind"] = .string(kind)
        return object
    }

    private static func message(_ bytes: ArraySlice<UInt8>, _ fields: [UInt64: Field]) -> JSONValue? {
        var object: JSONValue = [:]
        var reader = ProtobufReader(bytes)
        while let (number, value) = reader.next() {
            guard let field = fields[number] else { continue }
            switch (field, value) {
            case (.string(let name), .bytes(let content)):
                if !content.isEmpty { object[name] = .string(String(decoding: content, as: UTF8.self)) }
            case (.strings(let name), .bytes(let content)): object.append(.string(String(decoding: content, as: UTF8.self)), to: name)
            case (.integer(let name), .integer(let number)): object[name] = .integer(Int64(bitPattern: number))
            case (.bool(let name), .integer(let number)): object[name] = .bool(number != 0)
            case (.message(let name, let inner), .bytes(let content)):
                guard let child = message(content, inner) else { return nil }
                object[name] = child
            case (.map(let name, let isBytes), .bytes(let content)):
                var entry = ProtobufReader(content)
                var key = ""
                var text = JSONValue.string("")
                while let (member, part) = entry.next() {
                    guard case .bytes(let bytes) = part else { continue }
                    if member == 1 { key = String(decoding: bytes, as: UTF8.self) }
                    if member == 2 { text = .string(isBytes ? Base64.encode(bytes) : String(decoding: bytes, as: UTF8.self)) }
                }
                if entry.isBroken { return nil }
                object[name, key] = text
            default: continue
            }
        }
        return reader.isBroken ? nil : object
    }
}
