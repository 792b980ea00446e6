import DevCluster
import KubeModel
import PodCore
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Pod status patch")
struct PodStatusPatchTests {
    private func old() -> PodStatus {
        var status = PodStatus(phase: .running)
        status.reason = "Evicted"
        status.message = "low on memory"
        status.hostIP = "192.0.2.1"
        status.hostIPs = [AddressEntry(ip: "192.0.2.1")]
        status.podIP = "10.0.0.7"
        status.podIPs = [AddressEntry(ip: "10.0.0.7"), AddressEntry(ip: "fd00::7")]
        status.startTime = Timestamp(seconds: 100)
        status.nominatedNodeName = "somewhere"
        status.qosClass = .burstable
        status.conditions = [
            PodCondition(type: "Ready", status: false, reason: "ContainersNotReady", message: "not yet", observedGeneration: 1),
            PodCondition(type: "example.com/gate", status: true, reason: "Gated"),
        ]
        var side = ContainerStatus(name: "side", image: "b", state: .running(since: Timestamp(seconds: 1)))
        side.containerID = "swiftlet://2"
        status.containerStatuses = [ContainerStatus(name: "main", image: "a", state: .waiting(reason: "ErrImagePull", message: "no")), side]
        return status
    }

    private func applied(_ status: PodStatus, to old: PodStatus, uid: String = "1") throws -> (pod: JSONValue, status: PodStatus) {
        let pod: JSONValue = ["metadata": ["name": "web", "uid": "1"], "spec": ["containers": []], "status": try Wire.encode(old)]
        let result = try StrategicMergePatch.apply(PodStatusPatch.patch(status, uid: uid), to: pod, kind: "Pod")
        return (result, try Wire.decode(#require(result["status"])))
    }

    @Test("the new status replaces the old one")
    func theNewStatusTakesThePlaceOfTheOld() throws {
        var new = PodStatus(phase: .succeeded)
        new.hostIP = "192.0.2.2"
        new.hostIPs = [AddressEntry(ip: "192.0.2.2")]
        new.podIP = "10.0.0.9"
        new.podIPs = [AddressEntry(ip: "10.0.0.9")]
        new.startTime = Timestamp(seconds: 200)
        new.qosClass = .bestEffort
        new.conditions = [PodCondition(type: "Ready", status: true), PodCondition(type: "Initialized", status: true)]
        let ended = ContainerState.Terminated(exitCode: 0, reason: "Completed")
        new.containerStatuses = [ContainerStatus(name: "main", image: "a", state: .terminated(ended))]

        var found = try applied(new, to: old()).status
        // Fields that the node does not own stay.
        #expect(found.conditions?.first { $0.type == "example.com/gate" } == PodCondition(type: "example.com/gate", status: true, reason: "Gated"))
        #expect(found.nominatedNodeName == "somewhere")
        found.nominatedNodeName = nil
        found.conditions?.removeAll { $0.type == "example.com/gate" }
        found.conditions?.sort { $0.type > $1.type }
        #expect(found == new)
    }

    @Test("an empty status removes every field that the node owns")
    func anEmptyStatusTakesEverythingBackThatTheNodeOwns() throws {
        var wanted = PodStatus()
        wanted.nominatedNodeName = "somewhere"
        wanted.conditions = old().conditions
        #expect(try applied(PodStatus(), to: old()).status == wanted)
    }

    @Test("a resize that is over takes its conditions with it, and only those", arguments: [true, false])
    func resizeConditions(isPending: Bool) throws {
        var before = old()
        before.conditions?.append(PodCondition(type: ResizeCondition.inProgress, status: true, reason: "Error", message: "no"))
        before.conditions?.append(PodCondition(type: ResizeCondition.pending, status: true, reason: "Deferred", message: "no room"))
        var new = old()
        if isPending { new.conditions?.append(PodCondition(type: ResizeCondition.pending, status: true, reason: "Infeasible", message: "too much")) }
        let found = try applied(new, to: before).status.conditions ?? []
        #expect(Set(found.map(\.type)) == Set(["Ready", "example.com/gate"] + (isPending ? [ResizeCondition.pending] : [])))
        #expect(found.first { $0.type == ResizeCondition.pending }?.reason == (isPending ? "Infeasible" : nil))
        // Without a condition of the kind there is nothing to take away.
        #expect(Set(try applied(new, to: old()).status.conditions ?? []) == Set(found))
    }

    @Test("an unchanged status changes nothing")
    func theSameStatusChangesNothing() throws {
        var found = try applied(old(), to: old()).status
        found.conditions?.sort { $0.type < $1.type }
        #expect(found == old())
    }

    @Test("the patch has the pod's UID as a precondition")
    func carriesTheUIDAsPrecondition() throws {
        #expect(try PodStatusPatch.patch(PodStatus(phase: .pending), uid: "4711")["metadata", "uid"]?.string == "4711")
        #expect(try PodStatusPatch.patch(PodStatus(phase: .pending), uid: "4711").object?.keys.sorted() == ["metadata", "status"])
    }
}
