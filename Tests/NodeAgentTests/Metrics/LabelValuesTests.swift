import Exposition
import KubeModel
import MetricsStore
import PodCore
import TestSupport
import Testing

@testable import NodeAgent

@Suite struct LabelValuesTests {
    @Test(
        "an image's size is one of kubelet's classes",
        arguments: [
            (0, "0-10MB"), ((10 << 20) - 1, "0-10MB"), (10 << 20, "10MB-100MB"), (499 << 20, "100MB-500MB"), (500 << 20, "500MB-1GB"),
            (1 << 30, "1GB-5GB"), (7 << 30, "5GB-10GB"), (100 << 30, "GT100GB"),
        ] as [(Int64, String)])
    func sizes(_ bytes: Int64, _ name: String) {
        #expect(LabelValues.imageSize(bytes) == name)
    }

    @Test("only kubelet's own reasons of rejections are labels")
    func rejections() {
        #expect(LabelValues.rejection("OutOfcpu") == "OutOfcpu" && LabelValues.rejection("OutOfexample.com/thing") == "Other")
    }

    @Test("each change of a resource of a container counts once, by what it does")
    func resizes() throws {
        func spec(_ requests: [String: Quantity], _ limits: [String: Quantity]) -> PodSpec {
            var container = Container(name: "main", image: "i")
            container.resources = ResourceRequirements()
            container.resources?.requests = requests
            container.resources?.limits = limits
            return PodSpec(containers: [container])
        }
        let registry = MetricsRegistry(Catalogue.node)
        let former = spec(["cpu": Quantity(1), "memory": Quantity(100)], ["memory": Quantity(200)])
        registry.countResizes(from: former, to: former)
        registry.countResizes(from: former, to: spec(["cpu": Quantity(2), "memory": Quantity(50)], ["cpu": Quantity(3)]))
        var writer = ExpositionWriter()
        registry.write(into: &writer)
        let page = try ParsedExposition(String(decoding: writer.bytes, as: UTF8.self))
        func count(_ operation: String, _ requirement: String, _ resource: String) -> Double? {
            page[
                "kubelet_container_requested_resizes_total{operation=\"\(operation)\",requirement=\"\(requirement)\",resource=\"\(resource)\"}"]
        }
        #expect(count("increase", "requests", "cpu") == 1 && count("decrease", "requests", "memory") == 1)
        #expect(count("add", "limits", "cpu") == 1 && count("remove", "limits", "memory") == 1)
    }
}
