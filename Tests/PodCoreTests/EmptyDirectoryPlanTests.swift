import KubeModel
import Testing

@testable import PodCore

@Suite("emptyDir")
struct EmptyDirectoryPlanTests {
    private func content(_ source: String, _ spec: String, allocatable: String = "4Gi") throws -> VolumeContent {
        let pod = try PodLife.pod("{\(spec)}")
        let volume = try #require(try PodLife.pod(#"{"containers":[],"volumes":[{"name":"v","emptyDir":\#(source)}]}"#).spec.volumes?.first)
        let facts = PodFacts(
            pod: pod, nodeName: "n", hostIPs: [], podIPs: [], nodeAllocatable: ["memory": try #require(Quantity(allocatable))])
        return try VolumePlan.content(of: volume, facts: facts, objects: ReferencedObjects(), tokens: [])
    }

    @Test("on disk it is counted by the file system only for processes that cannot leave their project", arguments: ["true", "false", nil])
    func disk(hostUsers: String?) throws {
        let spec = (hostUsers.map { #""hostUsers":\#($0),"# } ?? "") + #""containers":[]"#
        #expect(try content("{}", spec) == .emptyDirectory(isCounted: hostUsers == "false"))
    }

    @Test(
        "in memory its size is the smallest of the node's memory, the pod's limit and the volume's",
        arguments: [
            (#"{"medium":"Memory"}"#, ["{}"], 4 << 30), (#"{"medium":"Memory","sizeLimit":"1Gi"}"#, ["{}"], 1 << 30),
            (#"{"medium":"Memory","sizeLimit":"8Gi"}"#, ["{}"], 4 << 30), (#"{"medium":"Memory","sizeLimit":"0"}"#, ["{}"], 4 << 30),
            (#"{"medium":"Memory","sizeLimit":"1Gi"}"#, [#"{"limits":{"memory":"256Mi"}}"#, #"{"limits":{"memory":"256Mi"}}"#], 512 << 20),
            (#"{"medium":"Memory","sizeLimit":"1Mi"}"#, [#"{"limits":{"memory":"256Mi"}}"#], 1 << 20),
            (#"{"medium":"Memory"}"#, [#"{"limits":{"memory":"256Mi"}}"#, "{}"], 4 << 30),
        ] as [(String, [String], Int64)])
    func memory(source: String, resources: [String], size: Int64) throws {
        let containers = resources.enumerated().map { #"{"name":"c\#($0)","image":"i","resources":\#($1)}"# }.joined(separator: ",")
        #expect(try content(source, #""containers":[\#(containers)]"#) == .memory(sizeLimit: size))
    }

    @Test(
        "huge pages have the size that the medium names, or the only one that the pod asks for",
        arguments: [
            (#"{"medium":"HugePages-2Mi"}"#, #"{"hugepages-2Mi":"4Mi","hugepages-1Gi":"1Gi"}"#, 2 << 20),
            (#"{"medium":"HugePages-1Gi"}"#, #"{"hugepages-2Mi":"4Mi","hugepages-1Gi":"1Gi"}"#, 1 << 30),
            (#"{"medium":"HugePages"}"#, #"{"hugepages-2Mi":"4Mi","memory":"1Gi"}"#, 2 << 20),
        ] as [(String, String, Int64)])
    func hugePages(source: String, limits: String, size: Int64) throws {
        for spec in [
            #""containers":[{"name":"c","image":"i"},{"name":"d","image":"i","resources":{"limits":\#(limits)}}]"#,
            #""initContainers":[{"name":"d","image":"i","resources":{"requests":\#(limits)}}],"containers":[{"name":"c","image":"i"}]"#,
            #""resources":{"requests":\#(limits)},"containers":[{"name":"c","image":"i"}]"#,
        ] {
            #expect(try content(source, spec) == .hugePages(pageSize: size, sizeLimit: nil))
        }
    }

    @Test(
        "a medium that cannot be had is refused in kubelet's words",
        arguments: [
            ("HugePages", "{}", "medium HugePages: hugePages storage requested, but there is no resource request for huge pages"),
            (
                "HugePages-1Gi", #"{"hugepages-2Mi":"4Mi"}"#,
                "medium HugePages-1Gi: hugePages storage requested, but there is no resource request for huge pages"
            ),
            (
                "HugePages", #"{"hugepages-2Mi":"4Mi","hugepages-1Gi":"1Gi"}"#,
                "medium: HugePages can't be used if container requests multiple huge page sizes"
            ),
            ("HugePages-x", "{}", #"unknown storage medium "HugePages-x""#), ("HugePagesX", "{}", #"unknown storage medium "HugePagesX""#),
            ("Tape", "{}", #"unknown storage medium "Tape""#),
        ])
    func refused(medium: String, limits: String, message: String) throws {
        #expect(throws: PlanFailure(message)) {
            try content(#"{"medium":"\#(medium)"}"#, #""containers":[{"name":"c","image":"i","resources":{"limits":\#(limits)}}]"#)
        }
    }
}
