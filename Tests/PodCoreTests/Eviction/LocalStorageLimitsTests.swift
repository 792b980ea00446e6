import KubeModel
import Testing

@testable import PodCore

@Suite("Limits of pods' local storage")
struct LocalStorageLimitsTests {
    private func use(layer: Int64 = 0, logs: Int64 = 0, volume: Int64 = 0) -> PodDiskUse {
        PodDiskUse(layers: ["c": DiskUse(bytes: layer)], logs: ["c": DiskUse(bytes: logs)], volumes: ["data": DiskUse(bytes: volume)])
    }

    private func message(_ pod: Pod, _ use: PodDiskUse, _ layout: DiskLayout = DiskLayout()) -> String? {
        LocalStorageLimits(pod.spec).violation(use, layout)?.message
    }

    private func withVolume(_ source: String, limits: String = "{}") throws -> Pod {
        try Shortage.pod("p", limits: limits, more: #","volumes":[{"name":"data","emptyDir":\#(source)}]"#)
    }

    @Test("a volume may hold its sizeLimit and no more")
    func volumes() throws {
        let pod = try withVolume(#"{"sizeLimit":"10Mi"}"#)
        #expect(LocalStorageLimits(pod.spec).exist && pod.spec.diskVolumeNames == ["data"])
        #expect(message(pod, use(volume: 10 << 20)) == nil)
        #expect(message(pod, use(volume: (10 << 20) + 1)) == #"Usage of EmptyDir volume "data" exceeds the limit "10Mi". "#)
    }

    @Test("a volume in memory, and one without a limit, is not measured", arguments: [#"{"medium":"Memory","sizeLimit":"1Mi"}"#, "{}"])
    func otherVolumes(source: String) throws {
        let pod = try withVolume(source)
        #expect(!LocalStorageLimits(pod.spec).exist)
        #expect(message(pod, use(volume: 1 << 30)) == nil)
    }

    @Test("the pod as a whole may use the sum of its containers' limits: layers, logs and volumes on disk")
    func wholePod() throws {
        let pod = try withVolume("{}", limits: #"{"ephemeral-storage":"10Mi"}"#)
        #expect(message(pod, use(layer: 4 << 20, logs: 3 << 20, volume: 3 << 20)) == nil)
        let expected = "Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. "
        #expect(message(pod, use(layer: 4 << 20, logs: 3 << 20, volume: (3 << 20) + 1)) == expected)
        #expect(LocalStorageLimits(pod.spec).violation(use(layer: 11 << 20), DiskLayout()) == .storageLimit(expected))
        #expect(message(pod, PodDiskUse(files: DiskUse(bytes: 11 << 20))) == expected)
    }

    @Test("a container with a limit limits the pod even if another has none; an init container with more raises the limit")
    func sums() throws {
        let limited = #""resources":{"limits":{"ephemeral-storage":"10Mi"}}"#
        func pod(_ initial: String) throws -> Pod {
            try PodLife.pod(#"{"initContainers":[\#(initial)],"containers":[{"name":"c","image":"b",\#(limited)},{"name":"d","image":"b"}]}"#)
        }
        func limit(_ initial: String) throws -> String? {
            message(try pod(initial), use(volume: 1 << 40))?.replacing(
                "Pod ephemeral local storage usage exceeds the total limit of containers ", with: "")
        }
        #expect(try limit("") == "10Mi. ")
        #expect(try limit(#"{"name":"s","image":"b","restartPolicy":"Always",\#(limited)}"#) == "20Mi. ")
        #expect(try limit(#"{"name":"i","image":"b","resources":{"limits":{"ephemeral-storage":"1Gi"}}}"#) == "1Gi. ")
    }

    @Test("a container's own limit counts its log and its layer, the layer not where images have a disk of their own")
    func containers() throws {
        let limited = #""resources":{"limits":{"ephemeral-storage":"1000000"}}"#
        let pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"b",\#(limited)},{"name":"d","image":"b",\#(limited)}]}"#)
        #expect(message(pod, use(layer: 500_000, logs: 500_000)) == nil)
        let expected = #"Container c exceeded its local ephemeral storage limit "1M". "#
        #expect(message(pod, use(layer: 500_001, logs: 500_000)) == expected)
        #expect(message(pod, use(layer: 1_500_000), DiskLayout(hasImageFileSystem: true)) == nil)
        #expect(message(pod, use(logs: 1_500_000), DiskLayout(hasImageFileSystem: true)) == expected)
    }

    @Test("such an eviction is quick, and no disruption")
    func eviction() throws {
        let eviction = PodEviction.storageLimit("m")
        #expect(eviction.reason == "Evicted" && eviction.condition == nil && eviction.graceLimit == 1)
    }
}
