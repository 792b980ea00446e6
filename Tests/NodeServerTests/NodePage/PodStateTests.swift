import KubeModel
import NodeServer
import Testing

@Suite("The states of pods on the node page") struct PodStateTests {
    private struct Case {
        let pod: Pod
        let word: String
        let kind: PodState.Kind
        let reasons: [String]
    }

    private static let running = ContainerState.running(since: Timestamp(seconds: 5))

    private static func ended(_ code: Int, _ reason: String, _ message: String? = nil) -> ContainerState {
        .terminated(.init(exitCode: code, reason: reason, message: message))
    }

    private static var evicted: Pod {
        var pod = PageView.pod("evicted", .failed)
        pod.status?.reason = "Evicted"
        pod.status?.message = "The node was low on resource: memory."
        return pod
    }

    private static var deleted: Pod {
        var pod = PageView.pod("deleted", .running, [PageView.container(running, ready: true)])
        pod.metadata.deletionTimestamp = Timestamp(seconds: 1)
        return pod
    }

    private static var initializing: Pod {
        var pod = PageView.pod("initializing", .pending, [PageView.container(.waiting(reason: "PodInitializing"))])
        pod.spec.initContainers = [Container(name: "c", image: "i")]
        pod.status?.initContainerStatuses = [PageView.container(ended(2, "Error"))]
        return pod
    }

    private static var debugged: Pod {
        var pod = PageView.pod("debugged", .running, [PageView.container(running, ready: true)])
        pod.status?.ephemeralContainerStatuses = [PageView.container(ended(1, "Error"))]
        return pod
    }

    private static let cases = [
        Case(pod: PageView.pod("a", .running, [PageView.container(running, ready: true)]), word: "Running", kind: .running, reasons: []),
        Case(
            pod: PageView.pod("b", .running, [PageView.container(running)]), word: "Running", kind: .waiting,
            reasons: ["not ready: containers with unready status: [c]"]),
        Case(
            pod: PageView.pod(
                "c", .running,
                [
                    PageView.container(
                        .waiting(reason: "CrashLoopBackOff", message: "back-off 10s"), restarts: 3, last: ended(137, "OOMKilled"))
                ]),
            word: "CrashLoopBackOff", kind: .failing,
            reasons: ["c: CrashLoopBackOff: back-off 10s", "c: ended before with OOMKilled, exit code 137"]),
        Case(
            pod: PageView.pod("d", .pending, [PageView.container(.waiting(reason: "ContainerCreating"))]), word: "ContainerCreating", kind: .waiting,
            reasons: ["not ready: containers with unready status: [c]"]),
        Case(pod: PageView.pod("e", .succeeded, [PageView.container(ended(0, "Completed"))]), word: "Completed", kind: .ended, reasons: []),
        Case(
            pod: PageView.pod("f", .failed, [PageView.container(ended(3, "Error", "no such file"))]), word: "Error", kind: .failing,
            reasons: ["c: Error, exit code 3: no such file"]),
        Case(pod: evicted, word: "Evicted", kind: .failing, reasons: ["The node was low on resource: memory."]),
        Case(pod: deleted, word: "Terminating", kind: .waiting, reasons: []),
        Case(pod: initializing, word: "Init:Error", kind: .failing, reasons: ["c: Error, exit code 2"]),
        Case(pod: debugged, word: "Running", kind: .running, reasons: []),
        Case(pod: Pod(metadata: ObjectMeta(name: "bare"), spec: PodSpec(containers: [])), word: "Pending", kind: .waiting, reasons: []),
    ]

    @Test("each pod has kubectl's word, a kind, and its reasons", arguments: cases.indices)
    func states(index: Int) {
        let wanted = Self.cases[index]
        let state = PodState(wanted.pod)
        #expect(state.word == wanted.word && state.kind == wanted.kind)
        #expect(PodState.reasons(wanted.pod) == wanted.reasons)
    }
}
