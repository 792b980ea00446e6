import KubeModel
import Testing

@testable import PodCore

@Suite("Security context")
struct SecurityPlanTests {
    @Test(
        "capabilities are added to and taken from the default set",
        arguments: [
            (#"{}"#, 14), (#"{"drop":["ALL"]}"#, 0), (#"{"drop":["ALL"],"add":["NET_BIND_SERVICE"]}"#, 1), (#"{"add":["ALL"]}"#, 41),
            (#"{"add":["ALL"],"drop":["SYS_ADMIN"]}"#, 40),
            (#"{"add":["net_admin","CAP_SYS_TIME"]}"#, 16),
            (#"{"add":["ALL","KILL"],"drop":["all"]}"#, 1),
        ])
    func capabilities(changes: String, count: Int) throws {
        #expect(try plan(#"{"capabilities":\#(changes)}"#).capabilities.count == count)
    }

    @Test(
        "a setting that cannot be granted is refused, and the field is named",
        arguments: [
            (#"{"capabilities":{"add":["NOPE"]}}"#, #"unknown capability "NOPE""#),
            (#"{"capabilities":{"drop":["NOPE"]}}"#, #"unknown capability "NOPE""#),
            (#"{"runAsNonRoot":true}"#, "container has runAsNonRoot and image will run as root"),
            (#"{"runAsNonRoot":true,"runAsUser":0}"#, "container's runAsUser breaks non-root policy"),
            (#"{"seccompProfile":{"type":"Odd"}}"#, "unknown seccomp profile type"),
            (#"{"seccompProfile":{"type":"Localhost"}}"#, "localhostProfile must be set"),
            (#"{"seccompProfile":{"type":"Localhost","localhostProfile":""}}"#, "localhostProfile must be set"),
            (#"{"seccompProfile":{"type":"Localhost","localhostProfile":"../x"}}"#, "localhostProfile must be set"),
            (#"{"seccompProfile":{"type":"Localhost","localhostProfile":"a/../../x"}}"#, "localhostProfile must be set"),
            (#"{"seccompProfile":{"type":"Localhost","localhostProfile":"/etc/x"}}"#, "localhostProfile must be set"),
            (#"{"seccompProfile":{"type":"Localhost","localhostProfile":"ok\u0000/../x"}}"#, "localhostProfile must be set"),
            (#"{"privileged":true,"seccompProfile":{"type":"Localhost","localhostProfile":"../x"}}"#, "localhostProfile must be set"),
            (#"{"runAsGroup":-1}"#, "runAsGroup -1 is out of range"),
            (#"{"runAsGroup":2147483648}"#, "runAsGroup 2147483648 is out of range"),
            (#"{"privileged":true,"allowPrivilegeEscalation":false}"#, "cannot set allowPrivilegeEscalation to false and privileged to true"),
            (#"{"procMount":"Unmasked"}"#, "procMount Unmasked of container c needs a user namespace"),
            (#"{"procMount":"Odd"}"#, #"unknown procMount "Odd""#),
            (#"{"appArmorProfile":{"type":"Odd"}}"#, #"unknown AppArmor profile type "Odd""#),
            (#"{"appArmorProfile":{"type":"Localhost"}}"#, #"AppArmor localhostProfile "" is no profile's name"#),
            (#"{"appArmorProfile":{"type":"Localhost","localhostProfile":"&root"}}"#, #"AppArmor localhostProfile "&root" is no"#),
            (#"{"appArmorProfile":{"type":"Localhost","localhostProfile":"a b"}}"#, #"AppArmor localhostProfile "a b" is no"#),
        ])
    func refused(context: String, message: String) throws {
        let failure = #expect(throws: PlanFailure.self) { try plan(context) }
        #expect(failure?.message.hasPrefix(message) == true, "\(failure?.message ?? "")")
    }

    @Test("an id beyond what Kubernetes takes is refused before it becomes another one", arguments: [-1, 2_147_483_648, 4_294_967_296])
    func userOutOfRange(id: Int64) throws {
        let pod = try pod(#"{"runAsUser":\#(id)}"#)
        #expect(throws: PlanFailure("runAsUser \(id) is out of range: wanted 0 to 2147483647")) {
            try SecurityPlan.effectiveUser(pod: pod, container: pod.spec.containers[0], imageUser: "app")
        }
    }

    @Test("the pod's number replaces the image's user, the container's number the pod's")
    func effectiveUser() throws {
        for (context, podContext, expected) in [
            ("{}", "{}", "app:staff"), ("{}", #"{"runAsUser":5}"#, "5"), (#"{"runAsUser":0}"#, #"{"runAsUser":5}"#, "0"),
        ] {
            let pod = try pod(context, podContext)
            #expect(try SecurityPlan.effectiveUser(pod: pod, container: pod.spec.containers[0], imageUser: "app:staff") == expected)
        }
    }

    @Test("runAsNonRoot counts the number, not the name")
    func nonRoot() throws {
        let wanted = #"{"runAsNonRoot":true}"#
        #expect(try plan(wanted, imageUser: "1000:0", user: ImageUser(uid: 1000, gid: 0)).uid == 1000)
        // The image's account file may call anything root.
        for (imageUser, user) in [
            ("app", ImageUser(uid: 1000, gid: 0)), ("000", ImageUser(uid: 0, gid: 0)), ("+1000", ImageUser(uid: 1000, gid: 0)),
            ("1000", ImageUser(uid: 0, gid: 0)), ("", ImageUser(uid: 0, gid: 0)), (":1000", ImageUser(uid: 0, gid: 1000)),
        ] {
            #expect(throws: PlanFailure.self, "\(imageUser)") { try plan(wanted, imageUser: imageUser, user: user) }
        }
        #expect(throws: PlanFailure.self) {
            try plan(#"{"runAsNonRoot":true,"runAsUser":1000}"#, imageUser: "", user: ImageUser(uid: 0, gid: 0))
        }
        #expect(try plan(#"{"runAsNonRoot":false}"#, #"{"runAsNonRoot":true}"#).uid == 0)
    }

    @Test("the groups are exactly the primary one, the image's unless Strict, fsGroup and the pod's own")
    func groups() throws {
        let user = ImageUser(uid: 1000, gid: 1000, additionalGids: [50, 10, 1000])
        let cases: [(String, [UInt32])] = [
            ("{}", [1000, 50, 10]),
            (#"{"supplementalGroupsPolicy":"Merge","supplementalGroups":[10,60]}"#, [1000, 50, 10, 60]),
            (#"{"supplementalGroupsPolicy":"Strict"}"#, [1000]),
            (#"{"supplementalGroupsPolicy":"Strict","supplementalGroups":[60],"fsGroup":70}"#, [1000, 70, 60]),
            (#"{"runAsGroup":3,"supplementalGroups":[3]}"#, [3, 50, 10, 1000]),
        ]
        for (context, expected) in cases { #expect(try plan("{}", context, user: user).additionalGids == expected, "\(context)") }
        for context in [#"{"supplementalGroupsPolicy":"Odd"}"#, #"{"supplementalGroups":[-1]}"#, #"{"fsGroup":4294967296}"#] {
            #expect(throws: PlanFailure.self, "\(context)") { try plan("{}", context, user: user) }
        }
        let many = ImageUser(uid: 1, gid: 1, additionalGids: (2...70000).map { $0 })
        #expect(throws: PlanFailure.self) { try plan("{}", user: many) }
    }

    @Test("an id outside the user namespace is refused")
    func unmapped() throws {
        for user in [ImageUser(uid: 65536, gid: 0), ImageUser(uid: 0, gid: 65536), ImageUser(uid: 0, gid: 0, additionalGids: [70000])] {
            #expect(throws: PlanFailure.self) { try plan("{}", spec: #","hostUsers":false"#, user: user) }
            #expect(try plan("{}", user: user).uid == user.uid)
        }
        #expect(try plan("{}", spec: #","hostUsers":false"#, user: ImageUser(uid: 65535, gid: 65535)).uid == 65535)
    }

    @Test("a privileged container is not confined, whatever the pod's profiles are")
    func privileged() throws {
        let plan = try plan(#"{"privileged":true}"#, #"{"seccompProfile":{"type":"RuntimeDefault"}}"#, seccompDefault: true)
        #expect(plan.seccomp == .unconfined && plan.maskedPaths.isEmpty && plan.readonlyPaths.isEmpty && !plan.noNewPrivileges)
        #expect(plan.capabilities == SecurityPlan.allCapabilities)
    }

    @Test("without a profile seccomp follows seccompDefault")
    func seccompDefault() throws {
        #expect(try plan("{}").seccomp == .unconfined)
        #expect(try plan("{}", seccompDefault: true).seccomp == .runtimeDefault)
        #expect(try plan(#"{"seccompProfile":{"type":"Unconfined"}}"#, seccompDefault: true).seccomp == .unconfined)
        #expect(try plan("{}", #"{"seccompProfile":{"type":"Localhost","localhostProfile":"a/b.json"}}"#).seccomp == .localhost(path: "/s/a/b.json"))
    }

    @Test("/proc is unmasked only in a user namespace")
    func procMount() throws {
        #expect(try plan("{}").maskedPaths.contains("/proc/kcore"))
        let unmasked = try plan(#"{"procMount":"Unmasked"}"#, spec: #","hostUsers":false"#)
        #expect(unmasked.maskedPaths.isEmpty && unmasked.readonlyPaths.isEmpty && unmasked.capabilities.count == 14)
        #expect(throws: PlanFailure.self) { try plan(#"{"procMount":"Unmasked"}"#, spec: #","hostUsers":true"#) }
    }

    @Test("AppArmor: the container's field, then the annotation, then the pod's field")
    func appArmor() throws {
        let own = #"{"appArmorProfile":{"type":"Localhost","localhostProfile":"mine"}}"#
        let pods = #"{"appArmorProfile":{"type":"RuntimeDefault"}}"#
        let key = "container.apparmor.security.beta.kubernetes.io/"
        #expect(try plan("{}").appArmor == nil)
        #expect(try plan("{}", pods).appArmor == .runtimeDefault)
        #expect(try plan("{}", pods, annotations: [key + "c": "localhost/old"]).appArmor == .localhost(profile: "old"))
        #expect(try plan("{}", pods, annotations: [key + "other": "unconfined"]).appArmor == .runtimeDefault)
        #expect(try plan(own, pods, annotations: [key + "c": "unconfined"]).appArmor == .localhost(profile: "mine"))
        #expect(try plan("{}", annotations: [key + "c": "runtime/default"]).appArmor == .runtimeDefault)
        #expect(try plan("{}", annotations: [key + "c": "unconfined"]).appArmor == .unconfined)
        for text in ["default", "localhost/", "runtime/other"] {
            #expect(throws: PlanFailure.self, "\(text)") { try plan("{}", annotations: [key + "c": text]) }
        }
    }

    private func pod(_ context: String, _ podContext: String = "{}", spec: String = "", annotations: [String: String] = [:]) throws -> Pod {
        var pod = try PodLife.pod(
            #"{"containers":[{"name":"c","image":"i","securityContext":\#(context)}],"securityContext":\#(podContext)\#(spec)}"#)
        pod.metadata.annotations = annotations
        return pod
    }

    @discardableResult
    private func plan(
        _ context: String, _ podContext: String = "{}", spec: String = "", annotations: [String: String] = [:], imageUser: String = "",
        user: ImageUser = ImageUser(uid: 0, gid: 0), seccompDefault: Bool = false
    ) throws -> SecurityPlan {
        let pod = try pod(context, podContext, spec: spec, annotations: annotations)
        return try SecurityPlan(
            pod: pod, container: pod.spec.containers[0], imageUser: imageUser, user: user, seccompDefault: seccompDefault, seccompRoot: "/s")
    }
}
