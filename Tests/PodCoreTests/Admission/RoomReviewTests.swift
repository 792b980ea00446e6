import KubeModel
import Testing

@testable import PodCore

@Suite("Room for other resources")
struct RoomReviewTests {
    private func pod(_ cpu: String, _ memory: String = "1Gi", uid: String = "u-1", change: (inout PodSpec) -> Void = { _ in }) throws -> Pod {
        var pod = try PodLife.pod(
            #"{"containers":[{"name":"c","image":"b","resources":{"requests":{"cpu":"\#(cpu)","memory":"\#(memory)"}}}]}"#)
        pod.metadata.uid = uid
        change(&pod.spec)
        return pod
    }

    private func verdict(_ desired: Pod, _ allocated: Pod, others: [(String, String)] = [], _ rules: ResourceRules = ResourceRules()) throws
        -> ResizeVerdict
    {
        let pods = try others.enumerated().map { try pod($1.0, $1.1, uid: "other-\($0)") }
        return RoomReview(allocatable: ["cpu": Quantity(4), "memory": Quantity("8Gi")!], others: ActivePods(pods), rules: rules)
            .verdict(desired: desired, allocated: allocated)
    }

    @Test("the requests of all pods must fit")
    func fit() throws {
        #expect(try verdict(pod("2"), pod("1"), others: [("1", "1Gi"), ("1", "1Gi")]) == .fits)
        #expect(
            try verdict(pod("2"), pod("1"), others: [("1", "1Gi"), ("1001m", "1Gi")])
                == .deferred(
                    reason: "OutOfcpu", message: "Node didn't have enough resource: cpu, requested: 2000, used: 2001, capacity: 4000"))
        #expect(
            try verdict(pod("1", "2Gi"), pod("1", "1Gi"), others: [("1", "7Gi")])
                == .deferred(
                    reason: "OutOfmemory",
                    message: "Node didn't have enough resource: memory, requested: 2147483648, used: 7516192768, capacity: 8589934592"))
    }

    @Test("a request above the node's own is infeasible")
    func capacity() throws {
        #expect(
            try verdict(pod("4001m"), pod("1"))
                == .infeasible(message: "Node didn't have enough capacity: cpu, requested: 4001, capacity: 4000"))
        #expect(try verdict(pod("4"), pod("1")) == .fits)
        let overhead = try pod("4") { $0.overhead = ["cpu": Quantity(1)] }
        guard case .infeasible = try verdict(overhead, pod("1")) else {
            Issue.record("overhead counts")
            return
        }
    }

    @Test("what does not grow is not reviewed, however full the node is")
    func shrinking() throws {
        #expect(try verdict(pod("1", "2Gi"), pod("2", "2Gi"), others: [("4", "8Gi")]) == .fits)
        #expect(try verdict(pod("2", "1Gi"), pod("2", "2Gi"), others: [("4", "8Gi")]) == .fits)
    }

    @Test("a node that is not registered yet has no answer")
    func unregistered() throws {
        let review = RoomReview(allocatable: [:], others: ActivePods(), rules: ResourceRules())
        #expect(try review.verdict(desired: pod("2"), allocated: pod("1")) == .unknown)
        #expect(try review.verdict(desired: pod("1"), allocated: pod("2")) == .fits)
    }

    @Test("the memory of a container with swap changes only by another start", arguments: [true, false])
    func swap(restarts: Bool) throws {
        let rules = ResourceRules(swap: .limitedSwap, nodeMemory: 8 << 30, nodeSwap: 4 << 30)
        let policy = restarts ? "RestartContainer" : "NotRequired"
        func sized(_ memory: String) throws -> Pod {
            try PodLife.pod(
                #"{"containers":[{"name":"c","image":"b","resources":{"requests":{"memory":"\#(memory)"}},"resizePolicy":[{"resourceName":"memory","restartPolicy":"\#(policy)"}]}]}"#
            )
        }
        let found = try verdict(sized("2Gi"), sized("1Gi"), rules)
        #expect(found == (restarts ? .fits : .infeasible(message: "In-place resize of containers with swap is not supported.")))
        #expect(try verdict(sized("2Gi"), sized("1Gi")) == .fits)
    }
}
