import KubeModel
import Testing

@testable import PodCore

@Suite("Texts about evicted pods")
struct EvictionMessageTests {
    private func text(
        _ resource: EvictionSignal.Resource, _ thresholds: [(EvictionSignal, String)], _ room: NodeRoom, _ pod: Pod, _ usage: PodUsage?
    ) throws -> String {
        let exceeded = try thresholds.map { EvictionThreshold($0.0, try Shortage.amount($0.1)) }
        return EvictionMessage(resource, exceeded, room).text(about: pod, usage)
    }

    @Test("memory: the first threshold of memory, and each container that uses more than it requests")
    func memory() throws {
        let pod = try Shortage.pod(
            "p", requests: #"{"memory":"50Mi"}"#,
            more: #","initContainers":[{"name":"side","image":"b","restartPolicy":"Always"},{"name":"idle","image":"b"}]"#)
        let usage = PodUsage(memory: 400 << 20, containerMemory: ["c": 300 << 20, "side": 1025 << 10, "gone": 1 << 30])
        let found = try text(
            .memory, [(.processIDsAvailable, "5"), (.memoryAvailable, "100Mi"), (.allocatableMemoryAvailable, "1Gi")],
            Shortage.room(memory: 50), pod, usage)
        #expect(
            found == "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. "
                + "Container c was using 300Mi, request is 50Mi, has larger consumption of memory. "
                + "Container side was using 1025Ki, request is 0, has larger consumption of memory. ")
    }

    @Test("a container within its request is not named, nor is a pod of which nothing is known")
    func within() throws {
        let pod = try Shortage.pod("p", requests: #"{"memory":"50Mi"}"#)
        let expected = "The node was low on resource: memory. Threshold quantity: 104857600, available: 50Mi. "
        for usage in [PodUsage(memory: 1, containerMemory: ["c": 50 << 20]), nil] {
            // 10% of 1000 Mi are not a whole number of any unit: kubelet computes with a fraction in single precision.
            let found = try text(.memory, [(.memoryAvailable, "10%")], Shortage.room(memory: 50), pod, usage)
            #expect(found.hasPrefix("The node was low on resource: memory. Threshold quantity: ") && found.hasSuffix(", available: 50Mi. "))
            #expect(found.count <= expected.count)
        }
    }

    @Test("a request of the pod as a whole is named before its containers")
    func podLevel() throws {
        let pod = try Shortage.pod("p", more: #","resources":{"requests":{"memory":"1024Mi"}}"#)
        let found = try text(.memory, [], Shortage.room(), pod, PodUsage(memory: 1000))
        #expect(found == "The node was low on resource: memory. Pod p was using 1k, request is 1Gi, has larger consumption of memory. ")
    }

    @Test("disk: layer and log of a container count together; inodes and process ids name no container")
    func others() throws {
        let pod = try Shortage.pod("p", requests: #"{"ephemeral-storage":"1Ki"}"#)
        let usage = PodUsage(
            tasks: 900,
            disk: PodDiskUse(
                layers: ["c": DiskUse(bytes: 1 << 20, inodes: 1)], logs: ["c": DiskUse(bytes: 1 << 10)], volumes: ["v": DiskUse(bytes: 9)]))
        #expect(
            try text(.storage, [(.nodeFileSystemAvailable, "100k")], Shortage.room(disk: 50_000), pod, usage)
                == "The node was low on resource: ephemeral-storage. Threshold quantity: 100k, available: 50000. "
                + "Container c was using 1025Ki, request is 1Ki, has larger consumption of ephemeral-storage. ")
        #expect(
            try text(.inodes, [(.nodeFileSystemInodesFree, "50%")], Shortage.room(inodes: 20), pod, usage)
                == "The node was low on resource: inodes. Threshold quantity: 500, available: 20. ")
        #expect(
            try text(.processIDs, [(.processIDsAvailable, "100")], Shortage.room(ids: 20), pod, usage)
                == "The node was low on resource: pids. Threshold quantity: 100, available: 20. ")
    }

    @Test(
        "quantities are written as Go writes them",
        arguments: [
            (Int64(0), "0", "0"), (1, "1", "1"), (1000, "1k", "1k"), (1023, "1023", "1023"), (1024, "1Ki", "1024"), (1536, "1536", "1536"),
            (2000, "2000", "2k"), (-1024, "-1Ki", "-1024"), (3 << 30, "3Gi", "3221225472"), (5_000_000, "5000000", "5M"),
        ])
    func quantities(value: Int64, binary: String, decimal: String) {
        #expect(GoQuantity.binary(value) == binary)
        #expect(GoQuantity.decimal(value) == decimal)
    }

    @Test(
        "quantities of configurations and specs are written in their canonical form",
        arguments: [
            ("1024Mi", "1Gi"), ("100Mi", "100Mi"), ("0.5Gi", "512Mi"), ("1000", "1k"), ("1500M", "1500M"), ("1e3", "1e3"), ("512Ki", "512Ki"),
        ])
    func canonical(written: String, canonical: String) throws {
        #expect(GoQuantity.text(try #require(Quantity(written))) == canonical)
    }
}
