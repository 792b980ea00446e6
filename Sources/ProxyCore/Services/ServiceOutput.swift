import Addresses
import KubeModel

/// One Service, read and joined with its endpoints. A part that cannot be served becomes a problem and leaves the rest alone.
struct ServiceOutput: Sendable {
    private(set) var entries: [ServiceEntry] = []
    private(set) var problems: [ServiceProblem] = []
    private(set) var healthChecks: [ServiceHealthCheck] = []

    private var used: Set<Frontend> = []

    init() {}

    init(entries: [ServiceEntry], problems: [ServiceProblem]) {
        self.entries = entries
        self.problems = problems
    }

    /// - Parameter otherOwner: the other Service that has the frontend.
    init(_ service: ServedService, _ catalog: EndpointCatalog, uid: String?, otherOwner: (Frontend) -> ObjectKey?) {
        for text in service.problems + catalog.problems {
            problems.append(ServiceProblem(namespace: service.namespace, name: service.name, text: text, uid: uid))
        }
        for address in service.clusterIPs {
            var local: Set<IPAddress> = []
            for port in service.ports {
                if let entry = entry(port, of: service, at: address, catalog, uid, otherOwner) { entries.append(entry) }
                if service.healthPort != nil { local.formUnion(catalog.localReadyAddresses(of: port.name, family: address.family)) }
            }
            guard let port = service.healthPort else { continue }
            healthChecks.append(
                ServiceHealthCheck(
                    namespace: service.namespace, service: service.name, family: address.family, port: port, localEndpoints: local.count))
        }
        used = []
    }

    private mutating func entry(
        _ port: ServedService.Port, of service: ServedService, at address: IPAddress, _ catalog: EndpointCatalog, _ uid: String?,
        _ otherOwner: (Frontend) -> ObjectKey?
    ) -> ServiceEntry? {
        func isFree(_ frontend: Frontend, _ text: String, _ output: inout ServiceOutput) -> Bool {
            let owner = otherOwner(frontend) ?? (output.used.contains(frontend) ? ObjectKey(namespace: service.namespace, name: service.name) : nil)
            guard let owner else {
                output.used.insert(frontend)
                return true
            }
            let part = port.name.port.isEmpty ? "" : "port \(port.name.port): "
            output.problems.append(
                ServiceProblem(
                    namespace: service.namespace, name: service.name, text: "\(part)\(text) belongs to service \(owner) already", uid: uid))
            return false
        }
        func frontend(_ address: IPAddress, _ number: UInt16) -> Frontend {
            Frontend(address: address, transport: port.name.transport, port: number)
        }
        func free(_ addresses: [IPAddress], _ output: inout ServiceOutput) -> [IPAddress] {
            addresses.filter { isFree(frontend($0, port.number), "\($0) port \(port.number)", &output) }
        }
        guard !free([address], &self).isEmpty else { return nil }
        let wantsLocal = service.internalPolicy == .local || service.externalPolicy == .local
        var entry = ServiceEntry(
            name: port.name, clusterIP: address, port: port.number,
            choice: catalog.choice(of: port.name, family: address.family, wantsLocal: wantsLocal))
        entry.internalPolicy = service.internalPolicy
        entry.externalPolicy = service.externalPolicy
        entry.affinityTimeout = service.affinityTimeout
        entry.sourceRanges = service.sourceRanges(address.family)
        let external = service.externalAddresses(beside: address)
        entry.externalIPs = free(external.addresses, &self)
        entry.loadBalancerIPs = free(external.loadBalancers, &self)
        if let nodePort = port.nodePort, isFree(frontend(address.family.unspecified, nodePort), "node port \(nodePort)", &self) {
            entry.nodePort = nodePort
        }
        return entry
    }
}
