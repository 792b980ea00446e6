import KubeModel
import Testing

@testable import PodCore

@Suite("Pods that a node does not take")
struct PodAdmissionTests {
    private func verdict(
        _ fields: String, annotations: [String: String]? = nil, labels: [String: String]? = nil, hasAppArmor: Bool = true, others: [Pod] = []
    ) throws -> AdmissionVerdict {
        var pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]\#(fields.isEmpty ? "" : ",")\#(fields)}"#)
        pod.metadata.annotations = annotations
        pod.metadata.labels = labels
        return PodAdmission(sysctls: try SysctlRules(allowedUnsafe: ["kernel.msg*"]), hasAppArmor: hasAppArmor)
            .verdict(on: pod, try Place.node(allocatable: #"{"pods":"2","cpu":"4"}"#), others: ActivePods(others))
    }

    private func refusal(
        _ fields: String, annotations: [String: String]? = nil, labels: [String: String]? = nil, hasAppArmor: Bool = true, others: [Pod] = []
    ) throws -> PodRefusal? {
        switch try verdict(fields, annotations: annotations, labels: labels, hasAppArmor: hasAppArmor, others: others) {
        case .refused(let refusal, _): refusal
        case .admitted, .preempts: nil
        }
    }

    @Test(
        "a sysctl that is not allowed refuses the pod",
        arguments: [
            (#""securityContext":{"sysctls":[{"name":"kernel.sem","value":"1"}]}"#, #"forbidden sysctl: "kernel.sem" not allowlisted"#),
            (
                #""hostNetwork":true,"securityContext":{"sysctls":[{"name":"net/ipv4/tcp_syncookies","value":"1"}]}"#,
                #"forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled"#
            ),
            (
                #""hostIPC":true,"securityContext":{"sysctls":[{"name":"kernel.msgmax","value":"1"}]}"#,
                #"forbidden sysctl: "kernel.msgmax" not allowed with host ipc enabled"#
            ),
        ])
    func sysctls(fields: String, message: String) throws {
        #expect(try refusal(fields) == PodRefusal(reason: "SysctlForbidden", message: message))
    }

    @Test("fields without effect are named in one warning")
    func ignoredFields() throws {
        #expect(try PodLife.pod(#"{"containers":[{"name":"c","image":"b","securityContext":{"runAsUser":1}}]}"#).ignoredFieldsWarning == nil)
        let pod = try PodLife.pod(
            #"{"securityContext":{"seLinuxOptions":{"level":"s0"}},"containers":[{"name":"c","image":"b","securityContext":{"seLinuxOptions":{"level":"s0"}}}]}"#
        )
        #expect(
            pod.ignoredFieldsWarning?.message
                == "This node has no support for spec.securityContext.seLinuxOptions, "
                + "spec.containers{c}.securityContext.seLinuxOptions: the pod runs without")
    }

    @Test("a pod with allowed sysctls, or without a wish for AppArmor, is taken")
    func taken() throws {
        #expect(try verdict(#""securityContext":{"sysctls":[{"name":"kernel.msgmax","value":"1"}]}"#) == .admitted)
        #expect(try verdict("", hasAppArmor: false) == .admitted)
        #expect(try verdict(#""securityContext":{"appArmorProfile":{"type":"Unconfined"}}"#, hasAppArmor: false) == .admitted)
        #expect(try verdict(#""securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}"#) == .admitted)
    }

    @Test("a pod that asks for AppArmor is refused where the host has none")
    func appArmor() throws {
        let expected = PodRefusal(reason: "AppArmor", message: "Cannot enforce AppArmor: AppArmor is not enabled on the host")
        #expect(try refusal(#""securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}"#, hasAppArmor: false) == expected)
        let annotation = ["container.apparmor.security.beta.kubernetes.io/c": "localhost/mine"]
        #expect(try refusal("", annotations: annotation, hasAppArmor: false) == expected)
        let wrong = try refusal(#""securityContext":{"appArmorProfile":{"type":"Localhost","localhostProfile":"a b"}}"#)
        #expect(wrong?.reason == "AppArmor")
    }

    @Test("a pod for another operating system is refused by its own label and by its field, not by the absence of either")
    func operatingSystem() throws {
        let byLabel = PodRefusal(
            reason: "PodOSSelectorNodeLabelDoesNotMatch", message: "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label")
        let byField = PodRefusal(reason: "PodOSNotSupported", message: "Failed to admit pod as the OS field doesn't match node OS")
        #expect(try refusal("", labels: ["kubernetes.io/os": "windows"]) == byLabel)
        #expect(try refusal(#""os":{"name":"windows"}"#) == byField)
        #expect(try refusal(#""os":{"name":"windows"}"#, labels: ["kubernetes.io/os": "windows"]) == byLabel)
        #expect(try verdict(#""os":{"name":"linux"}"#, labels: ["kubernetes.io/os": "linux"]) == .admitted)
    }

    @Test(
        "the first handler that refuses gives the reason: sysctls, operating system, the scheduler's conditions in their order, AppArmor",
        arguments: [
            (#""os":{"name":"windows"},"securityContext":{"sysctls":[{"name":"kernel.sem","value":"1"}]}"#, "SysctlForbidden"),
            (#""os":{"name":"windows"},"nodeName":"other","overhead":{"cpu":"5"}"#, "PodOSNotSupported"),
            (#""nodeName":"other","overhead":{"cpu":"5"},"nodeSelector":{"a":"b"}"#, "OutOfcpu"),
            (#""nodeName":"other","nodeSelector":{"a":"b"}"#, "NodeAffinity"),
            (#""nodeName":"other","securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}"#, "NodeName"),
            (#""nodeName":"node-1","securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}"#, "AppArmor"),
        ])
    func order(fields: String, reason: String) throws {
        #expect(try refusal(fields, hasAppArmor: false)?.reason == reason)
    }

    @Test("labels are worth a second look only where nothing else speaks against the pod")
    func isByLabels() throws {
        func isByLabels(_ fields: String) throws -> Bool? {
            if case .refused(_, let isByLabels) = try verdict(fields) { isByLabels } else { nil }
        }
        #expect(try isByLabels(#""nodeSelector":{"a":"b"}"#) == true)
        #expect(try isByLabels(#""nodeSelector":{"a":"b"},"overhead":{"cpu":"5"}"#) == false)
        #expect(try isByLabels(#""nodeSelector":{"a":"b"},"priority":2000000000,"overhead":{"cpu":"5"}"#) == false)
        #expect(try isByLabels(#""nodeName":"other""#) == false)
    }

    @Test("a critical pod that lacks only resources ends others; one that would not get in anyway ends none")
    func critical() throws {
        let others = [Place.pod("old", cpu: "3")]
        let cpu = #""overhead":{"cpu":"3"}"#
        let critical = #""priority":2000000000,"# + cpu
        let shortage = PodRefusal(reason: "OutOfcpu", message: "Node didn't have enough resource: cpu, requested: 3000, used: 3000, capacity: 4000")
        #expect(try verdict(critical, others: others) == .preempts(victims: others, resource: "cpu"))
        #expect(try verdict(cpu, annotations: [Pod.sourceAnnotation: "file"], others: others) == .preempts(victims: others, resource: "cpu"))
        #expect(try refusal(cpu, annotations: [Pod.sourceAnnotation: "api"], others: others) == shortage)
        #expect(try refusal(cpu, annotations: [Pod.mirrorAnnotation: "x"], others: others) == shortage)
        #expect(try refusal(critical + #","nodeSelector":{"a":"b"}"#, others: others)?.reason == "NodeAffinity")
        let appArmor = #","securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}"#
        #expect(try refusal(critical + appArmor, hasAppArmor: false, others: others)?.reason == "AppArmor")
    }

    @Test("a critical pod for which the end of all others would not be enough is refused with what is missing")
    func unattainable() throws {
        let others = [Place.pod("old", cpu: "1")]
        let refusal = try refusal(#""priority":2000000000,"overhead":{"cpu":"4500m"}"#, others: others)
        #expect(
            refusal
                == PodRefusal(
                    reason: "UnexpectedAdmissionError",
                    message: "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to "
                        + "preempt: no set of running pods found to reclaim resources: [(res: cpu, q: 500), ]"))
    }

    @Test("a refused pod has failed, holds nothing, and may be deleted, also under the next agent")
    func refused() throws {
        var machine = PodMachine(pod: try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]}"#), startTime: Timestamp(seconds: 7))
        machine.refuse(PodRefusal(reason: "SysctlForbidden", message: "no"))
        var life = PodLife(machine)
        #expect(life.actions.filter { if case .record = $0 { false } else { true } } == [.cleanUp(sandboxIDs: [])])
        #expect(life.events == [PodEventRecord(.warning, "SysctlForbidden", "no")])
        var expected = PodStatus(phase: .failed)
        expected.observedGeneration = 1
        expected.reason = "SysctlForbidden"
        expected.message = "Pod was rejected: no"
        expected.startTime = Timestamp(seconds: 7)
        expected.qosClass = .bestEffort
        #expect(life.statuses == [expected])
        let next = life.next()
        #expect(next.statuses == [expected])
        #expect(next.events.isEmpty && next.sandboxesMade == 0)

        var pod = life.machine.pod
        pod.metadata.deletionTimestamp = Timestamp(seconds: 9)
        life.receive(.updated(pod))
        #expect(life.machine.mayDeleteFromAPI)
        #expect(life.statuses == [expected])
    }
}
