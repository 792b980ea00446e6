import CLinux
import FoundationEssentials
import Glibc
import PodCore
import Testing

@testable import OCIRuntime
@testable import ShimClient

/// Decisions about an OCI bundle that need no container.
@Suite struct OCITests {
    private func decode<Value: Decodable>(_ json: String) throws -> Value { try JSONDecoder().decode(Value.self, from: Data(json.utf8)) }

    // MARK: Ids

    @Test("different container ids become different sandbox ids") func idsBecomeNamesOfSandboxesWithoutMeetingEachOther() throws {
        #expect(try OCIContainer.sandboxID("abc019") == "abc019")
        #expect(try OCIContainer.sandboxID("A-b_.+") == "-41-2db-5f-2e-2b")
        #expect(try OCIContainer.sandboxID("a-41") != OCIContainer.sandboxID("aA"))
        for bad in ["", ".", "..", "a/b", "a b", "é", String(repeating: "A", count: 22)] {
            #expect(throws: RuntimeFailure.self) { try OCIContainer.sandboxID(bad) }
        }
    }

    // MARK: Command lines

    @Test("a container manager's command line is understood") func commandLineAsContainerManagersWriteIt() throws {
        let line = try OCICommandLine(
            ["--root=/r", "--log", "l", "--log-format=json", "create", "--bundle", "b", "--pid-file=/p", "--console-socket", "s", "id"],
            directory: "/d")
        #expect(line.settings.root == "/r" && line.log == "/d/l" && line.logFormat == .json)
        guard case .create(let request) = line.command else {
            Issue.record("no create")
            return
        }
        #expect(request.id == "id" && request.bundle == "/d/b" && request.pidFile == "/p" && request.consoleSocket == "/d/s")
    }

    @Test("options may follow the id") func optionsMayStandBehindTheId() throws {
        guard case .delete(let id, true) = try OCICommandLine(["delete", "x", "--force"], directory: "/").command else {
            Issue.record("no delete by force")
            return
        }
        #expect(id == "x")
        guard case .kill("x", SIGUSR1, true) = try OCICommandLine(["kill", "--all", "x", "usr1"], directory: "/").command else {
            Issue.record("no kill")
            return
        }
        guard case .kill("x", SIGTERM, false) = try OCICommandLine(["kill", "x"], directory: "/").command else {
            Issue.record("no SIGTERM")
            return
        }
    }

    @Test(
        "wrong usage is an error",
        arguments: [
            [], ["what"], ["start"], ["start", "a", "b"], ["--root"], ["create", "--force", "a"], ["--systemd-cgroup", "state", "a"],
            ["exec", "a"], ["exec", "--process", "/p", "a", "ls"], ["update", "--memory", "much", "a"], ["list", "--format", "xml"],
            ["run", "--preserve-fds", "1", "a"], ["pause"],
        ])
    func wrongUsage(_ arguments: [String]) {
        #expect(throws: OCICommandLine.Usage.self) { try OCICommandLine(arguments, directory: "/") }
    }

    @Test("signals are read by name and number") func signals() throws {
        for (text, number) in [("9", Int32(9)), ("KILL", 9), ("SIGKILL", 9), ("sigterm", 15), ("RTMIN", 34), ("SIGRTMIN+3", 37), ("RTMAX-1", 63)] {
            #expect(try OCISignal.number(text) == number)
        }
        for bad in ["", "65", "-1", "SIG", "WHAT", "RTMIN+31", "RTMIN-1"] {
            #expect(throws: RuntimeFailure.self) { try OCISignal.number(bad) }
        }
    }

    // MARK: Mounts

    @Test("mount options become flags") func mountOptions() throws {
        let bind = try OCIMount(
            decode(#"{"destination": "/a", "source": "b", "options": ["rbind", "ro", "nosuid", "rslave", "rw", "rro"]}"#), bundle: "/bundle")
        #expect(bind.type == SWL_MOUNT_BIND && bind.source == "/bundle/b" && bind.propagation == SWL_PROPAGATION_SLAVE)
        #expect(bind.attributes == UInt32(SWL_ATTR_NOSUID | SWL_ATTR_READONLY | SWL_ATTR_RECURSIVE_READONLY))
        let flat = try OCIMount(decode(#"{"destination": "/a", "type": "bind", "source": "/b", "options": ["bind"]}"#), bundle: "/bundle")
        #expect(flat.attributes == UInt32(SWL_ATTR_NOT_RECURSIVE) && flat.source == "/b")
        let tmpfs = try OCIMount(decode(#"{"destination": "/a", "type": "tmpfs", "options": ["size=1m", "noexec", "mode=0700"]}"#), bundle: "/bundle")
        #expect(tmpfs.data == "size=1m,mode=0700" && tmpfs.attributes == UInt32(SWL_ATTR_NOEXEC))
    }

    @Test(
        "mounts that cannot be honoured are refused",
        arguments: [
            #"{"destination": "a", "type": "tmpfs"}"#, #"{"destination": "/a/../b", "type": "tmpfs"}"#, #"{"destination": "/a", "type": "ext4"}"#,
            #"{"destination": "/a"}"#, #"{"destination": "/a", "type": "bind"}"#,
            #"{"destination": "/a", "type": "bind", "source": "/b", "options": ["size=1"]}"#,
            #"{"destination": "/a", "type": "tmpfs", "options": ["rslave"]}"#, #"{"destination": "/a", "type": "tmpfs", "options": ["a,b"]}"#,
            #"{"destination": "/a", "type": "bind", "source": "/b", "options": ["runbindable"]}"#,
            #"{"destination": "/a", "type": "bind", "source": "/b", "uidMappings": [{"containerID": 0, "hostID": 1, "size": 1}]}"#,
        ])
    func mountsThatAreRefused(_ json: String) throws {
        let mount: OCISpec.Mount = try decode(json)
        #expect(throws: RuntimeFailure.self) { try OCIMount(mount, bundle: "/bundle") }
    }

    // MARK: Resources

    private func files(_ json: String) throws -> [String: String] {
        let settings = try OCIResources(decode(json)).settings
        return Dictionary(settings.map { ($0.file, $0.value) }, uniquingKeysWith: { "\($0);\($1)" })
    }

    @Test("limits of cgroup v1 become files of v2") func resourcesBecomeFilesOfVersion2() throws {
        #expect(
            try files(#"{"memory": {"limit": 100, "reservation": 50, "swap": 150}, "pids": {"limit": -1}}"#)
                == ["memory.max": "100", "memory.low": "50", "memory.swap.max": "50", "pids.max": "max"])
        #expect(
            try files(#"{"cpu": {"shares": 1024, "quota": 20000, "period": 50000, "burst": 10, "cpus": "0-1", "mems": "0", "idle": 1}}"#)
                == [
                    "cpu.weight": "100", "cpu.max": "20000 50000", "cpu.max.burst": "10", "cpuset.cpus": "0-1", "cpuset.mems": "0", "cpu.idle": "1",
                ])
        #expect(try files(#"{"cpu": {"quota": -1}}"#) == ["cpu.max": "max 100000"])
        #expect(
            try files(#"{"blockIO": {"weight": 1000, "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 5}]}}"#)
                == ["io.weight": "10000", "io.max": "8:0 rbps=5"])
        #expect(
            try files(#"{"hugepageLimits": [{"pageSize": "2MB", "limit": 4}], "rdma": {"m": {"hcaHandles": 3}}, "unified": {"memory.high": "7"}}"#)
                == ["hugetlb.2MB.max": "4", "rdma.max": "m hca_handle=3", "memory.high": "7"])
        #expect(try files("{}").isEmpty)
    }

    @Test(
        "resources that cannot be honoured are refused",
        arguments: [
            #"{"memory": {"swappiness": 1}}"#, #"{"memory": {"disableOOMKiller": true}}"#, #"{"memory": {"kernel": 5}}"#, #"{"memory": {"swap": 5}}"#,
            #"{"memory": {"limit": 10, "swap": 5}}"#, #"{"cpu": {"realtimeRuntime": 1}}"#, #"{"network": {"classID": 1}}"#,
            #"{"unified": {"cgroup.procs": "1"}}"#, #"{"unified": {"../x.y": "1"}}"#, #"{"blockIO": {"leafWeight": 10}}"#,
            #"{"blockIO": {"weight": 5}}"#,
            #"{"hugepageLimits": [{"pageSize": "../x", "limit": 1}]}"#,
        ])
    func resourcesThatAreRefused(_ json: String) throws {
        let resources: OCISpec.Resources = try decode(json)
        #expect(throws: RuntimeFailure.self) { try OCIResources(resources) }
    }

    // MARK: Devices

    private func rules(_ rules: String) throws -> [String] {
        try OCIDeviceRules.rules(decode(rules)).map { rule in
            let number = { (value: UInt32) in value == .max ? "*" : String(value) }
            let type = Character(Unicode.Scalar(UInt8(rule.type)))
            return "\(rule.allow == 1 ? "+" : "-")\(type) \(number(rule.major)):\(number(rule.minor)) \(rule.access)"
        }
    }

    @Test("device rules keep their order") func deviceRulesInTheirOrder() throws {
        #expect(try rules("[]").isEmpty)
        #expect(try rules(#"[{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "access": "m"}]"#) == ["-a *:* 3"])
        #expect(
            try rules(
                """
                [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 229, "access": "r"},
                 {"allow": true, "type": "b", "major": 7, "access": "w"}, {"allow": false, "type": "b", "major": 7, "minor": 3}]
                """) == ["-a *:* 3", "+c 10:229 1", "+b 7:* 2", "-b 7:3 3"])
        #expect(try rules(#"[{"allow": true, "type": "a", "major": -1, "minor": -1, "access": ""}]"#) == ["+a *:* 3"])
    }

    @Test(
        "device rules that cannot be honoured are refused",
        arguments: [
            #"[{"allow": false, "type": "c", "major": 1, "minor": 3, "access": "rwm"}]"#,
            #"[{"allow": false, "type": "c", "major": 136, "access": "w"}]"#,
            #"[{"allow": true, "type": "x", "access": "rwm"}]"#,
            #"[{"allow": true, "type": "c", "major": 1, "minor": 3, "access": "z"}]"#,
            #"[{"allow": true, "type": "c", "major": 4294967295, "access": "r"}]"#,
        ])
    func deviceRulesThatAreRefused(_ rules: String) {
        #expect(throws: RuntimeFailure.self) { try self.rules(rules) }
    }

    // MARK: Scheduling

    @Test("lists of processors are checked") func listsOfCPUs() throws {
        #expect(try OCIScheduling.affinity("0") == [1, 0, 0, 0, 0, 0, 0, 0])
        #expect(try OCIScheduling.affinity("0-3,7, 64") == [0x8f, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
        #expect(try OCIScheduling.affinity("") == nil)
        for bad in ["a", "3-1", "-1", "1-", "9999", "0-1-2"] { #expect(throws: RuntimeFailure.self) { try OCIScheduling.affinity(bad) } }
    }

    // MARK: Limits

    @Test("update takes limits from options and from a file") func limitsOfUpdate() throws {
        let line = try OCICommandLine(["update", "--memory", "100", "x", "--pids-limit=-1", "--cpuset-cpus", "0-1"], directory: "/")
        guard case .update("x", let resources) = line.command else {
            Issue.record("no update")
            return
        }
        let files = try OCIResources(resources).settings.map { "\($0.file) \($0.value)" }
        #expect(files == ["memory.max 100", "cpuset.cpus 0-1", "pids.max max"])
    }

    @Test("the options of exec change only that program") func optionsOfAFurtherProgramAreItsOwn() throws {
        let line = try OCICommandLine(["exec", "--cap", "CAP_KILL", "-e", "A=1", "--detach", "x", "ls", "--all", "-e"], directory: "/")
        guard case .exec(let request) = line.command else {
            Issue.record("no exec")
            return
        }
        #expect(request.id == "x" && request.arguments == ["ls", "--all", "-e"] && request.environment == ["A=1"] && request.detach)
    }

    // MARK: Seccomp

    @Test("a bundle's seccomp section becomes a profile") func seccompProfile() throws {
        let profile = try SeccompProfile(
            decode(
                """
                {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "architectures": ["SCMP_ARCH_X86_64"],
                 "flags": ["SECCOMP_FILTER_FLAG_LOG"],
                 "syscalls": [{"names": ["clone"], "action": "SCMP_ACT_ALLOW",
                               "args": [{"index": 0, "value": 18446744073709551615, "valueTwo": 1, "op": "SCMP_CMP_MASKED_EQ"}]}]}
                """))
        #expect(profile.defaultAction == .errno(38) && profile.flags == 2 && profile.architectures == ["SCMP_ARCH_X86_64"])
        #expect(
            profile.rules == [
                SeccompProfile.Rule(
                    names: ["clone"], action: .allow, arguments: [.init(index: 0, value: .max, valueTwo: 1, comparison: .maskedEqual)])
            ])
    }
}
