package import KubeModel

/// The inputs of one start of one container, besides the pod's spec.
package struct ContainerPlan: Sendable {
    package var id: String
    package var restartCount: Int
    package var image: ImageDescription
    package var imageID: String
    package var user: ImageUser
    package var environment: ContainerEnvironment
    package var hostname: String
    /// Roots of the pod's volumes by name.
    package var volumePaths: [String: String]
    /// The node's files for /etc/hosts, /etc/hostname, /etc/resolv.conf and the termination message.
    package var files: StartFiles.Paths
    package var log: ContainerConfiguration.Log
    package var seccompDefault: Bool
    package var seccompRoot: String
    package var resources: ResourceRules
    /// Groups that the container's storage is used with.
    package var storageGroups: [UInt32] = []

    package init(
        id: String, restartCount: Int, image: ImageDescription, imageID: String, user: ImageUser, environment: ContainerEnvironment, hostname: String,
        volumePaths: [String: String], files: StartFiles.Paths, log: ContainerConfiguration.Log, seccompDefault: Bool,
        seccompRoot: String, resources: ResourceRules
    ) {
        self.id = id
        self.restartCount = restartCount
        self.image = image
        self.imageID = imageID
        self.user = user
        self.environment = environment
        self.hostname = hostname
        self.volumePaths = volumePaths
        self.files = files
        self.log = log
        self.seccompDefault = seccompDefault
        self.seccompRoot = seccompRoot
        self.resources = resources
    }

    /// Returns the configuration to start.
    package func configuration(of container: Container, role: ContainerConfiguration.Role, pod: Pod) throws(PlanFailure) -> ContainerConfiguration {
        let security = try SecurityPlan(
            pod: pod, container: container, imageUser: image.config.user, user: user, storageGroups: storageGroups, seccompDefault: seccompDefault,
            seccompRoot: seccompRoot)
        let process = ContainerConfiguration.Process(
            args: try arguments(of: container), env: environmentLines(), cwd: workingDirectory(container), uid: security.uid, gid: security.gid,
            additionalGids: security.additionalGids, capabilities: security.capabilities, noNewPrivileges: security.noNewPrivileges,
            oomScoreAdj: pod.spec.oomScore(of: container, nodeMemory: resources.nodeMemory, isCritical: pod.isCritical),
            seccomp: security.seccomp, appArmor: security.appArmor)
        var configuration = ContainerConfiguration(
            id: id, name: container.name, role: role, restartCount: restartCount, image: container.image ?? "", imageID: imageID,
            lowerDirectories: image.lowerDirectories, process: process, mounts: try mounts(of: container, pod),
            readOnlyRootFilesystem: container.securityContext?.readOnlyRootFilesystem ?? false, privileged: security.isPrivileged,
            maskedPaths: security.maskedPaths, readonlyPaths: security.readonlyPaths,
            resources: pod.spec.cgroupResources(of: container, resources, isCritical: pod.isCritical), log: log,
            stdin: container.stdin ?? false, stdinOnce: container.stdinOnce ?? false, terminal: container.tty ?? false,
            stopSignal: SignalName.number(image.config.stopSignal) ?? 15, terminationMessageFile: files.terminationMessage)
        configuration.imageVolumes = imageVolumes
        configuration.devices = try devices(of: container, pod, beside: configuration.mounts)
        return configuration
    }

    /// Parents before children. A path with `..` or the root itself is not a volume that an image can declare.
    private var imageVolumes: [String] {
        let paths = image.config.volumes.map(Self.parts).filter { !$0.isEmpty && !$0.contains("..") && !$0.contains { $0.utf8.contains(0) } }
        return Set(paths.map { "/" + $0.joined(separator: "/") }).sorted()
    }

    /// `command` replaces the image's entry point and its arguments, `args` alone replaces only the arguments.
    private func arguments(of container: Container) throws(PlanFailure) -> [String] {
        let expand = { (text: String) in VariableExpansion.expand(text) { environment[$0] } }
        let command = (container.command ?? []).map(expand)
        let args = (container.args ?? []).map(expand)
        let result = command.isEmpty ? image.config.entrypoint + (args.isEmpty ? image.config.cmd : args) : command + args
        if result.isEmpty { throw PlanFailure("no command specified: neither the container nor its image \(container.image ?? "") names a program") }
        return result
    }

    private func workingDirectory(_ container: Container) -> String {
        if let directory = container.workingDir, !directory.isEmpty { return directory }
        return image.config.workingDir.isEmpty ? "/" : image.config.workingDir
    }

    /// The image's variables first; the pod's variables replace them. An empty HOME counts as none, as in the OCI runtimes.
    private func environmentLines() -> [String] {
        var lines: [String] = []
        var imageNames: Set<String> = []
        let emptyHome = "HOME="
        for line in image.config.env where line != emptyHome {
            let name = String(line.prefix { $0 != "=" })
            imageNames.insert(name)
            if environment[name] == nil { lines.append(line) }
        }
        func addDefault(_ name: String, _ value: String) {
            if !imageNames.contains(name), environment[name] == nil { lines.append("\(name)=\(value)") }
        }
        addDefault("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        addDefault("HOSTNAME", hostname)
        let home = user.home.flatMap { $0.isEmpty ? nil : $0 } ?? "/"
        addDefault("HOME", home)
        for name in environment.names {
            let value = environment[name] ?? ""
            lines.append(name == "HOME" && value.isEmpty ? "HOME=\(home)" : "\(name)=\(value)")
        }
        return lines
    }

    private func mounts(of container: Container, _ pod: Pod) throws(PlanFailure) -> [ContainerConfiguration.Mount] {
        var mounts: [ContainerConfiguration.Mount] = []
        for mount in container.volumeMounts ?? [] {
            guard let source = volumePaths[mount.name] else {
                throw PlanFailure("volume \"\(mount.name)\" of container \(container.name) is not mounted")
            }
            mounts.append(try planned(mount, of: pod.spec.volume(named: mount.name), source: source, pod))
        }
        // The pod's own mount wins, however its path is written.
        let taken = Set(mounts.map { Self.parts(of: $0.destination) })
        // In a volume that propagates mounts, these files would cover the node's own for ever.
        let passedOn = mounts.filter { $0.propagation == .bidirectional }.map { Self.parts(of: $0.destination) }
        func add(_ source: String, at destination: String, readOnly: Bool = false) {
            let place = Self.parts(of: destination)
            guard !taken.contains(place), !passedOn.contains(where: { place.starts(with: $0) }) else { return }
            mounts.append(.init(source: source, destination: destination, readOnly: readOnly))
        }
        let isReadOnly = container.securityContext?.readOnlyRootFilesystem ?? false
        add(files.hosts, at: "/etc/hosts")
        add(files.hostname, at: "/etc/hostname", readOnly: isReadOnly)
        add(files.resolvConf, at: "/etc/resolv.conf", readOnly: isReadOnly)
        add(files.terminationMessage, at: container.terminationMessagePath.flatMap { $0.isEmpty ? nil : $0 } ?? "/dev/termination-log")
        // Parents before children, whatever the order in the spec: a later mount would hide an earlier one below it.
        let depths = mounts.map { Self.parts(of: $0.destination).count }
        return mounts.indices.sorted { (depths[$0], $0) < (depths[$1], $1) }.map { mounts[$0] }
    }

    static func parts(of path: String) -> [Substring] {
        path.split(separator: "/").filter { $0 != "." }
    }

    private func planned(
        _ mount: VolumeMount, of volume: Volume?, source: String, _ pod: Pod
    ) throws(PlanFailure) -> ContainerConfiguration.Mount {
        let subPath = try subPath(of: mount)
        let readOnly = mount.readOnly ?? false || volume?.isReadOnly ?? false
        let propagation: ContainerConfiguration.Propagation
        switch mount.mountPropagation {
        case nil, "None": propagation = .private
        case "HostToContainer": propagation = .hostToContainer
        case "Bidirectional":
            // No mount propagates out of a mount namespace that a user namespace owns.
            if pod.spec.hostUsers == false {
                throw PlanFailure("mountPropagation Bidirectional of volume mount \(mount.name) cannot be had with hostUsers: false")
            }
            propagation = .bidirectional
        case let other?: throw PlanFailure("unknown mountPropagation \"\(other)\" of volume mount \(mount.name)")
        }
        let recursive = try isRecursivelyReadOnly(mount)
        let destination = mount.mountPath.hasPrefix("/") ? mount.mountPath : "/" + mount.mountPath
        return .init(
            source: source, subPath: subPath, destination: destination, readOnly: readOnly, recursiveReadOnly: recursive, propagation: propagation,
            isShifted: volume?.image != nil && pod.spec.hostUsers == false)
    }

    /// The kernel of any node that this agent runs on can do it.
    private func isRecursivelyReadOnly(_ mount: VolumeMount) throws(PlanFailure) -> Bool {
        guard let mode = mount.recursiveReadOnly, mode != "Disabled" else { return false }
        let name = "failed to resolve recursive read-only mode: volume \"\(mount.name)\" requested recursive read-only mode, but it is not"
        guard mount.readOnly == true else { throw PlanFailure("\(name) read-only") }
        if let propagation = mount.mountPropagation, propagation != "None" {
            throw PlanFailure("\(name) compatible with propagation \"\(propagation)\"")
        }
        guard mode == "Enabled" || mode == "IfPossible" else {
            throw PlanFailure("failed to resolve recursive read-only mode: unknown recursive read-only mode \"\(mode)\"")
        }
        return true
    }

    private func subPath(of mount: VolumeMount) throws(PlanFailure) -> String? {
        var path = mount.subPath ?? ""
        if let expression = mount.subPathExpr, !expression.isEmpty {
            // As in Kubernetes, an empty value would mount all of the volume, and is none.
            var missing: Set<String> = []
            path = VariableExpansion.expand(expression) {
                let value = environment[$0]
                if value?.isEmpty ?? true { missing.insert($0) }
                return value
            }
            guard missing.isEmpty else { throw PlanFailure("missing value for \(missing.sorted().joined(separator: ", "))") }
        }
        guard !path.isEmpty else { return nil }
        if path.hasPrefix("/") { throw PlanFailure("error SubPath `\(path)` must not be an absolute path") }
        if path.split(separator: "/").contains("..") { throw PlanFailure("unable to provision SubPath `\(path)`: must not contain '..'") }
        return path
    }
}
