package import KubeModel

/// The fields that rules are made of. All addresses of an endpoint are the same pod's: the first stands for it.
extension EndpointSlice: Packable {
    /// When the control plane has seen the change that a slice brings.
    package static let changeTime = "endpoints.kubernetes.io/last-change-trigger-time"

    package static var keptLabels: [String] { [ServiceLabels.serviceName] + ServiceLabels.ignoring }
    package static var keptAnnotations: [String] { [changeTime] }

    package func pack(into writer: inout PackedWriter) {
        writer.put(addressType)
        writer.put(ports) { writer, port in
            writer.put(port.name)
            writer.put(port.protocol)
            writer.put(port.port)
        }
        writer.put(endpoints) { $1.pack(into: &$0) }
    }

    package init(_ metadata: ObjectMeta, from reader: inout PackedReader) {
        self.init(metadata: metadata, addressType: reader.text() ?? "", endpoints: [], ports: [])
        ports = reader.list { reader in
            let (name, transport) = (reader.text(), reader.text())
            return Port(name: name, protocol: transport, port: reader.number())
        }
        endpoints = reader.list { Endpoint(from: &$0) }
    }
}

extension EndpointSlice.Endpoint {
    fileprivate func pack(into writer: inout PackedWriter) {
        writer.put(addresses.first)
        writer.put(conditions != nil)
        if let conditions {
            writer.put(conditions.ready)
            writer.put(conditions.serving)
            writer.put(conditions.terminating)
        }
        writer.put(nodeName)
        writer.put(hints?.forZones) { $0.put($1.name) }
        writer.put(hints?.forNodes) { $0.put($1.name) }
    }

    fileprivate init(from reader: inout PackedReader) {
        self.init(addresses: reader.text().map { [$0] } ?? [])
        if reader.flag() == true {
            let (ready, serving) = (reader.flag(), reader.flag())
            conditions = Conditions(ready: ready, serving: serving, terminating: reader.flag())
        }
        nodeName = reader.text()
        let zones = reader.list { Hints.Name($0.text() ?? "") }
        let nodes = reader.list { Hints.Name($0.text() ?? "") }
        guard zones != nil || nodes != nil else { return }
        hints = Hints()
        hints?.forZones = zones
        hints?.forNodes = nodes
    }
}
