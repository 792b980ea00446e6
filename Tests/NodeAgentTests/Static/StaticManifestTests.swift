import KubeModel
import PodCore
import Testing

@testable import NodeAgent

@Suite("Static manifest")
struct StaticManifestTests {
    static let seen = Timestamp(seconds: 1_800_000_000)

    static func pod(_ text: String, file: String = "web.yaml", node: String = "Node-1") throws -> StaticPod {
        try StaticManifest(nodeName: node).pod(Array(text.utf8), path: "/manifests/\(file)", seen: seen)
    }

    /// A manifest with more fields in `metadata` and in `spec`, in YAML's short form.
    static func text(metadata: String = "", spec: String = "", container: String = "", name: String = "web") -> String {
        "apiVersion: v1\nkind: Pod\nmetadata: {name: \(name)\(metadata)}\n"
            + "spec: {containers: [{name: main, image: app\(container)}]\(spec)}\n"
    }

    @Test("a manifest becomes a pod of this node")
    func aManifestBecomesAPodOfThisNode() throws {
        let pod = try Self.pod(Self.text()).pod
        #expect(pod.key == ObjectKey(namespace: "default", name: "web-node-1"))
        #expect(pod.spec.nodeName == "Node-1")
        #expect(pod.uid.count == 32 && pod.uid.allSatisfy(\.isHexDigit))
        #expect(
            pod.metadata.annotations == [
                "kubernetes.io/config.hash": pod.uid, "kubernetes.io/config.source": "file", "kubernetes.io/config.seen": "2027-01-15T08:00:00Z",
            ])
        #expect(pod.spec.tolerations?.map(\.effect) == ["NoExecute"] && pod.spec.tolerations?.first?.operator == "Exists")
        #expect(pod.status?.phase == .pending)
        #expect(pod.isStatic && !pod.isMirror)
    }

    @Test("what the API server fills in is filled in")
    func defaults() throws {
        let pod = try Self.pod(
            Self.text(
                spec: ", hostNetwork: true, volumes: [{name: v}]",
                container: ", ports: [{containerPort: 80}], resources: {limits: {cpu: 1}, requests: {memory: 1Gi}}, "
                    + "livenessProbe: {httpGet: {port: 80}}")
        ).pod
        let container = try #require(pod.spec.containers.first)
        #expect(pod.spec.restartPolicy == .always && pod.spec.dnsPolicy == .clusterFirst && pod.spec.terminationGracePeriodSeconds == 30)
        #expect(container.terminationMessagePath == "/dev/termination-log" && container.terminationMessagePolicy == "File")
        #expect(container.ports?.first?.protocol == "TCP" && container.ports?.first?.hostPort == 80)
        #expect(container.resources?.requests == ["cpu": Quantity(1), "memory": Quantity(bytes: 1 << 30)])
        #expect(container.livenessProbe?.periodSeconds == 10 && container.livenessProbe?.httpGet?.scheme == "HTTP")
        #expect(pod.spec.volumes?.first?.emptyDir != nil)
    }

    @Test(
        "images without a tag, or with the tag latest, are always pulled",
        arguments: [
            ("app", ImagePullPolicy.always), ("app:latest", .always), ("host:5000/app", .always), ("host:5000/a/app:1", .ifNotPresent),
            ("app@sha256:00", .ifNotPresent), ("app:latest@sha256:00", .always), ("app:1@sha256:00", .ifNotPresent),
        ])
    func pullPolicies(image: String, policy: ImagePullPolicy) throws {
        let text = Self.text().replacing("image: app", with: "image: '\(image)'")
        #expect(try Self.pod(text).pod.spec.containers.first?.imagePullPolicy == policy)
    }

    @Test("JSON, a leading document mark and comments make no difference")
    func forms() throws {
        let json = "{\n\t\"kind\": \"Pod\", \"apiVersion\": \"v1\", \"metadata\": {\"name\": \"web\"},\n"
        let spec = "\t\"spec\": {\"containers\": [{\"image\": \"app\", \"name\": \"main\"}]}}"
        let wanted = try Self.pod(Self.text())
        #expect(try Self.pod(json + spec) == wanted)
        #expect(try Self.pod("# web\n---\n" + Self.text() + "---\n") == wanted)
    }

    @Test("the uid follows from content, file and node")
    func uids() throws {
        let uid = try Self.pod(Self.text()).pod.uid
        #expect(try Self.pod(Self.text()).pod.uid == uid)
        #expect(try Self.pod(Self.text(), file: "web.yaml.bak").pod.uid != uid)
        #expect(try Self.pod(Self.text(), node: "node-2").pod.uid != uid)
        #expect(try Self.pod(Self.text(spec: ", hostNetwork: true")).pod.uid != uid)
        let own = try Self.pod(Self.text(metadata: ", uid: 1234-abcd"))
        #expect(own.pod.uid == "1234-abcd" && own.hash == "1234-abcd")
    }

    @Test("a manifest copied from the API loses the server's fields")
    func serverFields() throws {
        let metadata = ", resourceVersion: '7', deletionTimestamp: '2027-01-15T08:00:00Z', generation: 3, ownerReferences: [{kind: Node}]"
        let text = Self.text(metadata: metadata) + "status: {phase: Failed}\n"
        let found = try Self.pod(text)
        #expect(found == (try Self.pod(Self.text())))
    }

    @Test("fields that the agent does not know are shown by the mirror pod")
    func unknownFields() throws {
        let found = try Self.pod(Self.text(spec: ", topologySpreadConstraints: [{maxSkew: 1}]"))
        #expect(found.manifest["spec", "topologySpreadConstraints"] == [["maxSkew": 1]])
    }

    @Test(
        "a file that is not one pod is refused with its reason",
        arguments: [
            ("", "found nothing, wanted a Pod"), ("# nothing\n", "found nothing"), ("just text", "found a string, wanted a Pod"),
            ("- a", "found a list"), ("apiVersion: v1\nkind: [", "this is neither YAML nor JSON: line"),
            ("kind: Pod\nkind: Pod", "the key kind is written more than once"),
            ("apiVersion: v1\nkind: List\nitems: []", "found a List, wanted one Pod"), ("apiVersion: v1\nkind: PodList", "found a PodList"),
            ("apiVersion: apps/v1\nkind: Deployment", "found apiVersion 'apps/v1' and kind 'Deployment', wanted v1 and Pod"),
            (text() + "---\n" + text(), "found a second document, wanted one Pod"),
            ("apiVersion: v1\nkind: Pod\nspec: {}", "name is needed for the pod"), (text(name: "''"), "name is needed for the pod"),
            ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}", "spec.containers: is missing"),
            (text(spec: ", restartPolicy: Sometimes"), "spec.restartPolicy"),
            (text(metadata: ", annotations: {kubernetes.io/config.mirror: a}"), "which only mirror pods have"),
        ])
    func notOnePod(text: String, words: String) throws {
        let problem = try #require(throws: ManifestProblem.self) { try Self.pod(text) }
        #expect("\(problem)".contains(words), "\(problem)")
    }

    @Test("bytes that are not text are refused")
    func notText() throws {
        #expect(throws: ManifestProblem.self) { try StaticManifest(nodeName: "n").pod([0xFF, 0xFE, 0x00], path: "/a", seen: Self.seen) }
    }

    @Test(
        "names that lead out of their folder are refused",
        arguments: [
            (text(name: "../web"), "metadata.name"), (text(name: "Web"), "metadata.name"),
            (text(metadata: ", namespace: ../kube"), "metadata.namespace"),
            (text(metadata: ", uid: ../../etc"), "metadata.uid"), (text(metadata: ", uid: .."), "metadata.uid"),
            (text(metadata: ", uid: \(String(repeating: "a", count: 65))"), "metadata.uid"),
            (text().replacing("name: main", with: "name: ../main"), "spec.containers[].name"),
            (text(spec: ", volumes: [{name: ../v, emptyDir: {}}]"), "spec.volumes[].name"),
            (text(spec: ", volumes: [{name: v, hostPath: {path: /a/../etc}}]"), "hostPath.path"),
            (text(spec: ", volumes: [{name: v}]", container: ", volumeMounts: [{name: v, mountPath: /v, subPath: ../a}]"), "subPath"),
            (text(container: ", volumeMounts: [{name: v, mountPath: /v}]"), "wanted the name of one of spec.volumes"),
            (text(spec: ", initContainers: [{name: main, image: app}]"), "found 'main' twice"),
            (text().replacing(", image: app", with: ""), "spec.containers[main].image: found none"),
            (text(spec: ", ephemeralContainers: [{name: e, image: app}]"), "spec.ephemeralContainers"),
        ])
    func badNames(text: String, field: String) throws {
        let problem = try #require(throws: ManifestProblem.self) { try Self.pod(text) }
        #expect("\(problem)".contains(field), "\(problem)")
    }

    @Test(
        "a reference to an object of the API is refused by Kubernetes' name of it",
        arguments: [
            ("serviceAccountName: robot", "serviceaccounts"), ("imagePullSecrets: [{name: a}]", "secrets"),
            ("volumes: [{name: v, secret: {secretName: a}}]", "secrets"), ("volumes: [{name: v, configMap: {name: a}}]", "configmaps"),
            ("volumes: [{name: v, projected: {sources: [{configMap: {name: a}}]}}]", "configmaps"),
            ("volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: a}}]}}]", "serviceaccounts (via projected volumes)"),
            ("volumes: [{name: v, projected: {sources: [{clusterTrustBundle: {path: a}}]}}]", "clustertrustbundles"),
            ("volumes: [{name: v, persistentVolumeClaim: {claimName: a}}]", "persistentvolumeclaims"),
            ("volumes: [{name: v, ephemeral: {}}]", "persistentvolumeclaims (via ephemeral volumes)"),
            ("volumes: [{name: v, csi: {driver: a}}]", "csidrivers (via CSI volumes)"),
            ("volumes: [{name: v, csi: {driver: a, nodePublishSecretRef: {name: a}}}]", "secrets"),
            ("volumes: [{name: v, azureFile: {secretName: a}}]", "secrets"), ("resourceClaims: [{name: a}]", "resourceclaims"),
            ("initContainers: [{name: i, image: a, envFrom: [{secretRef: {name: a}}]}]", "secrets"),
            ("initContainers: [{name: i, image: a, env: [{name: A, valueFrom: {configMapKeyRef: {name: a, key: k}}}]}]", "configmaps"),
        ])
    func references(spec: String, kind: String) throws {
        let problem = try #require(throws: ManifestProblem.self) { try Self.pod(Self.text(spec: ", " + spec)) }
        #expect("\(problem)".hasPrefix("static pods may not reference \(kind):"), "\(problem)")
    }

    @Test("volumes that need no API are accepted")
    func ownVolumes() throws {
        let spec = ", volumes: [{name: a, hostPath: {path: /a}}, {name: b, downwardAPI: {}}, {name: c, projected: {sources: [{downwardAPI: {}}]}}]"
        #expect(try Self.pod(Self.text(spec: spec)).pod.spec.volumes?.count == 3)
    }
}
