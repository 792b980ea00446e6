/// An object of which only some fields are kept. Of its metadata those are namespace, name, uid, resource version and creation time.
package protocol Packable: KubeObject, Hashable {
    static var keptLabels: [String] { get }
    static var keptAnnotations: [String] { get }

    /// Writes all kept fields but the metadata.
    func pack(into writer: inout PackedWriter)
    /// Reads what `pack` has written.
    init(_ metadata: ObjectMeta, from reader: inout PackedReader)
}

/// An API object for keeping: 8 bytes, and one piece of memory with the fields that its type packs behind 32 bytes of the array. A Service or an
/// EndpointSlice, as most of them are, has 130 to 170 bytes of fields, while the object itself takes more than a kilobyte.
///
/// Two are equal when all kept fields are.
package struct Packed<Object: Packable>: KubeObject, Hashable {
    private let bytes: [UInt8]

    package static var resource: ResourceKind { Object.resource }

    package init(_ object: Object) {
        var writer = PackedWriter()
        object.metadata.pack(into: &writer, labels: Object.keptLabels, annotations: Object.keptAnnotations)
        object.pack(into: &writer)
        bytes = writer.bytes
    }

    /// The object with its kept fields.
    package var object: Object {
        var reader = PackedReader(bytes)
        return Object(Self.metadata(&reader), from: &reader)
    }

    package var metadata: ObjectMeta {
        get {
            var reader = PackedReader(bytes)
            return Self.metadata(&reader)
        }
        set {
            var object = object
            object.metadata = newValue
            self = Packed(object)
        }
    }

    private static func metadata(_ reader: inout PackedReader) -> ObjectMeta {
        ObjectMeta(from: &reader, labels: Object.keptLabels, annotations: Object.keptAnnotations)
    }

    package init(from decoder: any Decoder) throws { self.init(try Object(from: decoder)) }

    package func encode(to encoder: any Encoder) throws { try object.encode(to: encoder) }

    /// Bytes of the kept fields.
    package var size: Int { bytes.count }

    package static func byKey(_ objects: some Sequence<Object>) -> [ObjectKey: Packed] {
        Dictionary(objects.map { ($0.key, Packed($0)) }, uniquingKeysWith: { _, last in last })
    }
}

extension ObjectMeta {
    fileprivate func pack(into writer: inout PackedWriter, labels: [String], annotations: [String]) {
        writer.put(namespace)
        writer.put(name)
        writer.put(uid)
        writer.put(resourceVersion)
        writer.put((creationTimestamp?.seconds).map { Int($0) })
        for label in labels { writer.put(self.labels?[label]) }
        for annotation in annotations { writer.put(self.annotations?[annotation]) }
    }

    fileprivate init(from reader: inout PackedReader, labels: [String], annotations: [String]) {
        self.init()
        namespace = reader.text()
        name = reader.text()
        uid = reader.text()
        resourceVersion = reader.text()
        creationTimestamp = reader.number().map { Timestamp(seconds: Int64($0)) }
        self.labels = Self.named(labels, &reader)
        self.annotations = Self.named(annotations, &reader)
    }

    private static func named(_ names: [String], _ reader: inout PackedReader) -> [String: String]? {
        var result: [String: String]?
        for name in names {
            if let text = reader.text() { result = (result ?? [:]).merging([name: text]) { _, new in new } }
        }
        return result
    }
}
