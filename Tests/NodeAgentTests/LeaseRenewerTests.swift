import KubeClient
import KubeModel
import TestSupport
import Testing
import Timing

@testable import NodeAgent

@Suite("Lease renewer", .timeLimit(.minutes(1)))
struct LeaseRenewerTests {
    private let time = ManualTime()

    private func renewer(_ api: FakeNodeAPI, uid: String? = "uid-1") -> LeaseRenewer {
        LeaseRenewer(api: api, nodeName: "node-1", duration: .seconds(40), time: time, logger: .silent) { uid }
    }

    private func lease(owner: String? = nil) -> Lease {
        let owners = owner.map { [OwnerReference(apiVersion: "v1", kind: "Node", name: "node-1", uid: $0)] }
        return Lease(
            metadata: ObjectMeta(name: "node-1", namespace: "kube-node-lease", ownerReferences: owners),
            spec: Lease.Spec(holderIdentity: "other", leaseDurationSeconds: 1, renewTime: MicroTime(Timestamp(seconds: 0))))
    }

    @Test("the lease is made, and renewed every quarter of its duration")
    func makesTheLeaseAndRenewsItEveryQuarter() async throws {
        let api = FakeNodeAPI()
        try await whileRunning(renewer(api).run) {
            #expect(await api.calls.wait(count: 2) == ["get", "create"])
            let made = try #require(api.lease)
            #expect(made.key == ObjectKey(namespace: "kube-node-lease", name: "node-1"))
            #expect(made.spec?.holderIdentity == "node-1")
            #expect(made.spec?.leaseDurationSeconds == 40)
            #expect(made.metadata.ownerReferences?.map(\.uid) == ["uid-1"])
            for turn in 1...2 {
                await time.waitForSleeper(until: .seconds(10 * turn))
                time.advance(by: .seconds(10))
                await api.calls.wait(count: 2 + turn)
                #expect(api.lease?.spec?.renewTime == MicroTime(time.wallTime()))
            }
            #expect(api.calls.entries == ["get", "create", "update", "update"])
        }
    }

    @Test("an existing lease is taken over")
    func takesOverWhatIsThere() async throws {
        let api = FakeNodeAPI(lease: lease())
        try await whileRunning(renewer(api).run) { await api.calls.wait(count: 2) }
        #expect(api.calls.entries.prefix(2) == ["get", "update"])
        #expect(api.lease?.spec?.holderIdentity == "node-1")
        #expect(api.lease?.metadata.ownerReferences?.map(\.uid) == ["uid-1"])
    }

    @Test("fields of the lease that other clients have set are kept")
    func keepsForeignFields() async throws {
        var held = lease()
        let acquired = MicroTime(Timestamp(seconds: 1_700_000_000))
        held.spec?.acquireTime = acquired
        held.spec?.leaseTransitions = 3
        held.spec?.preferredHolder = "node-2"
        held.spec?.strategy = "OldestEmulationVersion"
        held.metadata.labels = ["team": "a"]
        let api = FakeNodeAPI(lease: held)
        try await whileRunning(renewer(api).run) { await api.calls.wait(count: 2) }
        let spec = try #require(api.lease?.spec)
        #expect(spec.holderIdentity == "node-1" && spec.leaseDurationSeconds == 40 && spec.renewTime == MicroTime(time.wallTime()))
        #expect(spec.acquireTime == acquired && spec.leaseTransitions == 3)
        #expect(spec.preferredHolder == "node-2" && spec.strategy == "OldestEmulationVersion" && api.lease?.metadata.labels == ["team": "a"])
    }

    @Test("another owner of the lease is kept")
    func keepsAnotherOwner() async throws {
        let api = FakeNodeAPI(lease: lease(owner: "uid-0"))
        try await whileRunning(renewer(api).run) { await api.calls.wait(count: 2) }
        #expect(api.lease?.metadata.ownerReferences?.map(\.uid) == ["uid-0"])
    }

    @Test("the lease is read anew after a conflict")
    func readsAnewAfterAConflict() async throws {
        let api = FakeNodeAPI(lease: lease())
        try await whileRunning(renewer(api).run) {
            await time.waitForSleeper(until: .seconds(10))
            api.touchLease()
            time.advance(by: .seconds(10))
            await time.waitForSleeper(until: .milliseconds(10_200))
            #expect(api.calls.entries == ["get", "update", "update"])
            time.advance(by: .milliseconds(200))
            await api.calls.wait(count: 5)
            #expect(api.calls.entries == ["get", "update", "update", "get", "update"])
            #expect(api.lease?.spec?.renewTime == MicroTime(time.wallTime()))
        }
    }
}
