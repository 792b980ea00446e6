import Addresses
import FoundationEssentials
import Glibc
import KubeModel
import LinuxSystem
import Nftables
import ProxyCore

/// Services with two endpoints each, as the API server would list them. The first one's endpoints are the addresses of the bench's server.
struct BenchServices {
    let count: Int

    /// Objects in one answer of the API server.
    private static let page = 500

    static let configuration = ProxyConfiguration(
        nodeName: "node-1", nodePortAddresses: [IPAddress("10.244.0.1")!], podCIDRs: [CIDR("10.244.0.0/24")!], clusterCIDRs: [CIDR("10.244.0.0/14")!],
        masqueradesPodEgress: true)

    private static let firstClusterIP = IPAddress("10.96.0.1")!.value
    private static let firstEndpoint = IPAddress("10.244.0.2")!.value

    static func name(_ number: Int) -> String { "service-\(number)" }

    static func endpoint(_ number: Int, _ slot: Int) -> String {
        IPAddress(family: .v4, value: firstEndpoint + UInt128(2 * number + slot)).description
    }

    func service(_ number: Int) -> Service {
        Service(
            metadata: metadata(Self.name(number)),
            spec: ServiceSpec(
                type: "ClusterIP", clusterIPs: [IPAddress(family: .v4, value: Self.firstClusterIP + UInt128(number)).description],
                ports: [ServicePort(name: "http", protocol: "TCP", port: 80)]))
    }

    /// - Parameter second: the second endpoint's address.
    func slice(_ number: Int, second: String? = nil) -> EndpointSlice {
        var metadata = metadata(Self.name(number) + "-x7k2p")
        metadata.labels = [
            "kubernetes.io/service-name": Self.name(number), "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
        ]
        return EndpointSlice(
            metadata: metadata, addressType: "IPv4",
            endpoints: [Self.endpoint(number, 0), second ?? Self.endpoint(number, 1)].map {
                .init(addresses: [$0], conditions: .init(ready: true, serving: true, terminating: false), nodeName: "node-\(number % 1000 + 1)")
            }, ports: [.init(name: "http", protocol: "TCP", port: 8080)])
    }

    private func metadata(_ name: String) -> ObjectMeta {
        var result = ObjectMeta(name: name, namespace: "bench")
        result.uid = "5ad1f5f0-6a0c-4d3e-9d8e-\(100_000_000_000 + name.utf8.reduce(0) { ($0 * 31 + Int($1)) % 100_000_000_000 })"
        result.resourceVersion = "123456"
        result.creationTimestamp = Timestamp(seconds: 1_790_000_000)
        return result
    }

    var tables: [Table] {
        var model = ServiceModel(Self.configuration)
        model.replace(services: Packed.byKey((0..<count).map(service)), slices: Packed.byKey((0..<count).map { slice($0) }))
        model.update()
        return model.tables
    }

    /// Writes the compiled tables as nft text, and the objects as the answers to list calls, into a folder.
    func write(to folder: String) throws {
        try write(Array(tables.map { NftText.text(of: $0) }.joined().utf8), to: folder + "/rules.nft")
        let encoder = JSONEncoder()
        for (index, start) in stride(from: 0, to: count, by: Self.page).enumerated() {
            let numbers = start..<min(start + Self.page, count)
            try write(Array(encoder.encode(ObjectList(items: numbers.map(service)))), to: folder + "/services-\(index).json")
            try write(Array(encoder.encode(ObjectList(items: numbers.map { slice($0) }))), to: folder + "/slices-\(index).json")
        }
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        guard let file = fopen(path, "w") else { throw SystemError(call: "fopen", path: path, errno: errno) }
        defer { fclose(file) }
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw SystemError(call: "fwrite", path: path, errno: errno) }
    }

    /// Reads the answers to list calls, page by page, as a watch begins.
    func read<Object: Packable>(_ type: Object.Type, _ name: String, from folder: String) throws -> [ObjectKey: Packed<Object>] {
        let decoder = JSONDecoder()
        var result: [ObjectKey: Packed<Object>] = [:]
        for index in 0..<((count + Self.page - 1) / Self.page) {
            let bytes = try SmallFile.bytes("\(folder)/\(name)-\(index).json", limit: 16 << 20)
            for object in try decoder.decode(ObjectList<Packed<Object>>.self, from: Data(bytes)).items { result[object.key] = object }
        }
        return result
    }
}
