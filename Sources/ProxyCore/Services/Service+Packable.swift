package import KubeModel

/// The fields that rules are made of, and those that containers' environments show.
extension Service: Packable {
    package static var keptLabels: [String] { ServiceLabels.ignoring }
    package static var keptAnnotations: [String] { [] }

    package func pack(into writer: inout PackedWriter) {
        writer.put(spec != nil)
        spec?.pack(into: &writer)
        writer.put(status?.loadBalancer?.ingress) { writer, place in
            writer.put(place.ip)
            writer.put(place.ipMode)
        }
    }

    package init(_ metadata: ObjectMeta, from reader: inout PackedReader) {
        self.init(metadata: metadata, spec: ServiceSpec())
        spec = reader.flag() == true ? ServiceSpec(from: &reader) : nil
        let ingress = reader.list { reader in
            let ip = reader.text()
            return ServiceStatus.LoadBalancer.Ingress(ip: ip, ipMode: reader.text())
        }
        status = ingress.map { ServiceStatus(loadBalancer: .init(ingress: $0)) }
    }
}

extension ServiceSpec {
    fileprivate func pack(into writer: inout PackedWriter) {
        writer.put(type)
        writer.put(clusterIP)
        writer.put(clusterIPs) { $0.put($1) }
        writer.put(externalIPs) { $0.put($1) }
        writer.put(ports) { writer, port in
            writer.put(port.name)
            writer.put(port.protocol)
            writer.put(count: port.port)
            writer.put(port.nodePort)
        }
        writer.put(sessionAffinity)
        writer.put(sessionAffinityConfig?.clientIP?.timeoutSeconds)
        writer.put(internalTrafficPolicy)
        writer.put(externalTrafficPolicy)
        writer.put(healthCheckNodePort)
        writer.put(loadBalancerSourceRanges) { $0.put($1) }
    }

    fileprivate init(from reader: inout PackedReader) {
        self.init()
        type = reader.text()
        clusterIP = reader.text()
        clusterIPs = reader.list { $0.text() ?? "" }
        externalIPs = reader.list { $0.text() ?? "" }
        ports = reader.list { reader in
            let (name, transport, port) = (reader.text(), reader.text(), reader.count())
            return ServicePort(name: name, protocol: transport, port: port, nodePort: reader.number())
        }
        sessionAffinity = reader.text()
        sessionAffinityConfig = reader.number().map { SessionAffinityConfig(timeoutSeconds: $0) }
        internalTrafficPolicy = reader.text()
        externalTrafficPolicy = reader.text()
        healthCheckNodePort = reader.number()
        loadBalancerSourceRanges = reader.list { $0.text() ?? "" }
    }
}
