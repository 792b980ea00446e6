import KubeModel
import TestSupport
import Testing

@testable import DevCluster

@Suite("Claims and volumes")
struct StorageTests {
    private static func volume(_ name: String, _ size: String, modes: JSONValue = ["ReadWriteOnce"], more: [String: JSONValue] = [:]) -> JSONValue {
        var spec: JSONValue = ["capacity": ["storage": .string(size)], "accessModes": modes, "nfs": ["server": "nas", "path": "/x"]]
        for (key, value) in more { spec[key] = value }
        return ["metadata": ["name": .string(name)], "spec": spec]
    }

    private static func claim(_ name: String, _ size: String, volume: String? = nil, modes: JSONValue = ["ReadWriteOnce"]) -> JSONValue {
        var spec: JSONValue = ["accessModes": modes, "resources": ["requests": ["storage": .string(size)]]]
        if let volume { spec["volumeName"] = .string(volume) }
        return ["metadata": ["name": .string(name)], "spec": spec]
    }

    private static func phase(_ type: ResourceType, _ name: String, _ store: ObjectStore) async -> String? {
        let key = ObjectKey(namespace: type.isNamespaced ? "default" : "", name: name)
        return await store.get(type, key)?.text("status", "phase")
    }

    @Test("a claim is bound to the volume that it names, or to the smallest that fits") func binding() async throws {
        let store = try await Fixtures.store()
        for volume in [Self.volume("large", "10Gi"), Self.volume("small", "1Gi"), Self.volume("named", "5Gi"), Self.volume("tiny", "1Mi")] {
            _ = try await Fixtures.create(.persistentVolumes, volume, store)
        }
        _ = try await Fixtures.create(.persistentVolumeClaims, Self.claim("by-name", "1Gi", volume: "named"), store)
        _ = try await Fixtures.create(.persistentVolumeClaims, Self.claim("any", "1Gi"), store)
        _ = try await Fixtures.create(.persistentVolumeClaims, Self.claim("shared", "1Mi", modes: ["ReadWriteMany"]), store)
        try await VolumeBinder().reconcile(store)
        let claims = await store.list(.persistentVolumeClaims).map { ($0.name, $0.text("spec", "volumeName"), $0.text("status", "phase")) }
        #expect(claims.map(\.0) == ["any", "by-name", "shared"])
        #expect(claims.map(\.1) == ["small", "named", ""])
        #expect(claims.map(\.2) == ["Bound", "Bound", "Pending"])
        let uid = try #require(await store.get(.persistentVolumeClaims, ObjectKey(namespace: "default", name: "any"))).uid
        let bound = try #require(await store.get(.persistentVolumes, ObjectKey(namespace: "", name: "small")))
        #expect(bound.text("spec", "claimRef", "uid") == uid && bound.text("status", "phase") == "Bound")
    }

    @Test("a volume whose claim is gone is kept, and not given to another one") func released() async throws {
        let store = try await Fixtures.store()
        _ = try await Fixtures.create(.persistentVolumes, Self.volume("v", "1Gi"), store)
        _ = try await Fixtures.create(.persistentVolumeClaims, Self.claim("first", "1Gi"), store)
        try await VolumeBinder().reconcile(store)
        _ = try await Fixtures.delete(.persistentVolumeClaims, "first", store)
        _ = try await Fixtures.create(.persistentVolumeClaims, Self.claim("first", "1Gi"), store)
        try await VolumeBinder().reconcile(store)
        #expect(await Self.phase(.persistentVolumes, "v", store) == "Released")
        #expect(await Self.phase(.persistentVolumeClaims, "first", store) == "Pending")
    }

    @Test(
        "a volume that cannot be used is refused",
        arguments: [
            (["local": ["path": "/x"], "nfs": .null], "spec.nodeAffinity"), (["nfs": ["server": "nas"]], "spec.nfs.path"), (["nfs": .null], "spec"),
            (["hostPath": ["path": "/x"]], "spec"), (["accessModes": []], "spec.accessModes"),
        ] as [([String: JSONValue], String)])
    func refused(change: [String: JSONValue], field: String) async throws {
        let store = try await Fixtures.store()
        let error = await #expect(throws: APIError.self) {
            _ = try await Fixtures.create(.persistentVolumes, Self.volume("v", "1Gi", more: change), store)
        }
        #expect(error?.details?["causes"]?.array?.map { $0.text("field") } == [field])
    }

    @Test(
        "a node may get, but not watch, the claims of its pods and the volumes bound to them",
        arguments: [
            ("persistentvolumeclaims", "mine", "get", true), ("persistentvolumeclaims", "mine", "watch", false),
            ("persistentvolumeclaims", "p-own", "get", true), ("persistentvolumeclaims", "theirs", "get", false),
            ("persistentvolumes", "v-mine", "get", true), ("persistentvolumes", "v-mine", "list", false),
            ("persistentvolumes", "v-theirs", "get", false), ("persistentvolumes", "none", "get", false),
        ])
    func rights(resource: String, name: String, verb: String, isAllowed: Bool) async throws {
        let store = try await Fixtures.store()
        for (pod, node, claim) in [("p", "n1", "mine"), ("q", "n2", "theirs")] {
            var object = Fixtures.pod(pod, node: node)
            object["spec", "volumes"] = [
                ["name": "data", "persistentVolumeClaim": ["claimName": .string(claim)]], ["name": "own", "ephemeral": ["volumeClaimTemplate": [:]]],
            ]
            _ = try await Fixtures.create(.pods, object, store)
            _ = try await Fixtures.create(.persistentVolumes, Self.volume("v-\(claim)", "1Gi"), store)
            _ = try await Fixtures.create(.persistentVolumeClaims, Self.claim(claim, "1Gi", volume: "v-\(claim)"), store)
        }
        try await VolumeBinder().reconcile(store)
        let access = AccessAttributes(
            verb: verb, resource: resource, namespace: resource == "persistentvolumes" ? "" : "default", name: name)
        let node = Identity(user: "system:node:n1", groups: ["system:nodes"])
        #expect(await store.transaction { Authorizer(nodesAreProxiers: false).allows(node, access, $0) } == isAllowed)
    }
}
