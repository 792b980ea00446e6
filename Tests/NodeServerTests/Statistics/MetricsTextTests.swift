import Exposition
import KubeModel
import PodCore
import TestSupport
import Testing

@testable import NodeServer

@Suite("The node's figures as text") struct MetricsTextTests {
    private func resource(_ node: NodeMeasurement = .example) throws -> ParsedExposition {
        try ParsedExposition(String(decoding: ResourceMetrics.text(node).bytes, as: UTF8.self))
    }

    private func containers(_ node: NodeMeasurement = .example) throws -> ParsedExposition {
        try ParsedExposition(String(decoding: ContainerMetrics.text(node).bytes, as: UTF8.self))
    }

    private func compare(_ wanted: [WantedFamily], _ found: ParsedExposition) {
        for family in wanted {
            let samples = found.samples(family.name)
            guard family.missing == nil else {
                #expect(samples.isEmpty, "\(family) is there, and the list says that it is missing")
                continue
            }
            #expect(!samples.isEmpty, "\(family) is missing")
            #expect(found.families[family.name]?.kind == family.kind, "the type of \(family)")
            #expect(found.helps[family.name] == family.help, "the help of \(family)")
            for sample in samples {
                #expect(Set(sample.labels.keys) == family.labels, "the labels of \(family)")
                #expect((sample.milliseconds != nil) == family.hasTime, "the time of \(family)")
            }
        }
        let unknown = Set(found.families.keys).subtracting(wanted.map(\.name))
        #expect(unknown.isEmpty, "families that kubelet does not have")
    }

    @Test("/metrics/resource has kubelet's families, labels, types and help texts") func resourceFamilies() throws {
        compare(WantedFamily.resource, try resource())
    }

    @Test("/metrics/cadvisor has cAdvisor's, apart from a list with reasons") func containerFamilies() throws {
        compare(WantedFamily.containers, try containers())
    }

    @Test("values are in the units of the names") func units() throws {
        let found = try resource()
        #expect(found.samples("node_cpu_usage_seconds_total").map(\.value) == [9])
        #expect(found.samples("node_cpu_usage_seconds_total").first?.milliseconds == 1_800_000_100_250)
        let app = ["container": "app", "namespace": "default", "pod": "web"]
        #expect(found.samples("container_cpu_usage_seconds_total").first { $0.labels == app }?.value == 0.1)
        #expect(found.samples("container_start_time_seconds").first { $0.labels == app }?.value == 1_800_000_020.5)
        #expect(found.samples("pod_memory_working_set_bytes").first?.value == Double(20 << 20 - 4096))
        #expect(found.samples("resource_scrape_error").map(\.value) == [0])
        let all = try containers()
        let quota = all.samples("container_spec_cpu_quota")
        #expect(quota.map(\.value) == [50_000, 50_000] && quota.allSatisfy { $0.labels["container"] == "" })
        #expect(all.samples("container_pressure_cpu_waiting_seconds_total").first?.value == 2)
    }

    @Test("a pod's network is one set of rows, and there is none for a pod on the node's network") func network() throws {
        let rows = try containers().samples("container_network_receive_bytes_total")
        #expect(rows.map { $0.labels["pod"] } == ["", "web"])
        #expect(rows.last?.labels["interface"] == "eth0" && rows.last?.labels["container"] == "" && rows.last?.labels["name"] == "s1")
        #expect(rows.last?.labels["id"] == "/kubepods/podweb/s1" && rows.last?.value == 100)
    }

    @Test("file systems are named by their device, or by their use; each is there once") func fileSystems() throws {
        var node = NodeMeasurement.example
        #expect(try containers(node).samples("container_fs_usage_bytes").map { $0.labels["device"] } == ["nodefs"])
        var room = try #require(node.storage?.room)
        room.layout.hasImageFileSystem = true
        room.imageFileSystem = .init(bytes: .init(capacity: 9, available: 4), inodes: nil, used: 5, device: "/dev/sdb1")
        node.storage = .init(measuredAt: NodeMeasurement.measuredAt, room: room)
        let found = try containers(node).samples("container_fs_usage_bytes")
        #expect(found.map { $0.labels["device"] } == ["nodefs", "/dev/sdb1"] && found.map(\.value) == [500, 5])
    }

    @Test("memory of 0 is left out, not shown") func noMemory() throws {
        var node = NodeMeasurement.example
        node.pods[0].containers[0].cgroup.stats.memory.workingSet = 0
        node.pods[0].containers[0].cgroup.stats.memory.usage = 0
        #expect(try resource(node).samples("container_memory_working_set_bytes").map { $0.labels["container"] } == ["side", "only"])
        for name in ["container_memory_working_set_bytes", "container_memory_usage_bytes"] {
            #expect(try !containers(node).samples(name).contains { $0.labels["container"] == "app" })
        }
    }

    @Test("figures that the kernel does not give have no rows, and no family without rows is there") func missingControllers() throws {
        var node = NodeMeasurement.example
        node.updateCgroups { _, cgroup in
            var bare = ResourceStats(measuredAt: cgroup.stats.measuredAt)
            (bare.cpu.usage, bare.cpu.user, bare.cpu.system) = (1_000_000, 0, 1_000_000)
            cgroup.stats = bare
        }
        for found in [try resource(node), try containers(node)] {
            for name in found.families.keys { #expect(!found.samples(name).isEmpty, "\(name) has no rows") }
            #expect(found.samples("container_memory_rss").isEmpty && !found.samples("container_cpu_usage_seconds_total").isEmpty)
        }
    }

    @Test("a start is never later than its measurement, and one that is not known is not shown") func starts() throws {
        let stats = ResourceStats.example(usage: 1, memory: 1 << 20)
        let late = CgroupMeasurement(path: "/", startedAt: stats.measuredAt.advanced(bySeconds: 60), stats: stats)
        #expect(late.startedAt == stats.measuredAt)
        var node = NodeMeasurement.example
        for seconds: Int64 in [0, -5] {
            node.pods[0].containers[0].cgroup.keepStart(Timestamp(seconds: seconds))
            #expect(try resource(node).samples("container_start_time_seconds").map { $0.labels["container"] } == ["side", "only"])
        }
    }

    @Test("hostile names stay within their label") func hostileText() throws {
        let name = "\"} 1\nnode_cpu_usage_seconds_total 7\\"
        var node = NodeMeasurement.example
        let container = node.pods[0].containers[0]
        node.pods[0].containers[0] = .init(id: container.id, name: name, image: name, cgroup: container.cgroup)
        #expect(try resource(node).samples("node_cpu_usage_seconds_total").count == 1)
        #expect(try resource(node).samples("container_cpu_usage_seconds_total").contains { $0.labels["container"] == name })
        #expect(try containers(node).samples("container_cpu_usage_seconds_total").contains { $0.labels["image"] == name })
    }

    @Test("a part that could not be measured, and no measurement at all, are shown as errors") func errors() throws {
        var node = NodeMeasurement.example
        node.problems = ["a disk does not answer"]
        #expect(try resource(node).samples("resource_scrape_error").map(\.value) == [1])
        #expect(try containers(node).samples("container_scrape_error").map(\.value) == [1])
        let failure = try ParsedExposition(String(decoding: ResourceMetrics.failure.bytes, as: UTF8.self))
        #expect(failure.samples.map(\.name) == ["resource_scrape_error"] && failure.samples.first?.value == 1)
    }
}
