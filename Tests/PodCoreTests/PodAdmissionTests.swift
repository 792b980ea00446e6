import KubeModel
import Testing

@testable import PodCore

@Suite("Pods that a node does not take")
struct PodAdmissionTests {
    private func refusal(_ fields: String, annotations: [String: String]? = nil, hasAppArmor: Bool = true) throws -> PodRefusal? {
        var pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"b"}]\#(fields.isEmpty ? "" : ",")\#(fields)}"#)
        pod.metadata.annotations = annotations
        return PodAdmission(sysctls: try SysctlRules(allowedUnsafe: ["kernel.msg*"]), hasAppArmor: hasAppArmor).refusal(of: pod)
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

    @Test("a pod with allowed sysctls, or without a wish for AppArmor, is taken")
    func taken() throws {
        #expect(try refusal(#""securityContext":{"sysctls":[{"name":"kernel.msgmax","value":"1"}]}"#) == nil)
        #expect(try refusal("", hasAppArmor: false) == nil)
        #expect(try refusal(#""securityContext":{"appArmorProfile":{"type":"Unconfined"}}"#, hasAppArmor: false) == nil)
        #expect(try refusal(#""securityContext":{"appArmorProfile":{"type":"RuntimeDefault"}}"#) == nil)
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
