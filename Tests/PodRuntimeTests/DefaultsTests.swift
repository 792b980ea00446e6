import Glibc
import LinuxCgroups
import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

/// The runtime's defaults for pods, against the real shim.
@Suite(.serialized, .enabled(if: RuntimeFixture.isPossible, "needs root, cgroup2, busybox, and the shim (make shim pause)"), .timeLimit(.minutes(2)))
struct DefaultsTests {
    /// Goes on when the server in the background listens, or is gone because it may not.
    private static func server(port: Int) -> String {
        let hex = String(port, radix: 16, uppercase: true)
        let listens = "busybox grep -q ':0*\(hex) [0:]* 0A ' /proc/net/tcp /proc/net/tcp6"
        return "busybox nc -l -p \(port) & while kill -0 $!; do \(listens) && echo bound && break; done 2> /dev/null"
    }

    private func asUser(_ container: inout ContainerConfiguration) {
        container.process.uid = 1000
        container.process.gid = 1000
        container.process.capabilities = []
    }

    @Test("every user may bind any port of the pod") func everyUserMayBindAnyPortOfThePod() async throws {
        try await RuntimeFixture.with { host in
            let range = "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/net/ipv4/ping_group_range"
            let open = try await host.runtime.createSandbox(host.sandbox())
            #expect(try await host.run(range, in: open.id).log == "0\n0\t2147483647\n")
            #expect(try await host.run(Self.server(port: 80), in: open.id) { asUser(&$0) }.log == "bound\n")
            // The pod's own value wins, also in the other spelling.
            let closed = try await host.runtime.createSandbox(
                host.sandbox(sysctls: ["net/ipv4/ip_unprivileged_port_start": "1024", "net.ipv4.ping_group_range": "7 9"]))
            #expect(try await host.run(range, in: closed.id).log == "1024\n7\t9\n")
            #expect(try await host.run(Self.server(port: 80), in: closed.id) { asUser(&$0) }.log.contains("Permission denied"))
            // No pod changes the node's own values.
            let before = try SmallFile.text("/proc/sys/net/ipv4/ip_unprivileged_port_start")
            let onNode = try await host.runtime.createSandbox(host.sandbox(network: .node))
            #expect(try await host.run("cat /proc/sys/net/ipv4/ip_unprivileged_port_start", in: onNode.id).log == before)
            #expect(try SmallFile.text("/proc/sys/net/ipv4/ip_unprivileged_port_start") == before)
        }
    }

    @Test("no process outlives its container in a pod that shares process ids") func nothingOutlivesAContainerInAPodThatSharesProcessIDs()
        async throws
    {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox(pid: .pod))
            // Each start finds the port free at once.
            for _ in 0..<3 {
                let container = host.container(["sh", "-c", Self.server(port: 8080) + "; exit 4"])
                _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id)
                #expect(try await host.follow(container, sandbox.id) == "bound\n")
                let cgroup = try host.runtime.sandbox(sandbox.id).cgroup.child(container.id)
                #expect(try cgroup.processes().isEmpty)
                guard case .exited(let exit)? = try host.runtime.sandbox(sandbox.id).container(container.id)?.phase else {
                    Issue.record("the log ended before the container")
                    return
                }
                #expect(exit.exitCode == 4)
            }
        }
    }

    @Test("a container with a terminal has TERM") func terminalsHaveAType() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let show = "echo [$TERM]"
            #expect(try await host.run(show, in: sandbox.id).log == "[]\n")
            #expect(try await host.run(show, in: sandbox.id) { $0.terminal = true }.log == "[xterm]\n")
            let own = host.container(["sh", "-c", show + "; sleep 1000"]) {
                $0.terminal = true
                $0.process.env.append("TERM=screen")
            }
            let plain = host.container(["sleep", "1000"])
            for container in [own, plain] { _ = try await host.runtime.startContainer(container, inSandbox: sandbox.id) }
            // An exec without a terminal has what its container has, one with a terminal the type of its own.
            #expect(try await host.exec(["sh", "-c", show], own.id, sandbox.id).out == "[screen]\n")
            #expect(try await host.exec(["sh", "-c", show], plain.id, sandbox.id).out == "[]\n")
            for container in [own, plain] {
                let session = try await host.runtime.exec(
                    ExecRequest(
                        sandboxID: sandbox.id, containerID: container.id, command: ["sh", "-c", show], stdin: false, stdout: true, stderr: false,
                        terminal: true))
                var out: [UInt8] = []
                while case .stdout(let bytes)? = try await session.read() { out += bytes }
                #expect(String(decoding: out, as: UTF8.self) == "[xterm]\r\n")
            }
        }
    }

    /// As drivers of storage and devices run: with the node's /dev, and what they mount in it arriving at the node.
    @Test("containers leave nothing in the node's /dev") func nothingStaysInTheNodesDevices() async throws {
        try await RuntimeFixture.with { host in
            let devices = host.folder.path + "/devices"
            try Directories.make(devices)
            try Mounts.tmpfs(at: devices)
            try Mounts.setPropagation(UInt64(MS_SHARED), at: devices)
            do {
                for name in ["pts", "shm", "mqueue", "mounted"] { try Directories.make("\(devices)/\(name)") }
                try AtomicFile.replace(devices + "/console", with: "")
                let names = try DirectoryListing.names(at: devices).sorted()
                let sandbox = try await host.runtime.createSandbox(host.sandbox())
                for propagation in [ContainerConfiguration.Propagation.bidirectional, .hostToContainer, .private] {
                    let run = try await host.run("ls /dev; mount -t tmpfs none /dev/mounted", in: sandbox.id) {
                        $0.privileged = true
                        $0.process.capabilities.append("CAP_SYS_ADMIN")
                        $0.mounts = [.init(source: devices, destination: "/dev", readOnly: false, propagation: propagation)]
                    }
                    #expect(run.exitCode == 0 && run.log.split(separator: "\n").map(String.init) == names, "\(run)")
                    // Only what the container itself has mounted, and that only if it was to.
                    let mounted = try MountTable().mounts(under: devices).map(\.mountPoint)
                    #expect(Set(mounted) == (propagation == .bidirectional ? [devices, devices + "/mounted"] : [devices]))
                    if propagation == .bidirectional { try Mounts.unmount(devices + "/mounted") }
                    #expect(try DirectoryListing.names(at: devices).sorted() == names)
                }
            } catch {
                _ = try? Mounts.unmountAll(under: devices)
                throw error
            }
            _ = try Mounts.unmountAll(under: devices)
        }
    }

    @Test("the image's volumes are writable below a read-only root") func volumesOfTheImageAreWritableBelowAReadOnlyRoot() async throws {
        try await RuntimeFixture.with { host in
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let volume = host.folder.path + "/volume"
            try Directories.make(volume)
            let line = "cat /data/plain; touch /data/made /fresh/made /pods/made; touch /made"
            for _ in 0..<2 {
                let result = try await host.run("ls /data /fresh; " + line, in: sandbox.id) {
                    $0.readOnlyRootFilesystem = true
                    $0.imageVolumes = ["/data", "/fresh", "/pods"]
                    $0.mounts = [.init(source: volume, destination: "/pods", readOnly: true)]
                }
                // Each container has the image's content, and no content of another container.
                #expect(result.log.hasPrefix("/data:\nplain\n\n/fresh:\nno program\n"), "\(result)")
                #expect(result.exitCode != 0 && result.log.split(separator: "\n").count { $0.contains("Read-only") } == 2, "\(result)")
            }
        }
    }
}
