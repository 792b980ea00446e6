import ArgumentParser
import FoundationEssentials
import KubeModel
import LinuxSystem
import Nftables
import ProxyCore
import YAML

extension Proxy {
    /// `swiftlet proxy render`.
    struct Render: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the rules for Services and EndpointSlices of a file, without an agent and without changing anything.")

        @Option(name: [.short, .customLong("filename")], help: "Services and EndpointSlices in YAML or JSON, Lists too.")
        var file: String

        @Option(help: "The node whose endpoints are local.")
        var nodeName = "this-node"

        @Option(name: .customLong("node-ip"), help: "The node's addresses, separated by commas.")
        var nodeIP = "192.0.2.1"

        @Option(name: .customLong("pod-cidr"), help: "The ranges of the node's pods, separated by commas.")
        var podCIDR = "10.244.0.0/24"

        @Option(name: .customLong("cluster-cidr"), help: "The ranges of all pods of the cluster, separated by commas.")
        var clusterCIDR = "10.244.0.0/16"

        @Option(name: .customLong("service-cidr"), help: "The ranges of ClusterIPs, separated by commas.")
        var serviceCIDR = ""

        func run() async throws {
            let (services, slices) = try objects()
            let model = RenderedServices(services, slices, configuration)
            try await StandardStream.output.write(Array(model.text.utf8))
            for problem in model.problems { StandardStream.complain("not served: \(problem)") }
            if !model.problems.isEmpty { throw ExitCode.failure }
        }

        private var configuration: ProxyConfiguration {
            func list(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }
            return ProxyConfiguration(
                nodeName: nodeName, nodeAddresses: list(nodeIP), podCIDRs: list(podCIDR), nodePortAddresses: [], clusterCIDR: clusterCIDR,
                masqueradesAll: false, serviceCIDRs: list(serviceCIDR))
        }

        private func objects() throws -> ([Service], [EndpointSlice]) {
            let text = String(decoding: try SmallFile.bytes(file, limit: 64 << 20), as: UTF8.self)
            var (services, slices): ([Service], [EndpointSlice]) = ([], [])
            var rest = try YAMLDocuments.read(text).filter { !$0.isNull }.map { JSONValue($0) }[...]
            while let object = rest.popFirst() {
                switch object["kind"]?.string {
                case "List", "ServiceList", "EndpointSliceList":
                    if case .array(let items)? = object["items"] { rest = items + rest }
                case "Service": services.append(try decode(object))
                case "EndpointSlice": slices.append(try decode(object))
                case let kind: throw CommandFailure("\(file): found kind \(kind ?? "(none)"), wanted Service, EndpointSlice or a List of them")
                }
            }
            return (services, slices)
        }

        private func decode<Object: Decodable>(_ value: JSONValue) throws -> Object {
            do {
                return try JSONDecoder().decode(Object.self, from: Data(JSONWriter.bytes(value)))
            } catch {
                throw CommandFailure("\(file): a \(Object.self) cannot be read: \(error)")
            }
        }
    }

    private struct RenderedServices {
        let text: String
        let problems: [ServiceProblem]

        init(_ services: [Service], _ slices: [EndpointSlice], _ configuration: ProxyConfiguration) {
            var model = ServiceModel(configuration)
            model.replace(services: Packed.byKey(services), slices: Packed.byKey(slices))
            model.update()
            text = model.tables.map { NftText.text(of: $0) }.joined()
            problems = model.problems
        }
    }
}
