import KubeModel
import PodCore
import Synchronization
import TestSupport

@testable import NodeAgent

/// A node's runtime, images, network, volumes and files in memory: everything that is done to it is noted.
final class FakeNode: Sendable {
    struct State {
        var started: [ContainerConfiguration] = []
        var attempts = 0
        var messages: [String: String] = [:]
        var logTails: [String: String] = [:]
        var lastLogs: [String: Int] = [:]
        /// The node's own files by path; others cannot be read.
        var nodeFiles: [String: String] = [:]
        var recovered: [RecoveredSandbox] = []
        var podsOnDisk: [String] = []
        var podsWithLogs: [PodIdentity] = []
        var secrets: [String: Secret] = [:]
        var claims: [String: BoundClaim] = [:]
        /// Handlers by the name of the class.
        var runtimeClasses: [String: String] = [:]
        var credentials: [RegistryCredential] = []
        /// A credential provider that gives the pod's token as the password, or the problem.
        var hasProvider = false
        var providerProblem: String?
        var imageIsPresent = true
        /// References of artifacts.
        var artifacts: Set<String> = []
        var userNamespace: PodUserNamespace?
        /// User namespaces of the volumes that were mounted, by name.
        var mountedFor: [String: PodUserNamespace] = [:]
        var imageAccess = ImageAccess.open
        /// The Secrets whose credentials are accepted for a restricted image.
        var admitted: Set<String> = []
        /// The failures of the next pulls, one for each; later pulls succeed.
        var pullFailures: [ImageFailure] = []
        /// The exit that is reported before the answer to a start.
        var exitBeforeStartAnswer: ContainerExit?
        var networkFailures = 0
        var networkIsSetUp = true
        /// Bytes by container id.
        var memoryInUse: [String: UInt64] = [:]
        /// The pods of the sandboxes that were made, by sandbox id.
        var podsOfSandboxes: [String: String] = [:]
        /// Bytes by the pods' names.
        var workingSets: [String: UInt64] = [:]
        /// The failures of the next changes of limits, one for each.
        var updateFailures: [RuntimeFailure] = []
        /// Without the API server's answer the Services are not known.
        var servicesAreKnown = true
        /// The failures of the next signals, one for each; later signals succeed.
        var signalFailures: [RuntimeFailure.Code] = []
        /// The ends of the next commands, one for each; there are no others.
        var execs: [FakeExec] = []
        var execRequests: [ExecRequest] = []
        /// Volumes that another program has unmounted. A mount makes them be there.
        var missingVolumes: Set<String> = []
        var imageVolumes: [String: ImageVolumeState] = [:]
        var mountFailure: VolumeFailure?
        /// Texts of files that containers have written, by the volume's root and the file's path in it.
        var filesInVolumes: [String: String] = [:]
        var mountPoints: [VolumeMountPoint] = []
    }

    let did = Journal<String>()
    let probes = FakeProbes()
    let state = Mutex(State())
    let events: AsyncStream<RuntimeEvent>
    private let sink: AsyncStream<RuntimeEvent>.Continuation

    init() {
        (events, sink) = AsyncStream.makeStream(of: RuntimeEvent.self)
    }

    func tell(_ event: RuntimeEvent) { sink.yield(event) }

    var ports: ActionRunner.Ports {
        .init(
            runtime: self, resources: self, images: self, network: self, volumes: self, folders: self, objects: self, services: self, probes: probes)
    }

    /// The calls, apart from reading.
    func didNot(_ text: String) -> Bool { !did.entries.contains { $0.hasPrefix(text) } }
}

extension FakeNode: ContainerRuntime {
    func userNamespace(ofPod podUID: String) async throws(RuntimeFailure) -> PodUserNamespace? { state.withLock { $0.userNamespace } }

    func createSandbox(_ configuration: SandboxConfiguration) async throws(RuntimeFailure) -> StartedSandbox {
        did.note("create sandbox \(configuration.id)")
        state.withLock { $0.podsOfSandboxes[configuration.id] = configuration.pod.name }
        return StartedSandbox(id: configuration.id, pausePID: 1, networkNamespacePath: "/proc/1/ns/net", createdAt: Timestamp(seconds: 0))
    }

    func record(addresses: [String], ofSandbox sandboxID: String) async throws(RuntimeFailure) {}

    func startContainer(_ configuration: ContainerConfiguration, inSandbox sandboxID: String) async throws(RuntimeFailure) -> StartedContainer {
        let early = state.withLock { state in
            state.started.append(configuration)
            defer { state.exitBeforeStartAnswer = nil }
            return state.exitBeforeStartAnswer
        }
        if let early { tell(.containerExited(sandboxID: sandboxID, containerID: configuration.id, early)) }
        did.note("start \(configuration.name) \(configuration.id)")
        return StartedContainer(id: configuration.id, pid: 2, startedAt: Timestamp(seconds: 1_800_000_000))
    }

    func signal(_ signal: Int32, container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {}

    func stop(container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        did.note("stop \(containerID)")
        try failSignal()
        let exit = ContainerExit(startedAt: nil, finishedAt: Timestamp(seconds: 1_800_000_000), exitCode: 143, signal: 15)
        tell(.containerExited(sandboxID: sandboxID, containerID: containerID, exit))
    }

    func kill(container containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) {
        did.note("kill \(containerID)")
        try failSignal()
    }

    private func failSignal() throws(RuntimeFailure) {
        let code = state.withLock { $0.signalFailures.isEmpty ? nil : $0.signalFailures.removeFirst() }
        if let code { throw RuntimeFailure(code, "no answer") }
    }

    func removeContainer(_ containerID: String, inSandbox sandboxID: String) async throws(RuntimeFailure) { did.note("remove \(containerID)") }
    func stopSandbox(_ sandboxID: String) async throws(RuntimeFailure) { did.note("stop sandbox \(sandboxID)") }
    func removeSandbox(_ sandboxID: String) async throws(RuntimeFailure) { did.note("remove sandbox \(sandboxID)") }
    func recover() async throws(RuntimeFailure) -> [RecoveredSandbox] { state.withLock { $0.recovered } }

    func exec(_ request: ExecRequest) async throws(RuntimeFailure) -> any ContainerStreams {
        let exec = state.withLock { state in
            state.execRequests.append(request)
            return state.execs.isEmpty ? nil : state.execs.removeFirst()
        }
        guard let exec else { throw RuntimeFailure(.internal, "not here") }
        if let failure = exec.startFailure { throw failure }
        return exec
    }

    func attach(_ request: AttachRequest) async throws(RuntimeFailure) -> any ContainerStreams { throw RuntimeFailure(.internal, "not here") }
    func log(_ request: LogRequest) async throws(RuntimeFailure) -> any LogSession { throw RuntimeFailure(.internal, "not here") }
}

extension FakeNode: ImageService {
    static func description(_ reference: String, isArtifact: Bool = false) -> ImageDescription {
        ImageDescription(
            id: "sha256:1", names: [reference], repoDigests: ["\(reference)@sha256:2"], size: 10, config: ImageConfig(cmd: ["/bin/true"]),
            lowerDirectories: ["/layers/1"], isArtifact: isArtifact)
    }

    func image(_ reference: String) async throws(ImageFailure) -> ImageDescription? {
        state.withLock { $0.imageIsPresent ? Self.description(reference, isArtifact: $0.artifacts.contains(reference)) : nil }
    }

    func pull(_ reference: String, credentials: [RegistryCredential]) async throws(ImageFailure) -> ImageDescription {
        let failure = state.withLock { state in
            state.credentials = credentials
            return state.pullFailures.isEmpty ? nil : state.pullFailures.removeFirst()
        }
        did.note("pull \(reference)")
        if let failure { throw failure }
        return Self.description(reference)
    }

    func permission(toUse image: ImageDescription, as reference: String) async -> ImageAccess { state.withLock { $0.imageAccess } }

    func admits(_ credentials: [RegistryCredential], to image: ImageDescription, as reference: String) async -> Bool {
        let names = credentials.compactMap(\.owner?.name)
        return state.withLock { !$0.admitted.isDisjoint(with: names) }
    }

    func credentials(of account: (any PodAccount)?, for reference: String) async -> AccountCredentials {
        let (hasProvider, problem) = state.withLock { ($0.hasProvider, $0.providerProblem) }
        var found = AccountCredentials()
        found.problems = [problem].compactMap { $0 }
        guard hasProvider, let account, let facts = try? await account.facts() else { return found }
        let token = try? await account.token(audience: "registry", uid: facts.uid)
        found.credentials = [RegistryCredential(registry: "r", username: facts.uid, password: token ?? "")]
        return found
    }

    func user(_ user: String, in image: ImageDescription) async throws(ImageFailure) -> ImageUser { ImageUser(uid: 0, gid: 0) }
    func images() async -> [ImageDescription] { [] }
}

extension FakeNode: PodNetworkPort {
    func setUp(podCIDRs: [String]) async throws(NetworkFailure) { did.note("network \(podCIDRs.joined(separator: ","))") }

    var isSetUp: Bool { state.withLock { $0.networkIsSetUp } }

    var isMadeByPlugins: Bool { false }

    func attach(_ sandbox: SandboxNetwork, networkNamespacePath: String, bandwidth: PodBandwidth) async throws(NetworkFailure) -> [String] {
        let fails = state.withLock { state in
            defer { state.networkFailures = max(state.networkFailures - 1, 0) }
            return state.networkFailures > 0
        }
        if fails { throw NetworkFailure(.notReady, "no podCIDR yet") }
        return ["10.0.0.7"]
    }

    func detach(sandboxID: String) async throws(NetworkFailure) { did.note("detach \(sandboxID)") }
    func recover(_ sandboxes: [SandboxNetwork]) async throws(NetworkFailure) {}

    func forwardHostPorts(of sandbox: SandboxNetwork) async throws(NetworkFailure) {
        for port in sandbox.hostPorts { did.note("forward \(port) to \(sandbox.addresses.joined(separator: ","))") }
    }
}

extension FakeNode: VolumeService {
    func mount(_ volume: VolumeRequest) async throws(VolumeFailure) -> String {
        did.note("mount \(volume.name)")
        if let failure = state.withLock({ $0.mountFailure }) { throw failure }
        state.withLock { state in
            state.missingVolumes.remove(volume.name)
            state.mountedFor[volume.name] = volume.userNamespace
            if case .image = volume.content { state.imageVolumes[volume.name] = .mounted(path: "/pods/\(volume.podUID)/\(volume.name)") }
        }
        return "/pods/\(volume.podUID)/\(volume.name)"
    }

    func missing(_ volumes: [MountedVolume]) async throws(VolumeFailure) -> Set<String> {
        state.withLock { $0.missingVolumes.intersection(volumes.map(\.name)) }
    }

    func makeMountPoint(_ point: VolumeMountPoint) async throws(VolumeFailure) { state.withLock { $0.mountPoints.append(point) } }

    func file(_ path: String, inVolume volume: String, limit: Int) async throws(VolumeFailure) -> [UInt8]? {
        state.withLock { $0.filesInVolumes["\(volume)/\(path)"].map { Array($0.utf8) } }
    }

    func imageVolume(_ name: String, podUID: String, userNamespace: PodUserNamespace?) async throws(VolumeFailure) -> ImageVolumeState {
        state.withLock { $0.imageVolumes[name] ?? .absent }
    }

    func imagesInVolumes() async throws(VolumeFailure) -> Set<String> { [] }
    func tearDown(podUID: String) async throws(VolumeFailure) { did.note("tear down \(podUID)") }
    func podsOnDisk() async throws(VolumeFailure) -> [String] { state.withLock { $0.podsOnDisk } }
}

extension FakeNode: PodFolders {
    func makeFiles(_ files: StartFiles) async throws(VolumeFailure) -> StartFiles.Paths {
        let folder = "/pods/\(files.pod.uid)"
        return StartFiles.Paths(
            hosts: folder + "/etc-hosts", hostname: folder + "/etc-hostname", resolvConf: folder + "/etc-resolv.conf",
            terminationMessage: "/messages/\(files.container)",
            log: "/logs/\(files.pod.name)/\(files.container)/\(files.restartCount).log")
    }

    func terminationMessage(at path: String, limit: Int) async -> String? { state.withLock { $0.messages[path] } }
    func logTail(at path: String, lines: Int, limit: Int) async -> String? { state.withLock { $0.logTails[path] } }

    func lastLog(of pod: PodIdentity, container: String) async -> Int? { state.withLock { $0.lastLogs[container] } }
    func linkLog(at path: String, of pod: PodIdentity, container: String, containerID: String) async {}
    func removeLogs(of pod: PodIdentity, container: String, upTo restartCount: Int) async { did.note("remove logs \(container) \(restartCount)") }
    func removeAll(of pod: PodIdentity) async throws(VolumeFailure) { did.note("remove all \(pod.uid)") }
    func podsWithLogs() async throws(VolumeFailure) -> [PodIdentity] { state.withLock { $0.podsWithLogs } }

    func nodeFile(_ path: String) async throws(VolumeFailure) -> String {
        guard let text = state.withLock({ $0.nodeFiles[path] }) else { throw VolumeFailure(.system, "cannot read \(path): it is missing") }
        return text
    }
}

extension FakeNode: ReferencedObjectSource, ServiceListing {
    func hold(_ names: ObjectNames, namespace: String) { did.note("hold \(names.secrets.sorted().joined(separator: ","))") }
    func release(_ names: ObjectNames, namespace: String) { did.note("release \(names.secrets.sorted().joined(separator: ","))") }

    func objects(_ names: ObjectNames, namespace: String) async throws -> ReferencedObjects {
        state.withLock { state in
            ReferencedObjects(
                secrets: state.secrets.filter { names.secrets.contains($0.key) }, claims: state.claims.filter { names.claims.contains($0.key) })
        }
    }

    func serviceAccount(_ name: String, namespace: String) async throws -> ServiceAccountFacts {
        did.note("service account \(namespace)/\(name)")
        return ServiceAccountFacts(uid: "account-1", annotations: [:])
    }

    func token(for pod: Pod, audience: String, accountUID: String) async throws -> TokenRequest.TokenStatus {
        did.note("token \(audience) \(accountUID)")
        return try Wire.decode(["token": "t", "expirationTimestamp": "2027-01-15T09:00:00Z"])
    }

    func runtimeHandler(ofClass name: String) async throws -> String? { state.withLock { $0.runtimeClasses[name] } }

    func token(for pod: Pod, _ projection: VolumeProjection.ServiceAccountToken) async throws -> TokenRequest.TokenStatus {
        did.note("token")
        return try Wire.decode(["token": "t", "expirationTimestamp": "2027-01-15T09:00:00Z"])
    }

    func services(in namespaces: Set<String>) async -> [Service]? { state.withLock { $0.servicesAreKnown } ? [] : nil }
}
