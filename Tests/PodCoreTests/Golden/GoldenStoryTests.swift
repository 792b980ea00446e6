import KubeModel
import Testing
import Timing

@testable import PodCore

@Suite("Golden statuses: stories of pods whose every status and event Kubernetes' behaviour decides")
struct GoldenStoryTests {
    @Test("statuses and events are those of the story, field by field", arguments: try StoryFolder.stories().filter { $0.differs == nil })
    func agrees(story: GoldenStory) throws {
        let differences = try StoryComparison(story, StoryRun(story)).lines
        #expect(differences.isEmpty, "\(story.title) (\(story.source)):\n\(differences.joined(separator: "\n"))")
    }

    @Test(
        "a story that is known to differ still does; once it agrees, its mark goes", arguments: try StoryFolder.stories().filter { $0.differs != nil }
    )
    func differs(story: GoldenStory) throws {
        let differences = try StoryComparison(story, StoryRun(story)).lines
        #expect(!differences.isEmpty, "\(story.title) agrees now: take away \"differs: \(story.differs ?? "")\"")
    }

    @Test("there are at least 60 stories, each with a title of its own and a source")
    func count() throws {
        let stories = try StoryFolder.stories()
        #expect(stories.count { $0.differs == nil } >= 60)
        #expect(Set(stories.map(\.title)).count == stories.count)
        #expect(stories.allSatisfy { $0.statuses.count > 0 })
    }

    @Test("a wrong field, a missing one, a status too many and a wrong event are found")
    func plantedErrors() throws {
        let story = try #require(try StoryFolder.stories().first { $0.differs == nil && $0.statuses.count > 2 && !$0.events.isEmpty })
        let run = try StoryRun(story)
        func lines(_ change: (inout GoldenStory) -> Void) throws -> Int {
            var wrong = story
            change(&wrong)
            return try StoryComparison(wrong, run).lines.count
        }
        #expect(try lines { _ in } == 0)
        #expect(try lines { $0.statuses[1]["phase"] = "Failed" } == 1)
        #expect(try lines { $0.statuses[0]["qosClass"] = nil } == 1)
        #expect(try lines { $0.statuses[2]["reason"] = .some(nil) } == 1)
        #expect(try lines { $0.statuses.append(["phase": "Failed"]) } == 2)
        #expect(try lines { $0.events[0] += "!" } == 1)
        #expect(try lines { $0.events.append("Normal Killing c") } == 1)
    }

    @Test("a status has a text for every field that it can have")
    func allFields() throws {
        var status = PodStatus(phase: .running)
        status.nominatedNodeName = "n"
        var container = ContainerStatus(name: "c", image: "b", state: .running(since: PodLife.start.wall))
        container.user = ContainerUser(linux: .init(uid: 1, gid: 2, supplementalGroups: [3]))
        container.volumeMounts = [VolumeMountStatus(name: "v", mountPath: "/v", readOnly: true, recursiveReadOnly: "Disabled")]
        container.lastState.terminated = .init(exitCode: 1, reason: "Error", finishedAt: PodLife.start.wall)
        container.lastState.terminated?.signal = 9
        status.containerStatuses = [container]
        var condition = PodCondition(type: "Ready", status: true, observedGeneration: 2)
        condition.lastProbeTime = PodLife.start.wall
        status.conditions = [condition]
        let wanted = [
            "phase": "Running", "nominatedNodeName": "n", "containers": "c", "Ready": "True lastProbeTime=+0s observedGeneration=2",
            "c.state": "running +0s", "c.last": "Error 1 ..+0s signal=9", "c.ready": "false",
            "c.restarts": "0", "c.image": "b", "c.user": "{linux={gid=2, supplementalGroups=3, uid=1}}",
            "c.mounts": "{mountPath=/v, name=v, readOnly=true, recursiveReadOnly=Disabled}",
        ]
        #expect(try FlatStatus(status).fields == wanted)
    }
}
