import Addresses
import KubeModel

/// Defaults, addresses and validation of Services.
struct ServiceRules: Sendable {
    let clusterRange: CIDR
    static let nodePorts: ClosedRange<Int64> = 30000...32767

    func defaults(_ service: inout JSONValue) {
        service.edit("spec") { spec in
            spec.setDefault("type", "ClusterIP")
            spec.setDefault("sessionAffinity", "None")
            if spec.text("sessionAffinity") == "ClientIP" { spec.setDefault("sessionAffinityConfig", ["clientIP": ["timeoutSeconds": 10800]]) }
            if spec.text("sessionAffinity") == "None" { spec["sessionAffinityConfig"] = nil }
            let isExternalName = spec.text("type") == "ExternalName"
            spec.editEach("ports") { port in
                port.setDefault("protocol", "TCP")
                if !isExternalName { port.setDefault("targetPort", port["port"] ?? 0) }
            }
            guard !isExternalName else { return }
            spec.setDefault("internalTrafficPolicy", "Cluster")
            spec.setDefault("ipFamilyPolicy", "SingleStack")
            spec.setDefault("ipFamilies", ["IPv4"])
            let isExternal = ["NodePort", "LoadBalancer"].contains(spec.text("type")) || !spec.list("externalIPs").isEmpty
            if isExternal { spec.setDefault("externalTrafficPolicy", "Cluster") } else { spec["externalTrafficPolicy"] = nil }
            if spec.text("type") == "LoadBalancer" { spec.setDefault("allocateLoadBalancerNodePorts", true) }
        }
        service.setDefault("status", ["loadBalancer": [:]])
    }

    func validate(_ service: JSONValue, _ errors: inout FieldErrors) {
        guard let spec = service["spec"], spec.object != nil else {
            errors.required("spec")
            return
        }
        let types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]
        if !types.contains(spec.text("type")) { errors.unsupported("spec.type", spec["type"], types) }
        if !["ClientIP", "None"].contains(spec.text("sessionAffinity")) {
            errors.unsupported("spec.sessionAffinity", spec["sessionAffinity"], ["ClientIP", "None"])
        }
        let ports = spec.list("ports")
        if ports.isEmpty, spec.text("type") != "ExternalName", spec.text("clusterIP") != "None" { errors.required("spec.ports") }
        var names: Set<String> = []
        var seen: Set<String> = []
        for (index, port) in ports.enumerated() {
            let path = "spec.ports[\(index)]"
            if !(1...65535).contains(port["port"]?.integer ?? 0) {
                errors.invalid("\(path).port", port["port"], "must be between 1 and 65535, inclusive")
            }
            if !["SCTP", "TCP", "UDP"].contains(port.text("protocol")) {
                errors.unsupported("\(path).protocol", port["protocol"], ["SCTP", "TCP", "UDP"])
            }
            let name = port.text("name")
            if name.isEmpty, ports.count > 1 { errors.required("\(path).name") }
            if !name.isEmpty, !names.insert(name).inserted { errors.duplicate("\(path).name", name) }
            if !seen.insert("\(port.text("protocol"))/\(port["port"]?.integer ?? 0)").inserted { errors.duplicate(path, "\(port)") }
        }
    }

    /// Gives the Service its cluster address and node ports: the requested values where they are free.
    func allocate(_ service: inout JSONValue, old: JSONValue?, _ store: isolated ObjectStore, _ errors: inout FieldErrors) {
        let others = store.list(.services).filter { $0.uid != old?.uid || old == nil }
        clusterIP(&service, old: old, others, &errors)
        nodePorts(&service, old: old, others, &errors)
    }

    private func clusterIP(_ service: inout JSONValue, old: JSONValue?, _ others: [JSONValue], _ errors: inout FieldErrors) {
        if service.text("spec", "type") == "ExternalName" {
            for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"] { service["spec", field] = nil }
            return
        }
        if let old, old.text("spec", "type") != "ExternalName", !old.text("spec", "clusterIP").isEmpty {
            let before = old.text("spec", "clusterIP")
            let wanted = service.text("spec", "clusterIP")
            if !wanted.isEmpty, wanted != before { errors.invalid("spec.clusterIPs[0]", .string(wanted), "may not change once set") }
            service["spec", "clusterIP"] = .string(before)
            service["spec", "clusterIPs"] = old["spec", "clusterIPs"]
            return
        }
        var wanted = service.text("spec", "clusterIP")
        if wanted.isEmpty, let first = service["spec"]?.list("clusterIPs").first?.string { wanted = first }
        if wanted == "None" {
            service["spec", "clusterIP"] = "None"
            service["spec", "clusterIPs"] = ["None"]
            return
        }
        let used = Set(others.map { $0.text("spec", "clusterIP") })
        if wanted.isEmpty {
            guard let free = clusterRange.firstFree(where: { !used.contains($0) }) else {
                errors.invalid("spec.clusterIPs", nil, "failed to allocate IP for service: range \(clusterRange) is full")
                return
            }
            wanted = free
        } else if IPAddress(wanted).map(clusterRange.contains) != true {
            errors.invalid(
                "spec.clusterIPs", [.string(wanted)],
                "failed to allocate IP \(wanted): the provided IP is not in the valid range. The range of valid IPs is \(clusterRange)")
        } else if used.contains(wanted) {
            errors.invalid("spec.clusterIPs", [.string(wanted)], "failed to allocate IP \(wanted): provided IP is already allocated")
        }
        service["spec", "clusterIP"] = .string(wanted)
        service["spec", "clusterIPs"] = [.string(wanted)]
    }

    private func nodePorts(_ service: inout JSONValue, old: JSONValue?, _ others: [JSONValue], _ errors: inout FieldErrors) {
        let takesPorts = ["NodePort", "LoadBalancer"].contains(service.text("spec", "type"))
        guard takesPorts else {
            service.edit("spec") { spec in
                spec.editEach("ports") { $0["nodePort"] = nil }
            }
            return
        }
        func identity(_ port: JSONValue, _ number: Int64) -> String { "\(port.text("protocol"))/\(number)" }
        var used: Set<String> = []
        for port in others.flatMap({ $0["spec"]?.list("ports") ?? [] }) {
            if let number = port["nodePort"]?.integer { used.insert(identity(port, number)) }
        }
        var ports = service["spec"]?.list("ports") ?? []
        for index in ports.indices where ports[index]["nodePort"]?.integer ?? 0 == 0 {
            // A port that an update leaves out keeps its number.
            let before = old?["spec"]?.list("ports").first { $0["port"] == ports[index]["port"] && $0["protocol"] == ports[index]["protocol"] }
            ports[index]["nodePort"] = before?["nodePort"]
        }
        for index in ports.indices {
            if let number = ports[index]["nodePort"]?.integer {
                let path = "spec.ports[\(index)].nodePort"
                if !Self.nodePorts.contains(number) {
                    errors.invalid(
                        path, .integer(number),
                        "provided port is not in the valid range. The range of valid ports is \(Self.nodePorts.lowerBound)-\(Self.nodePorts.upperBound)"
                    )
                } else if !used.insert(identity(ports[index], number)).inserted {
                    errors.invalid(path, .integer(number), "provided port is already allocated")
                }
            }
        }
        for index in ports.indices where ports[index]["nodePort"]?.integer == nil {
            guard let free = Self.nodePorts.first(where: { !used.contains(identity(ports[index], $0)) }) else {
                errors.invalid("spec.ports[\(index)].nodePort", nil, "failed to allocate a nodePort: the range is full")
                continue
            }
            used.insert(identity(ports[index], free))
            ports[index]["nodePort"] = .integer(free)
        }
        service["spec", "ports"] = .array(ports)
    }
}
