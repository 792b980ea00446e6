import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime

@Suite(
    "Sources of mounts that hang", .enabled(if: RuntimeFixture.isPossible && SilentFileSystem.isPossible, "needs root, FUSE and the shim"),
    .timeLimit(.minutes(1)))
struct HangingSourceTests {
    @Test("a source that hangs costs one thread, and containers with other mounts start") func oneThread() async throws {
        try await RuntimeFixture.with { host in
            try host.restart { $0.sourcePatience = .milliseconds(50) }
            let sandbox = try await host.runtime.createSandbox(host.sandbox())
            let path = host.folder.path + "/dead"
            let silent = try SilentFileSystem(at: path)
            defer { try? Mounts.unmount(path, lazily: true, forced: true) }
            // The root of a mount is at hand without its server, a path below it is not.
            let mount = ContainerConfiguration.Mount(source: path + "/deep", destination: "/v", readOnly: false)
            for number in 0..<20 {
                let failure = await #expect(throws: RuntimeFailure.self) {
                    try await host.runtime.startContainer(host.container(["sh"]) { $0.mounts = [mount] }, inSandbox: sandbox.id)
                }
                let words = number == 0 ? "\(path)/deep: Connection timed out" : "\(path)/deep: hangs since 20"
                #expect(failure?.code == .create && failure?.message.contains(words) == true, "\(failure?.message ?? "")")
            }
            #expect(host.runtime.problem == nil)
            #expect(try await host.run("echo alive", in: sandbox.id) { $0.mounts = [] }.log == "alive\n")
            extendLifetime(silent)
        }
    }
}
