import KubeModel
import TestSupport
import Testing

@testable import PodCore

@Suite("From a claim to its storage")
struct ClaimPlanTests {
    /// A pod with the volumes `data` (a claim), `again` (the same claim, read-only) and `own` (ephemeral).
    private static func pod(_ mounts: String = #"[{"name":"data","mountPath":"/d"}]"#) throws -> Pod {
        try Wire.decode(
            Pod.self,
            #"{"metadata":{"name":"web-0","namespace":"shop","uid":"u1"},"spec":{"containers":[{"name":"c","image":"i","volumeMounts":\#(mounts)}],"#
                + #""volumes":[{"name":"data","persistentVolumeClaim":{"claimName":"disk"}},"#
                + #"{"name":"again","persistentVolumeClaim":{"claimName":"disk","readOnly":true}},"#
                + #"{"name":"own","ephemeral":{"volumeClaimTemplate":{"spec":{}}}},{"name":"none","emptyDir":{}}]}}"#)
    }

    private static func claim(
        meta: String = #""uid":"c1""#, spec: String = #""volumeName":"pv""#, status: String = #""phase":"Bound""#
    ) throws -> PersistentVolumeClaim {
        let text = #"{"metadata":{"name":"disk","namespace":"shop",\#(meta)},"spec":{\#(spec)},"status":{\#(status)}}"#
        return try Wire.decode(PersistentVolumeClaim.self, text)
    }

    private static let bound = #""claimRef":{"uid":"c1"}"#
    private static let nfs = #""nfs":{"server":"10.0.0.9","path":"/data"}"#

    private static func storage(_ spec: String = "\(bound),\(nfs)", meta: String = "") throws -> PersistentVolume {
        try Wire.decode(PersistentVolume.self, #"{"metadata":{"name":"pv"\#(meta)},"spec":{\#(spec)}}"#)
    }

    private static func content(_ found: BoundClaim?, of name: String = "data", labels: [String: String] = [:]) throws -> VolumeContent {
        let pod = try Self.pod()
        let volume = try #require(pod.spec.volumes?.first { $0.name == name })
        return try #require(ClaimPlan(volume, pod: pod, nodeName: "n1", nodeLabels: labels)).content(found)
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let message: String
        var code = VolumeFailure.Code.waiting
        var volume = "data"
        let found: @Sendable () throws -> BoundClaim?
    }

    private static let refusals = [
        Refusal(testDescription: "no claim", message: #"failed to fetch PVC from API server: persistentvolumeclaims "disk" not found"#) { nil },
        Refusal(testDescription: "not bound", message: "PVC is not bound: its phase is Pending") {
            BoundClaim(claim: try claim(status: #""phase":"Pending""#), volume: try storage())
        },
        Refusal(testDescription: "no volume name", message: "PVC has empty pvc.Spec.VolumeName") { BoundClaim(claim: try claim(spec: "")) },
        Refusal(testDescription: "deleted without protection", message: "PVC is being deleted") {
            BoundClaim(claim: try claim(meta: #""uid":"c1","deletionTimestamp":"2027-01-01T00:00:00Z""#), volume: try storage())
        },
        Refusal(testDescription: "no volume", message: #"failed to fetch PV pv from API server: persistentvolumes "pv" not found"#) {
            BoundClaim(claim: try claim())
        },
        Refusal(
            testDescription: "volume without claim",
            message: "found PV object pv but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim"
        ) { BoundClaim(claim: try claim(), volume: try storage(nfs)) },
        Refusal(
            testDescription: "volume of an earlier claim of this name",
            message: "found PV object pv but its pv.Spec.ClaimRef.UID c0 does not point to claim.UID c1"
        ) { BoundClaim(claim: try claim(), volume: try storage(#""claimRef":{"uid":"c0"},\#(nfs)"#)) },
        Refusal(
            testDescription: "a foreign claim with the name of the pod's own",
            message: "PVC shop/web-0-own was not created for pod shop/web-0 (pod is not owner)", volume: "own"
        ) { BoundClaim(claim: try claim(), volume: try storage()) },
        Refusal(
            testDescription: "owned by an earlier pod of this name",
            message: "PVC shop/web-0-own was not created for pod shop/web-0 (pod is not owner)", volume: "own"
        ) { BoundClaim(claim: try claim(meta: owner("u0")), volume: try storage()) },
        Refusal(
            testDescription: "block device for a mount", message: "volume data has volumeMode Block, but is specified in volumeMounts", code: .invalid
        ) { BoundClaim(claim: try claim(), volume: try storage(#"\#(bound),\#(nfs),"volumeMode":"Block""#)) },
        Refusal(
            testDescription: "block device of another kind",
            message: "PersistentVolume pv has volumeMode Block and is of kind nfs, wanted local: no other is supported by this node", code: .invalid,
            volume: "again"
        ) { BoundClaim(claim: try claim(), volume: try storage(#"\#(bound),\#(nfs),"volumeMode":"Block""#)) },
        Refusal(
            testDescription: "another node's", message: "no matching NodeSelectorTerms: PersistentVolume pv belongs to another node", code: .invalid
        ) { BoundClaim(claim: try claim(), volume: try storage("\(bound),\(nfs),\(affinity("n2"))")) },
        Refusal(
            testDescription: "options for a hostPath", message: "mount options are not supported for this volume type (hostPath)", code: .invalid
        ) { BoundClaim(claim: try claim(), volume: try storage(#"\#(bound),"hostPath":{"path":"/x"},"mountOptions":["ro"]"#)) },
        Refusal(
            testDescription: "another kind", message: "PersistentVolume pv is of kind csi, wanted nfs, local or hostPath", code: .invalid
        ) { BoundClaim(claim: try claim(), volume: try storage(#"\#(bound),"csi":{"driver":"d"}"#)) },
    ]

    private static func owner(_ uid: String) -> String {
        #""uid":"c1","ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"web-0","uid":"\#(uid)","controller":true}]"#
    }

    private static func affinity(_ host: String) -> String {
        let match = #"{"key":"kubernetes.io/hostname","operator":"In","values":["\#(host)"]}"#
        return #""nodeAffinity":{"required":{"nodeSelectorTerms":[{"matchExpressions":[\#(match)]}]}}"#
    }

    @Test("a claim that cannot be used says why, and whether that may change", arguments: refusals) func refused(refusal: Refusal) throws {
        let found = try refusal.found()
        let failure = #expect(throws: VolumeFailure.self) {
            _ = try Self.content(found, of: refusal.volume, labels: ["kubernetes.io/hostname": "n1"])
        }
        #expect(failure?.code == refusal.code)
        #expect(failure?.message.contains(refusal.message) == true, "found \(failure?.message ?? "")")
    }

    @Test("a failure names the claim with its namespace") func named() throws {
        let failure = #expect(throws: VolumeFailure.self) { _ = try Self.content(nil) }
        #expect(failure?.message.hasPrefix("error processing PVC shop/disk: ") == true)
    }

    @Test("a claim that is deleted but protected keeps its pods running") func protected() throws {
        let claim = try Self.claim(
            meta: #""uid":"c1","deletionTimestamp":"2027-01-01T00:00:00Z","finalizers":["kubernetes.io/pvc-protection"]"#)
        #expect(throws: Never.self) { _ = try Self.content(BoundClaim(claim: claim, volume: try Self.storage())) }
    }

    @Test("an export gets the volume's mount options and the claim's read-only, in a folder named after the volume") func export() throws {
        let storage = try Self.storage(#"\#(Self.bound),\#(Self.nfs),"mountOptions":["nfsvers=4.1","","hard"]"#)
        let found = BoundClaim(claim: try Self.claim(), volume: storage)
        let export = NFSExport(server: "10.0.0.9", path: "/data", options: ["nfsvers=4.1", "hard"], folder: "pv")
        #expect(try Self.content(found) == .nfs(export))
        // The second volume with the claim has a mount of its own.
        let again = NFSExport(server: "10.0.0.9", path: "/data", isReadOnly: true, options: ["nfsvers=4.1", "hard"], folder: "again")
        #expect(try Self.content(found, of: "again") == .nfs(again))
    }

    @Test("the older annotation for mount options wins") func annotation() throws {
        let storage = try Self.storage(
            #"\#(Self.bound),\#(Self.nfs),"mountOptions":["soft"]"#, meta: #","annotations":{"volume.beta.kubernetes.io/mount-options":"hard,ro"}"#)
        guard case .nfs(let export) = try Self.content(BoundClaim(claim: try Self.claim(), volume: storage)) else { return #expect(Bool(false)) }
        #expect(export.options == ["hard", "ro"])
    }

    @Test("an IPv6 address of a server gets brackets", arguments: [("fd00::1", "[fd00::1]:/x"), ("[fd00::1]", "[fd00::1]:/x"), ("nas", "nas:/x")])
    func addresses(server: String, source: String) {
        #expect(NFSExport(server: server, path: "/x", folder: "f").source == source)
    }

    @Test("local and hostPath volumes lead to their paths, on the node that they belong to") func pathsOfTheNode() throws {
        func content(_ source: String) throws -> VolumeContent {
            let storage = try Self.storage("\(Self.bound),\(source),\(Self.affinity("n1"))")
            return try Self.content(BoundClaim(claim: try Self.claim(), volume: storage), labels: ["kubernetes.io/hostname": "n1"])
        }
        #expect(try content(#""local":{"path":"/mnt/disk"}"#) == .local(LocalStorage(path: "/mnt/disk", folder: "pv")))
        let disk = try content(#""local":{"path":"/dev/sdb","fsType":"xfs"},"mountOptions":["noatime"]"#)
        #expect(disk == .local(LocalStorage(path: "/dev/sdb", fileSystem: "xfs", options: ["noatime"], folder: "pv")))
        #expect(try content(#""hostPath":{"path":"/srv","type":"Directory"}"#) == .hostPath(path: "/srv", type: "Directory"))
    }

    @Test("an ephemeral volume uses the claim that was made for its pod") func ephemeral() throws {
        let pod = try Self.pod()
        #expect(ObjectNames(pod: pod).claims == ["disk", "web-0-own"])
        let found = BoundClaim(claim: try Self.claim(meta: Self.owner("u1")), volume: try Self.storage())
        #expect(try Self.content(found, of: "own") == .nfs(NFSExport(server: "10.0.0.9", path: "/data", folder: "pv")))
    }

    @Test(
        "containers get a volume read-only that its source marks so", arguments: [("data", false), ("again", true), ("own", false), ("none", false)])
    func readOnly(name: String, isReadOnly: Bool) throws {
        #expect(try #require(Self.pod().spec.volumes?.first { $0.name == name }).isReadOnly == isReadOnly)
    }

    @Test("a volume without a claim has no plan") func noClaim() throws {
        let pod = try Self.pod()
        #expect(ClaimPlan(try #require(pod.spec.volumes?.last), pod: pod, nodeName: "n", nodeLabels: [:]) == nil)
    }

    @Test("a disk is given as it is, and a file system is no disk") func block() throws {
        let local = #""local":{"path":"/dev/disk/by-id/x"}"#
        let disk = BoundClaim(claim: try Self.claim(), volume: try Self.storage(#"\#(Self.bound),\#(local),"volumeMode":"Block""#))
        #expect(try Self.content(disk, of: "again") == .block(path: "/dev/disk/by-id/x"))
        let files = BoundClaim(claim: try Self.claim(), volume: try Self.storage("\(Self.bound),\(local)"))
        let pod = try Self.pod(#"[],"volumeDevices":[{"name":"data","devicePath":"/dev/x"}]"#)
        let volume = try #require(pod.spec.volumes?.first)
        let plan = try #require(ClaimPlan(volume, pod: pod, nodeName: "n1", nodeLabels: [:]))
        #expect(try plan.content(disk) == .block(path: "/dev/disk/by-id/x"))
        let failure = #expect(throws: VolumeFailure.self) { _ = try plan.content(files) }
        #expect(failure?.message == "volume data has volumeMode Filesystem, but is specified in volumeDevices")
    }

    @Test(
        "storage is for one pod at a time when ReadWriteOncePod is its only access mode",
        arguments: [
            (#"["ReadWriteOncePod"]"#, true), (#"["ReadWriteOncePod","ReadOnlyMany"]"#, false), (#"["ReadWriteOnce"]"#, false), ("[]", false),
        ])
    func exclusive(modes: String, isExclusive: Bool) throws {
        #expect(ClaimPlan.isExclusive(try Self.storage("\(Self.bound),\(Self.nfs),\"accessModes\":\(modes)")) == isExclusive)
    }
}

@Suite("Waiting for a claim")
struct ClaimWaitTests {
    private static let spec =
        #"{"containers":[{"name":"c","image":"b","volumeMounts":[{"name":"v","mountPath":"/v"}]}],"volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"x"}}]}"#

    @Test("a claim is looked at every few seconds, but events keep to the growing pauses") func cadence() throws {
        var tries = 0
        var life = PodLife(try PodLife.pod(Self.spec)) { action, life in
            guard case .mountVolume = action else { return life.obey(action) }
            tries += 1
            return .volumeFailed(name: "v", VolumeFailure(.waiting, "PVC is not bound"))
        }
        life.pass(.seconds(600))
        #expect(tries > 100)
        #expect(life.messages("FailedMount").count < 16)
        life.answer = { action, life in life.obey(action) }
        life.pass(.seconds(5))
        #expect(life.states(of: "c").last == "running")
    }

    @Test("another reason is told at once") func anotherReason() throws {
        var reason = "PVC is not bound"
        var life = PodLife(try PodLife.pod(Self.spec)) { action, life in
            guard case .mountVolume = action else { return life.obey(action) }
            return .volumeFailed(name: "v", VolumeFailure(.waiting, reason))
        }
        life.pass(.seconds(300))
        reason = "PVC is being deleted"
        life.pass(.seconds(5))
        #expect(life.messages("FailedMount").last == #"MountVolume.SetUp failed for volume "v" : PVC is being deleted"#)
    }
}
