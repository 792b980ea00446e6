import FoundationEssentials
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

@Suite struct UserNamespaceIDsTests {
    private static let block = IDMapping.idsPerPod

    @Test("without an entry the ids after the node's own are used") func withoutAnEntryTheIDsAfterTheNodesOwnAreTaken() {
        let ids = SubordinateIDs(subuid: "", subgid: "", maxPods: 3)
        #expect(ids.blocks == [65536, 131072, 196608] && ids.problem == nil)
    }

    @Test("ids that the files give to other users are not used") func whatTheFilesGiveSomebodyElseIsLeftToHim() {
        // 100000 to 165535 touches two blocks.
        let ids = SubordinateIDs(subuid: "me:100000:65536\nnonsense\nyou:x:1\n", subgid: "me:262144:1\n", maxPods: 3)
        #expect(ids.blocks == [196608, 327680, 393216])
    }

    @Test("the range of the user kubelet is used") func theRangeOfTheUserKubeletIsTaken() {
        let line = "other:65536:65536\nkubelet:\(10 * Self.block):\(4 * Self.block)\n"
        let ids = SubordinateIDs(subuid: line, subgid: line, maxPods: 3)
        #expect(ids.blocks == [10, 11, 12].map { $0 * Self.block } && ids.problem == nil)
        let crlf = "other:65536:65536\r\nkubelet:\(10 * Self.block):\(4 * Self.block)\r\n"
        #expect(SubordinateIDs(subuid: crlf, subgid: crlf, maxPods: 3).blocks == ids.blocks)
    }

    @Test(
        "a range that does not serve is explained and not used",
        arguments: [
            ("kubelet:65537:6553600", "kubelet:65537:6553600"), ("kubelet:65536:65537", "kubelet:65536:65537"),
            ("kubelet:0:655360", "kubelet:0:655360"),
            ("kubelet:65536:65536", "kubelet:65536:65536"), ("kubelet:65536:655360", ""), ("kubelet:65536:655360", "kubelet:131072:655360"),
            ("kubelet:65536:655360\nkubelet:6553600:655360", "kubelet:65536:655360\nkubelet:6553600:655360"),
            ("kubelet:4294901760:4294901760", "kubelet:4294901760:4294901760"),
        ])
    func aRangeThatDoesNotServeIsSaidAndNotUsed(subuid: String, subgid: String) {
        let ids = SubordinateIDs(subuid: subuid, subgid: subgid, maxPods: 3)
        #expect(ids.blocks.isEmpty && ids.problem?.contains("wanted one range") == true)
        let failure = #expect(throws: RuntimeFailure.self) { try UserNamespaceIDs(ids).acquire(sandboxID: "s", podUID: "p") }
        #expect(failure?.code == .sandbox)
    }

    @Test("no number of pods reaches the id of the user nobody") func noNumberOfPodsReachesTheIDThatIsNobody() {
        let ids = SubordinateIDs(subuid: "", subgid: "", maxPods: 1_000_000)
        #expect(ids.blocks.count == 65534 && ids.blocks.last == UInt32.max - 2 * Self.block + 1)
    }

    @Test("each pod has one block of ids for itself") func onePodHasOneBlockAndNobodyElseDoes() throws {
        let ids = UserNamespaceIDs(SubordinateIDs(subuid: "", subgid: "", maxPods: 2))
        let first = try ids.acquire(sandboxID: "a0", podUID: "a")
        #expect(try ids.acquire(sandboxID: "a1", podUID: "a") == first)
        let second = try ids.acquire(sandboxID: "b0", podUID: "b")
        #expect(second != first)
        #expect(throws: RuntimeFailure.self) { try ids.acquire(sandboxID: "c0", podUID: "c") }
        ids.release(sandboxID: "a0")
        // The pod's other sandbox still has them.
        #expect(throws: RuntimeFailure.self) { try ids.acquire(sandboxID: "c0", podUID: "c") }
        ids.release(sandboxID: "a1")
        #expect(try ids.acquire(sandboxID: "c0", podUID: "c") == first)
    }

    @Test("ids that an earlier agent gave are not given again") func whatAnEarlierAgentGaveIsNotGivenAgain() throws {
        let ids = UserNamespaceIDs(SubordinateIDs(subuid: "", subgid: "", maxPods: 2))
        ids.adopt(IDMapping(first: 65536), sandboxID: "old", podUID: "old")
        // Of another configuration: no block of now, and still the pod's.
        ids.adopt(IDMapping(first: 9 * Self.block), sandboxID: "older", podUID: "older")
        #expect(try ids.acquire(sandboxID: "new", podUID: "new").first == 131072)
        #expect(try ids.acquire(sandboxID: "older1", podUID: "older").first == 9 * Self.block)
    }

    /// Its processes may still run, so no other pod may get their ids.
    @Test("the ids of an unreadable sandbox stay taken") func whatASandboxThatCannotBeReadHasStaysTaken() throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let paths = ["a", "b"].map { SandboxPaths(runDirectory: folder.path, stateDirectory: folder.path, sandboxID: $0) }
        for path in paths { try Directories.make(path.directory) }
        let ids = UserNamespaceIDs(SubordinateIDs(subuid: "", subgid: "", maxPods: 2))
        try AtomicFile.replace(paths[0].ids, with: IDMapping(first: 65536).text)
        for path in paths { ids.keep(idsOf: path) }
        // The other one has the node's.
        #expect(try ids.acquire(sandboxID: "s0", podUID: "p").first == 131072)
        #expect(throws: RuntimeFailure.self) { try ids.acquire(sandboxID: "s1", podUID: "q") }
        for text in ["", "65536", "65536 65536 1\n", "x 65536\n", "65536 65536", "-1 65536\n"] {
            try AtomicFile.replace(paths[1].ids, with: text)
            ids.keep(idsOf: paths[1])
            let failure = #expect(throws: RuntimeFailure.self, "\(text)") { try ids.acquire(sandboxID: "s0", podUID: "p") }
            #expect(failure?.message.contains(paths[1].directory) == true)
        }
        try TreeRemoval.remove(paths[1].directory)
        // Removed in part.
        try TreeRemoval.remove(paths[0].ids)
        ids.keep(idsOf: paths[0])
        #expect(throws: RuntimeFailure.self) { try ids.acquire(sandboxID: "s1", podUID: "q") }
        try TreeRemoval.remove(paths[0].directory)
        #expect(try ids.acquire(sandboxID: "s1", podUID: "q").first == 65536)
    }

    @Test("records of an agent without user namespaces are read") func recordsOfAnAgentThatKnewNoUserNamespacesAreRead() throws {
        var configuration = SandboxConfiguration(
            id: "s", pod: PodIdentity(namespace: "n", name: "p", uid: "u"), attempt: 0, hostname: "h", user: .pod, qosClass: "BestEffort")
        var document = SandboxDocument(configuration: configuration, createdAt: 1, ids: IDMapping(first: 65536), cgroup: "c")
        let decoder = JSONDecoder()
        #expect(try decoder.decode(SandboxDocument.self, from: try JSONEncoder().encode(document)) == document)
        configuration.user = nil
        document.configuration = configuration
        document.ids = nil
        let old = try JSONEncoder().encode(document)
        #expect(!String(decoding: old, as: UTF8.self).contains("\"user\""))
        #expect(try decoder.decode(SandboxDocument.self, from: old) == document)
    }
}
