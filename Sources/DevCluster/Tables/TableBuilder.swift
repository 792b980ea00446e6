import KubeModel

/// Objects as a `meta.k8s.io/v1` Table with the columns that kubectl shows.
struct TableBuilder: Sendable {
    let type: ResourceType
    /// `Object`, `Metadata` or `None`: what a row carries besides its cells.
    let include: String
    var now: Timestamp

    func table(_ objects: [JSONValue], metadata: JSONValue) -> JSONValue {
        let columns = type.columns
        let rows: [JSONValue] = objects.map { object in
            var row: JSONValue = ["cells": .array(columns.map { $0.cell(object, now) })]
            switch include {
            case "None": break
            case "Object": row["object"] = object
            default: row["object"] = ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object.metadata]
            }
            return row
        }
        return [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": .array(columns.map(\.definition)),
            "rows": .array(rows),
        ]
    }
}
