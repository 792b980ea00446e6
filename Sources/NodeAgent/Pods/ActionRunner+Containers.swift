import KubeModel
import MetricsStore
import PodCore
import Timing

extension ActionRunner {
    /// Starts a container and counts the start.
    func startContainer(
        _ name: String, restartCount: Int, image: ImageDescription, sandboxID: String, addresses: [String], _ snapshot: PodSnapshot
    ) async -> PodEvent? {
        let event = await start(name, restartCount: restartCount, image: image, sandboxID: sandboxID, addresses: addresses, snapshot)
        let type = LabelValues.type(of: snapshot.pod.spec.role(of: name))
        metrics.count(.startedContainers, type)
        if case .containerFailed(_, let problem)? = event { metrics.count(.startedContainersErrors, LabelValues.code(problem), type) }
        return event
    }

    private func start(
        _ name: String, restartCount: Int, image: ImageDescription, sandboxID: String, addresses: [String], _ snapshot: PodSnapshot
    ) async -> PodEvent? {
        let pod = snapshot.pod
        guard let container = pod.spec.container(named: name) else { return nil }
        let role = pod.spec.role(of: name)
        let fieldPath = ContainerRecord(name: name, role: role).fieldPath
        let imageID = image.repoDigests.first ?? image.id
        let configuration: ContainerConfiguration
        do {
            configuration = try await plan(container, role, restartCount, image, imageID, addresses, snapshot)
        } catch let failure as VolumeFailure {
            return .containerFailed(container: name, ContainerProblem(.create, message: failure.message))
        } catch {
            return .containerFailed(container: name, ContainerProblem(.configuration, message: "\(error)"))
        }
        let created = PodEventRecord(.normal, "Created", "Container created", fieldPath: fieldPath)
        files.set(configuration, podUID: pod.uid, sandboxID: sandboxID)
        // `logs --previous` does not need the log before the last one. A start that fails leaves a log too.
        if restartCount >= 2 { await ports.folders.removeLogs(of: snapshot.identity, container: name, upTo: restartCount - 2) }
        do {
            let started = try await ports.runtime.startContainer(configuration, inSandbox: sandboxID)
            events.record(created, about: snapshot.identity)
            events.record(PodEventRecord(.normal, "Started", "Container started", fieldPath: fieldPath), about: snapshot.identity)
            await ports.folders.linkLog(at: configuration.log.path, of: snapshot.identity, container: name, containerID: configuration.id)
            return .containerStarted(container: name, started, sandboxID: sandboxID, imageID: imageID, user: configuration.process.user)
        } catch {
            switch error.code {
            case .start:
                events.record(created, about: snapshot.identity)
                let kind = ContainerProblem.Kind.start(id: configuration.id, sandboxID: sandboxID, imageID: imageID)
                return .containerFailed(container: name, ContainerProblem(kind, message: error.message))
            case .notFound, .notRunning: return .containerFailed(container: name, ContainerProblem(.sandboxGone, message: error.message))
            case .configuration: return .containerFailed(container: name, ContainerProblem(.configuration, message: error.message))
            default: return .containerFailed(container: name, ContainerProblem(.create, message: error.message))
            }
        }
    }

    private func plan(
        _ container: Container, _ role: ContainerConfiguration.Role, _ restartCount: Int, _ image: ImageDescription, _ imageID: String,
        _ addresses: [String], _ snapshot: PodSnapshot
    ) async throws -> ContainerConfiguration {
        let pod = snapshot.pod
        let context = context()
        let storageGroups = try await keepStorage(of: container, snapshot)
        let objects = try await ports.objects.objects(ObjectNames(environmentOf: container), namespace: pod.namespace)
        // A static pod does not wait for the API server, as with kubelet.
        guard
            let services = await ports.services.services(in: [pod.namespace, ServiceEnvironment.ofAPIServer.namespace]) ?? (pod.isStatic ? [] : nil)
        else {
            throw PlanFailure("services have not yet been read at least once, cannot construct envvars")
        }
        let environment = try ContainerEnvironment(
            container: container, facts: facts(pod, podIPs: addresses), objects: objects,
            files: try await environmentFiles(of: container, snapshot),
            services: ServiceEnvironment.variables(services: services, namespace: pod.namespace, links: pod.spec.enableServiceLinks ?? true))
        let userName = try SecurityPlan.effectiveUser(pod: pod, container: container, imageUser: image.config.user)
        async let user = ports.images.user(userName, in: image)
        async let paths = volumePaths(for: container, snapshot)
        let hostname = try PodHostname(of: pod, nodeName: context.nodeName, clusterDomain: context.clusterDomain)
        let files = try await makeFiles(of: container, restartCount, hostname, addresses, snapshot)
        var plan = ContainerPlan(
            id: makeID(), restartCount: restartCount, image: image, imageID: imageID, user: try await user, environment: environment,
            hostname: hostname.kernelName, volumePaths: try await paths, files: files,
            log: .init(path: files.log, maxSize: context.logMaxSize, maxFiles: context.logMaxFiles),
            seccompDefault: context.seccompDefault, seccompRoot: context.seccompRoot, resources: context.resources)
        plan.storageGroups = storageGroups
        var configuration = try plan.configuration(of: container, role: role, pod: pod)
        try await makeMountPoints(of: configuration, volumes: plan.volumePaths, pod)
        if role == .ephemeral, let target = container.targetContainerName, !target.isEmpty {
            guard let id = snapshot.runningID(of: target) else { throw PlanFailure("unable to find target container \(target)") }
            configuration.targetContainerID = id
        }
        return configuration
    }

    private func environmentFiles(of container: Container, _ snapshot: PodSnapshot) async throws -> EnvironmentFiles {
        var files = EnvironmentFiles()
        for place in try EnvironmentFiles.places(of: container, in: snapshot.pod.spec) {
            guard let volume = snapshot.volumePaths[place.volume] else { throw EnvironmentFiles.missing(volume: place.volume) }
            do throws(VolumeFailure) {
                files[place] = try await ports.volumes.file(place.path, inVolume: volume, limit: EnvironmentFiles.sizeLimit)
            } catch {
                throw PlanFailure("couldn't read env file \"\(place.path)\" of volume \"\(place.volume)\": \(error.message)")
            }
        }
        return files
    }

    /// /etc/hosts, /etc/hostname and /etc/resolv.conf are written anew for each start, as kubelet does.
    private func makeFiles(
        of container: Container, _ restartCount: Int, _ hostname: PodHostname, _ addresses: [String], _ snapshot: PodSnapshot
    ) async throws -> StartFiles.Paths {
        let pod = snapshot.pod
        let context = context()
        let hosts: String
        if pod.spec.usesHostNetwork {
            hosts = HostsFile.hostNetworkContent(
                nodeFile: (try? await ports.folders.nodeFile("/etc/hosts")) ?? "", aliases: pod.spec.hostAliases ?? [])
        } else {
            hosts = HostsFile.content(podIPs: addresses, hostname: hostname.name, domain: hostname.domain, aliases: pod.spec.hostAliases ?? [])
        }
        var host = ResolverConfiguration()
        if pod.spec.dnsPolicy != DNSPolicy.none { host = try await nodeResolver.configuration(at: context.resolvConf) }
        let node = ResolverConfiguration.Node(clusterDNS: context.clusterDNS, clusterDomain: context.clusterDomain, host: host)
        let (resolver, told) = ResolverConfiguration.forPod(pod, node: node)
        for record in told { events.record(record, about: snapshot.identity) }
        return try await ports.folders.makeFiles(
            StartFiles(
                pod: snapshot.identity, container: container.name, restartCount: restartCount, hosts: hosts, hostname: hostname.kernelName + "\n",
                resolvConf: resolver.text))
    }

    func stopContainer(_ id: String, _ sandboxID: String, _ signal: StopSignal, _ snapshot: PodSnapshot) async -> PodEvent? {
        do {
            switch signal {
            case .stop: try await ports.runtime.stop(container: id, inSandbox: sandboxID)
            case .kill: try await ports.runtime.kill(container: id, inSandbox: sandboxID)
            }
            return nil
        } catch {
            if error.code == .notFound {
                // The runtime does not have the container any more, so that no exit event will follow.
                let exit = ContainerExit(startedAt: nil, finishedAt: time.wallTime(), exitCode: 137, isKnown: false)
                return .containerExited(id: id, exit, message: nil)
            }
            return .signalFailed(containerID: id, signal, message: error.message)
        }
    }
}
