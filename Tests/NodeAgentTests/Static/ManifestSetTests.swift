import KubeModel
import Testing

@testable import NodeAgent

@Suite("Manifest set")
struct ManifestSetTests {
    private func good(_ file: String, _ text: String = StaticManifestTests.text()) throws -> ManifestReading {
        ManifestReading(name: file, outcome: .pod(try StaticManifestTests.pod(text, file: file), ManifestHash(text.utf8)))
    }

    private func bad(_ file: String, _ problem: String = "broken") -> ManifestReading {
        ManifestReading(name: file, outcome: .bad(problem, ManifestHash(problem.utf8)))
    }

    private func names(_ set: ManifestSet) -> [String] { set.pods.map(\.pod.name) }

    @Test("a file that cannot be used keeps the pod of its last good content")
    func theLastGoodContentStays() throws {
        var set = ManifestSet()
        #expect(set.receive([try good("web.yaml")], at: .zero).isEmpty)
        let before = set.pods
        #expect(set.receive([bad("web.yaml")], at: .zero) == [.bad(file: "web.yaml", problem: "broken")])
        #expect(set.pods == before && before.count == 1)
        for outcome in [ManifestReading.Outcome.beingWritten, .unchanged] {
            #expect(set.receive([ManifestReading(name: "web.yaml", outcome: outcome)], at: .zero).isEmpty)
            #expect(set.pods == before)
        }
    }

    @Test("a file that cannot be read is reported once, and again after it could be read")
    func unreadable() throws {
        var set = ManifestSet()
        let unreadable = ManifestReading(name: "web.yaml", outcome: .unreadable("ELOOP"))
        #expect(set.receive([unreadable], at: .zero).count == 1)
        #expect(set.receive([unreadable], at: .zero).isEmpty)
        #expect(set.receive([try good("web.yaml")], at: .zero).isEmpty)
        #expect(set.receive([unreadable], at: .zero).count == 1)
        #expect(names(set) == ["web-node-1"])
    }

    @Test("a file counts as removed after a second without it")
    func removal() throws {
        var set = ManifestSet()
        _ = set.receive([try good("web.yaml")], at: .zero)
        #expect(set.receive([], at: .seconds(5)).isEmpty)
        #expect(names(set) == ["web-node-1"] && set.nextRemoval == .seconds(6))
        // It is back, and is removed once more.
        _ = set.receive([ManifestReading(name: "web.yaml", outcome: .unchanged)], at: .milliseconds(5900))
        #expect(set.nextRemoval == nil)
        _ = set.receive([], at: .seconds(7))
        #expect(names(set) == ["web-node-1"])
        #expect(set.receive([], at: .seconds(8)) == [.removed(file: "web.yaml")])
        #expect(set.pods.isEmpty && set.nextRemoval == nil && set.contents.isEmpty)
    }

    @Test("of two files for one pod the first by name is used, and both are named once")
    func duplicates() throws {
        var set = ManifestSet()
        let edited = try good("web.yaml", StaticManifestTests.text(spec: ", hostNetwork: true"))
        let findings = set.receive([try good("web.yaml.bak"), edited], at: .zero)
        #expect(findings == [.duplicate(used: "web.yaml", unused: "web.yaml.bak", pod: "default/web-node-1")])
        #expect(set.pods.map(\.pod.spec.hostNetwork) == [true])
        let unchanged = ["web.yaml", "web.yaml.bak"].map { ManifestReading(name: $0, outcome: .unchanged) }
        #expect(set.receive(unchanged, at: .zero).isEmpty)
        // The other order of the readings gives the same pod.
        var other = ManifestSet()
        _ = other.receive([edited, try good("web.yaml.bak")], at: .zero)
        #expect(other.pods == set.pods)
    }

    @Test("two files with one uid are one pod")
    func equalUIDs() throws {
        var set = ManifestSet()
        let first = try good("a.yaml", StaticManifestTests.text(metadata: ", uid: u", name: "a"))
        let second = try good("b.yaml", StaticManifestTests.text(metadata: ", uid: u", name: "b"))
        #expect(set.receive([first, second], at: .zero) == [.duplicate(used: "a.yaml", unused: "b.yaml", pod: "default/b-node-1")])
        #expect(names(set) == ["a-node-1"])
    }

    @Test("a renamed file is not a second one, and takes over after a second")
    func renamed() throws {
        var set = ManifestSet()
        _ = set.receive([try good("web.yaml")], at: .zero)
        #expect(set.receive([try good("web2.yaml")], at: .zero).isEmpty)
        let before = set.pods
        #expect(before.count == 1)
        _ = set.receive([ManifestReading(name: "web2.yaml", outcome: .unchanged)], at: .seconds(1))
        #expect(set.pods.count == 1 && set.pods != before)
    }

    @Test("a change that is none for the pod leaves the pod as it is")
    func sameContent() throws {
        var set = ManifestSet()
        _ = set.receive([try good("web.yaml")], at: .zero)
        let before = set.pods
        let text = "# a comment\n" + StaticManifestTests.text()
        let later = try StaticManifest(nodeName: "Node-1").pod(Array(text.utf8), path: "/manifests/web.yaml", seen: Timestamp(seconds: 1_900_000_000))
        _ = set.receive([ManifestReading(name: "web.yaml", outcome: .pod(later, ManifestHash(text.utf8)))], at: .zero)
        #expect(set.pods == before)
    }
}
