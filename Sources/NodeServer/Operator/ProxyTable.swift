package import KubeModel

/// Services as `swiftlet proxy ls` prints them.
package enum ProxyTable {
    package static func text(_ snapshot: ProxySnapshot, now: Timestamp) -> String {
        var table = TextTable("NAMESPACE", "SERVICE", "PORT NAME", "KIND", "FRONTEND", "ENDPOINTS")
        let frontends = snapshot.frontends.sorted {
            ($0.namespace, $0.service, $0.portName, $0.kind, $0.port) < ($1.namespace, $1.service, $1.portName, $1.kind, $1.port)
        }
        for frontend in frontends {
            let address = frontend.address.contains(":") ? "[\(frontend.address)]" : frontend.address
            table.add(
                frontend.namespace, frontend.service, frontend.portName.isEmpty ? "-" : frontend.portName, frontend.kind,
                "\(frontend.protocol) \(address.isEmpty ? "*" : address):\(frontend.port)",
                frontend.endpoints.isEmpty ? "<none>" : frontend.endpoints.joined(separator: ","))
        }
        let when = snapshot.lastSync.map { "\(TimeText.age(seconds: now.seconds - $0.seconds)) ago" } ?? "never"
        return table.text + "\(frontends.count) frontends, last written to the kernel: \(when)\n"
    }
}
