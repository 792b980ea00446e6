import FoundationEssentials
import KubeModel
import Testing

@testable import PodCore

@Suite("Container plans")
struct ContainerPlanTests {
    @Test("a pod's own mount at a managed file's place wins, however it is written")
    func managedFiles() throws {
        let managed = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/dev/termination-log"]
        #expect(try mounts("[]").map(\.destination) == managed)
        for path in ["/etc/hosts", "/etc//hosts", "/etc/./hosts/", "etc/hosts"] {
            let mounts = try mounts(#"[{"name":"v","mountPath":"\#(path)"}]"#)
            #expect(mounts.count == 4 && mounts.filter { $0.source == "/node/hosts" }.isEmpty, "\(path)")
        }
    }

    @Test("a read-only root has a read-only name and resolver, and still a hosts file as kubelet mounts it")
    func readOnly() throws {
        let mounts = try mounts("[]", #","securityContext":{"readOnlyRootFilesystem":true}"#)
        #expect(mounts.map(\.readOnly) == [false, true, true, false])
    }

    @Test("files that follow API objects are read-only", arguments: ["configMap", "secret", "projected", "downwardAPI"])
    func files(kind: String) throws {
        let fields = kind == "projected" ? #""sources":[]"# : ""
        let volumes = #","volumes":[{"name":"v","\#(kind)":{\#(fields)}}]"#
        #expect(try mounts(#"[{"name":"v","mountPath":"/x","readOnly":false}]"#, spec: volumes).first?.readOnly == true)
        #expect(try mounts(#"[{"name":"v","mountPath":"/x"}]"#, spec: #","volumes":[{"name":"v","emptyDir":{}}]"#).first?.readOnly == false)
    }

    @Test("no mount propagates out of a user namespace")
    func propagation() throws {
        let mount = #"[{"name":"v","mountPath":"/x","mountPropagation":"Bidirectional"}]"#
        #expect(try mounts(mount).first?.propagation == .bidirectional)
        #expect(throws: PlanFailure.self) { try mounts(mount, spec: #","hostUsers":false"#) }
    }

    @Test("managed files are not mounted where they would cover the node's own for ever")
    func passedOn() throws {
        for (path, kept) in [("/etc", ["/etc", "/dev/termination-log"]), ("/dev/", ["/dev/", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"])] {
            let mount = #"[{"name":"v","mountPath":"\#(path)","mountPropagation":"Bidirectional"}]"#
            #expect(try mounts(mount).map(\.destination) == kept)
            #expect(try mounts(mount.replacing("Bidirectional", with: "HostToContainer")).count == 5)
        }
        #expect(try mounts(#"[{"name":"v","mountPath":"/et","mountPropagation":"Bidirectional"}]"#).count == 5)
    }

    @Test("the image's volumes are listed once, in one spelling, and never lead out of the root (CVE-2022-23648)")
    func imageVolumes() throws {
        let config = ImageConfig(
            cmd: ["sh"], volumes: ["/data/", "/data", "//var/./lib/", "relative", "/", "/a/../etc", "/../../etc", "..", "/nul\0"])
        let configuration = try configuration("[]", config: config)
        #expect(configuration.imageVolumes == ["/data", "/relative", "/var/lib"])
        // As it is kept in /run, and as earlier agents kept it.
        #expect(try JSONDecoder().decode(ContainerConfiguration.self, from: JSONEncoder().encode(configuration)) == configuration)
        let without = try JSONEncoder().encode(self.configuration("[]"))
        #expect(!String(decoding: without, as: UTF8.self).contains("olumesOfImage"))
        #expect(try JSONDecoder().decode(ContainerConfiguration.self, from: without).imageVolumes.isEmpty)
        let written = #"{"user":"","env":[],"entrypoint":[],"cmd":["sh"],"workingDir":"","stopSignal":""}"#
        #expect(try JSONDecoder().decode(ImageConfig.self, from: Data(written.utf8)) == ImageConfig(cmd: ["sh"]))
    }

    @Test("parents are mounted before children, whatever their order in the spec")
    func order() throws {
        let mounts = try mounts(#"[{"name":"v","mountPath":"/s/inner/deep"},{"name":"v","mountPath":"/t"},{"name":"v","mountPath":"/s/inner"}]"#)
        #expect(mounts.map(\.destination).filter { $0.hasPrefix("/s") || $0 == "/t" } == ["/t", "/s/inner", "/s/inner/deep"])
    }

    @Test(
        "what is mounted right within a read-only volume gets a place there",
        arguments: [
            (#"[{"name":"v","mountPath":"/s"},{"name":"w","mountPath":"/s/inner"}]"#, ["inner"]),
            (#"[{"name":"w","mountPath":"/s/a//b/"},{"name":"v","mountPath":"//s/."}]"#, ["a/b"]),
            (#"[{"name":"v","mountPath":"/s"},{"name":"w","mountPath":"/s/a"},{"name":"w","mountPath":"/s/a/b"}]"#, ["a"]),
            (#"[{"name":"v","mountPath":"/s"},{"name":"w","mountPath":"/sister"},{"name":"w","mountPath":"/"}]"#, []),
            (#"[{"name":"v","mountPath":"/s"},{"name":"w","mountPath":"/s/../t"}]"#, []),
            (#"[{"name":"v","mountPath":"/s","subPath":"p"},{"name":"w","mountPath":"/s/a"}]"#, []),
            (#"[{"name":"v","mountPath":"/s"},{"name":"w","mountPath":"/s/a","subPath":"file"}]"#, ["a of file"]),
        ])
    func mountPoints(mounts: String, points: [String]) throws {
        let volumes = #","volumes":[{"name":"v","secret":{"secretName":"s"}},{"name":"w","emptyDir":{}}]"#
        let found = try configuration(mounts, spec: volumes).nestedMountPoints
        #expect(found.map { $0.path + ($0.subPath.map { " of \($0)" } ?? "") } == points)
        #expect(found.allSatisfy { $0.volume == "/v" && $0.source == "/w" })
    }

    @Test(
        "a subPath that cannot be had is refused in kubelet's words",
        arguments: [
            (#""subPath":"/etc""#, "error SubPath `/etc` must not be an absolute path"),
            (#""subPath":"a/../..""#, "unable to provision SubPath `a/../..`: must not contain '..'"),
            (#""subPathExpr":"$(ROOT)""#, "error SubPath `/` must not be an absolute path"),
            (#""subPathExpr":"x$(UP)""#, "unable to provision SubPath `x/..`: must not contain '..'"),
            (#""subPathExpr":"$(NO)/$(EMPTY)/$(ALSO)""#, "missing value for ALSO, EMPTY, NO"),
        ])
    func refusedSubPath(field: String, message: String) throws {
        let env = #","env":[{"name":"ROOT","value":"/"},{"name":"UP","value":"/.."},{"name":"EMPTY","value":""}]"#
        #expect(throws: PlanFailure(message)) { try mounts(#"[{"name":"v","mountPath":"/s",\#(field)}]"#, env) }
    }

    @Test("a subPathExpr is expanded from the container's variables, and $$ is a dollar sign")
    func subPathExpression() throws {
        let env = #","env":[{"name":"POD","value":"web-0"}]"#
        let found = try mounts(#"[{"name":"v","mountPath":"/s","subPathExpr":"a/$(POD)/$$(POD)"}]"#, env)
        #expect(found.first?.subPath == "a/web-0/$(POD)")
    }

    @Test(
        "recursively read-only mounts follow kubelet's rules",
        arguments: [
            (#""recursiveReadOnly":"Disabled""#, false, nil), (#""readOnly":true,"recursiveReadOnly":"IfPossible""#, true, nil),
            (#""readOnly":true,"recursiveReadOnly":"Enabled","mountPropagation":"None""#, true, nil),
            (
                #""recursiveReadOnly":"Enabled""#, false,
                #"failed to resolve recursive read-only mode: volume "v" requested recursive read-only mode, but it is not read-only"#
            ),
            (
                #""readOnly":true,"recursiveReadOnly":"IfPossible","mountPropagation":"HostToContainer""#, false,
                #"failed to resolve recursive read-only mode: volume "v" requested recursive read-only mode, but it is not compatible with "#
                    + #"propagation "HostToContainer""#
            ),
            (
                #""readOnly":true,"recursiveReadOnly":"Perhaps""#, false,
                #"failed to resolve recursive read-only mode: unknown recursive read-only mode "Perhaps""#
            ),
        ] as [(String, Bool, String?)])
    func recursivelyReadOnly(fields: String, isRecursive: Bool, message: String?) throws {
        let mount = #"[{"name":"v","mountPath":"/s",\#(fields)}]"#
        if let message {
            #expect(throws: PlanFailure(message)) { try mounts(mount) }
        } else {
            #expect(try mounts(mount).first?.recursiveReadOnly == isRecursive)
        }
    }

    @Test("an image as a volume is read-only, and has the ids of a pod's own already when a container gets it")
    func imageAsVolume() throws {
        let volumes = #","volumes":[{"name":"v","image":{"reference":"model:1"}}]"#
        for (more, isShifted) in [("", false), (#","hostUsers":false"#, true)] {
            let mount = try mounts(#"[{"name":"v","mountPath":"/m"}]"#, spec: volumes + more).first
            #expect(mount?.readOnly == true && mount?.isShifted == isShifted)
        }
        let disk = #","volumes":[{"name":"v","emptyDir":{}}],"hostUsers":false"#
        #expect(try mounts(#"[{"name":"v","mountPath":"/m"}]"#, spec: disk).first?.isShifted == false)
    }

    @Test(
        "HOME is the pod's, the image's, the user's or /, and an empty one counts as none",
        arguments: [
            ([], "", "/home/u", "/home/u"), (["HOME="], "", "/home/u", "/home/u"), (["HOME="], "", nil, "/"), ([], "", nil, "/"),
            (["HOME="], "", "", "/"), (["HOME=/i"], "", "/home/u", "/i"), (["HOME=/i"], #"{"name":"HOME","value":"/p"}"#, "/home/u", "/p"),
            ([], #"{"name":"HOME","value":""}"#, "/home/u", "/home/u"), (["HOME=/i"], #"{"name":"HOME"}"#, nil, "/"),
        ] as [([String], String, String?, String)])
    func home(image: [String], pod: String, user: String?, expected: String) throws {
        let lines = try configuration(
            "[]", #","env":[\#(pod)]"#, config: ImageConfig(env: image, cmd: ["sh"]), user: ImageUser(uid: 0, gid: 0, home: user)
        ).process.env
        #expect(lines.filter { $0.hasPrefix("HOME=") } == ["HOME=\(expected)"])
    }

    @Test("disks have their paths in the container, and the claim says whether they may be written to")
    func devices() throws {
        func devices(_ list: String, _ mounts: String = "[]", spec: String = "") throws -> [ContainerConfiguration.Device] {
            let volumes =
                #","volumes":[{"name":"v","persistentVolumeClaim":{"claimName":"c"}},"#
                + #"{"name":"w","persistentVolumeClaim":{"claimName":"c","readOnly":true}}]"#
            return try configuration(mounts, #","volumeDevices":[\#(list)]"#, spec: volumes + spec).devices
        }
        let both = #"{"name":"v","devicePath":"/dev//xvda"},{"name":"w","devicePath":"/disk"}"#
        #expect(
            try devices(both) == [
                .init(source: "/v", destination: "/dev/xvda", readOnly: false), .init(source: "/w", destination: "/disk", readOnly: true),
            ])
        let refused: [(list: String, mounts: String, spec: String, words: String)] = [
            (#"{"name":"v","devicePath":"dev/x"}"#, "[]", "", "error DevicePath `dev/x` must be an absolute path"),
            (#"{"name":"v","devicePath":"/dev/../x"}"#, "[]", "", "must be an absolute path"),
            (#"{"name":"v","devicePath":"/"}"#, "[]", "", "absolute"),
            (#"{"name":"none","devicePath":"/x"}"#, "[]", "", #"cannot find volume "none" to pass into container "c""#),
            (#"{"name":"v","devicePath":"/x"}"#, "[]", #","hostUsers":false"#, "cannot be had with hostUsers: false"),
            (#"{"name":"v","devicePath":"/dev/x"}"#, #"[{"name":"w","mountPath":"/dev/"}]"#, "", "cannot be had within the volume at /dev/"),
            (#"{"name":"v","devicePath":"/a//b/c/x"}"#, #"[{"name":"w","mountPath":"/a/b"}]"#, "", "cannot be had within the volume at /a/b"),
            (#"{"name":"v","devicePath":"/etc/shadow"}"#, #"[{"name":"w","mountPath":"/etc/shadow"}]"#, "", "within the volume at /etc/shadow"),
            (#"{"name":"v","devicePath":"/x"}"#, #"[{"name":"w","mountPath":"/dev/"}]"#, "", "cannot be had beside a volume at /dev/"),
        ]
        for (list, mounts, spec, words) in refused {
            let failure = #expect(throws: PlanFailure.self) { _ = try devices(list, mounts, spec: spec) }
            #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
        }
    }

    /// Manifests of static pods name their class, and nothing resolves it to a priority.
    @Test("a static pod is critical without a priority: the kernel kills it last, and it does not swap")
    func staticPod() throws {
        let resources = #","resources":{"requests":{"memory":"1Gi"}}"#
        let rules = ResourceRules(swap: .limitedSwap, nodeMemory: 8 << 30, nodeSwap: 8 << 30)
        func planned(_ source: String) throws -> ContainerConfiguration {
            try configuration(
                "[]", resources, spec: #","priorityClassName":"system-node-critical""#, annotations: [Pod.sourceAnnotation: source], rules: rules)
        }
        let own = try planned("file")
        #expect(own.process.oomScoreAdj == -997 && own.resources.swapLimit == 0)
        let fromAPI = try planned("api")
        #expect(fromAPI.process.oomScoreAdj == 875 && fromAPI.resources.swapLimit == 1 << 30)
    }

    private func mounts(_ volumeMounts: String, _ fields: String = "", spec: String = "") throws -> [ContainerConfiguration.Mount] {
        try configuration(volumeMounts, fields, spec: spec).mounts
    }

    private func configuration(
        _ volumeMounts: String, _ fields: String = "", spec: String = "", config: ImageConfig = PodLife.image.config,
        user: ImageUser = ImageUser(uid: 0, gid: 0), annotations: [String: String]? = nil, rules: ResourceRules = ResourceRules(nodeMemory: 1)
    ) throws -> ContainerConfiguration {
        var pod = try PodLife.pod(#"{"containers":[{"name":"c","image":"i","volumeMounts":\#(volumeMounts)\#(fields)}]\#(spec)}"#)
        pod.metadata.annotations = annotations
        let facts = PodFacts(pod: pod, nodeName: "n", hostIPs: [], podIPs: [], nodeAllocatable: [:])
        let container = pod.spec.containers[0]
        let environment = try ContainerEnvironment(container: container, facts: facts, objects: ReferencedObjects(), services: [:])
        let plan = ContainerPlan(
            id: "c1", restartCount: 0,
            image: ImageDescription(id: "sha256:0", names: [], repoDigests: [], size: 1, config: config, lowerDirectories: ["/l"]), imageID: "",
            user: user, environment: environment, hostname: "p",
            volumePaths: ["v": "/v", "w": "/w"],
            files: .init(
                hosts: "/node/hosts", hostname: "/node/hostname", resolvConf: "/node/resolv", terminationMessage: "/node/message", log: "/l"),
            log: .init(path: "/l"), seccompDefault: false, seccompRoot: "/s",
            resources: rules)
        return try plan.configuration(of: container, role: .regular, pod: pod)
    }
}
