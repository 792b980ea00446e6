import KubeModel
import NodeAgent
import PodCore
import Synchronization
import TestSupport

extension AgentPorts: ImageService {
    private static let description = ImageDescription(
        id: "sha256:1", names: ["b"], repoDigests: ["b@sha256:2"], size: 10, config: ImageConfig(cmd: ["/bin/true"]), lowerDirectories: ["/l"])

    func image(_ reference: String) async throws(ImageFailure) -> ImageDescription? {
        guard await pass() else { throw ImageFailure(.storeFailed, "no") }
        return world.fails(oneIn: 5) ? nil : Self.description
    }

    func pull(_ reference: String, credentials: [RegistryCredential]) async throws(ImageFailure) -> ImageDescription {
        guard await pass(), !world.fails(oneIn: 3) else { throw ImageFailure(.pullFailed, "no") }
        return Self.description
    }

    func permission(toUse image: ImageDescription, as reference: String) async -> ImageAccess { .open }
    func admits(_ credentials: [RegistryCredential], to image: ImageDescription, as reference: String) async -> Bool { true }
    func user(_ user: String, in image: ImageDescription) async throws(ImageFailure) -> ImageUser { ImageUser(uid: 0, gid: 0) }
    func images() async -> [ImageDescription] { [] }
}

extension AgentPorts: PodNetworkPort {
    private static let lost = NetworkFailure(.kernel, "no answer")

    func setUp(podCIDRs: [String]) async throws(NetworkFailure) {}
    var isSetUp: Bool { !world.fails(oneIn: 60) }

    var isMadeByPlugins: Bool { false }

    func attach(_ sandbox: SandboxNetwork, networkNamespacePath: String, bandwidth: PodBandwidth) async throws(NetworkFailure) -> [String] {
        let sandboxID = sandbox.sandboxID
        try await call("attach \(sandboxID)", failure: Self.lost) { (state: inout NodeState) throws(NetworkFailure) in
            _ = state.attached.insert(sandboxID)
        }
        return ["10.0.0.7"]
    }

    func detach(sandboxID: String) async throws(NetworkFailure) {
        try await call("detach \(sandboxID)", failure: Self.lost) { (state: inout NodeState) throws(NetworkFailure) in
            _ = state.attached.remove(sandboxID)
        }
    }

    func recover(_ sandboxes: [SandboxNetwork]) async throws(NetworkFailure) {
        let running = Set(sandboxes.filter(\.isRunning).map(\.sandboxID))
        node.state.withLock { $0.attached.formIntersection(running) }
    }

    func forwardHostPorts(of sandbox: SandboxNetwork) async throws(NetworkFailure) {}
}

extension AgentPorts: VolumeService {
    private static let busy = VolumeFailure(.busy, "no answer")

    func mount(_ volume: VolumeRequest) async throws(VolumeFailure) -> String {
        try await call("mount \(volume.name) of \(volume.podUID)", failure: Self.busy) { (state: inout NodeState) throws(VolumeFailure) in
            _ = state.volumes[volume.podUID, default: []].insert(volume.name)
        }
        return "/v/\(volume.podUID)/\(volume.name)"
    }

    func missing(_ volumes: [MountedVolume]) async throws(VolumeFailure) -> Set<String> { [] }
    func makeMountPoint(_ point: VolumeMountPoint) async throws(VolumeFailure) {}
    func file(_ path: String, inVolume volume: String, limit: Int) async throws(VolumeFailure) -> [UInt8]? { nil }
    func imageVolume(_ name: String, podUID: String, userNamespace: PodUserNamespace?) async throws(VolumeFailure) -> ImageVolumeState { .absent }
    func imagesInVolumes() async throws(VolumeFailure) -> Set<String> { [] }

    func tearDown(podUID: String) async throws(VolumeFailure) {
        try await call("tear down \(podUID)", failure: Self.busy) { (state: inout NodeState) throws(VolumeFailure) in
            node.check(releasing: podUID, state)
            state.volumes[podUID] = nil
        }
    }

    func podsOnDisk() async throws(VolumeFailure) -> [String] {
        node.state.withLock { Set($0.volumes.keys).union($0.logs.keys).sorted() }
    }
}

extension AgentPorts: PodFolders {
    func makeFiles(_ files: StartFiles) async throws(VolumeFailure) -> StartFiles.Paths {
        StartFiles.Paths(
            hosts: "/f", hostname: "/f", resolvConf: "/f", terminationMessage: "/m",
            log: "/logs/\(files.pod.uid)/\(files.container)/\(files.restartCount).log")
    }

    func terminationMessage(at path: String, limit: Int) async -> String? { nil }
    func logTail(at path: String, lines: Int, limit: Int) async -> String? { nil }

    func lastLog(of pod: PodIdentity, container: String) async -> Int? { node.state.withLock { $0.logs[pod.uid]?[container] } }
    func linkLog(at path: String, of pod: PodIdentity, container: String, containerID: String) async {}
    func removeLogs(of pod: PodIdentity, container: String, upTo restartCount: Int) async {}

    func removeAll(of pod: PodIdentity) async throws(VolumeFailure) {
        try await call("remove all of \(pod.uid)", failure: Self.busy) { (state: inout NodeState) throws(VolumeFailure) in
            state.logs[pod.uid] = nil
        }
    }

    func podsWithLogs() async throws(VolumeFailure) -> [PodIdentity] { [] }
    func nodeFile(_ path: String) async throws(VolumeFailure) -> String { "" }
}

extension AgentPorts: ReferencedObjectSource, ServiceListing {
    func hold(_ names: ObjectNames, namespace: String) {}
    func release(_ names: ObjectNames, namespace: String) {}

    func objects(_ names: ObjectNames, namespace: String) async throws -> ReferencedObjects {
        guard await pass(), !world.fails(oneIn: 20) else { throw RuntimeFailure(.internal, "the API server does not answer") }
        return ReferencedObjects()
    }

    func serviceAccount(_ name: String, namespace: String) async throws -> ServiceAccountFacts { ServiceAccountFacts(uid: "", annotations: [:]) }

    func token(for pod: Pod, audience: String, accountUID: String) async throws -> TokenRequest.TokenStatus {
        try await token(for: pod, Wire.decode(VolumeProjection.ServiceAccountToken.self, #"{"path":"token"}"#))
    }

    func runtimeHandler(ofClass name: String) async throws -> String? { nil }

    func token(for pod: Pod, _ projection: VolumeProjection.ServiceAccountToken) async throws -> TokenRequest.TokenStatus {
        guard await pass(), !world.fails(oneIn: 20) else { throw RuntimeFailure(.internal, "the API server does not answer") }
        let expiration = world.time.wallTime().advanced(bySeconds: 600)
        return try Wire.decode(["token": "t", "expirationTimestamp": .string(expiration.rfc3339())])
    }

    func services(in namespaces: Set<String>) async -> [Service]? { [] }
}
