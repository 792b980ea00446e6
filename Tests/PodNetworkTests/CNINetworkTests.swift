import Glibc
import KubeModel
import LinuxSystem
import Logging
import PodCore
import PodNetwork
import TestSupport
import Testing
import Timing

/// Plugins that only note how they were called.
private struct Plugins {
    let directory: String

    init() throws {
        directory = "/tmp/swiftlet-test-cni-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        for name in ["bin", "conf", "state"] { try Directories.make("\(directory)/\(name)") }
        for name in ["first", "second"] { try succeed(name) }
    }

    func remove() { try? TreeRemoval.remove(directory) }

    private func write(_ name: String, _ ending: String) throws {
        let program = """
            #!/bin/sh
            { echo "$CNI_COMMAND \(name) $CNI_CONTAINERID ns=$CNI_NETNS $CNI_IFNAME $CNI_ARGS"; } >> \(directory)/calls
            cat > \(directory)/\(name).request
            \(ending)
            """
        try AtomicFile.replace("\(directory)/bin/\(name)", with: Array(program.utf8), mode: 0o755)
    }

    func succeed(_ name: String) throws {
        try write(name, #"[ "$CNI_COMMAND" = DEL ] || echo '{"cniVersion":"1.0.0","ips":[{"address":"10.1.0.5/24"}],"by":"\#(name)"}'"#)
    }

    func fail(_ name: String, command: String) throws {
        try write(
            name,
            #"if [ "$CNI_COMMAND" = \#(command) ]; then echo '{"code":11,"msg":"no room"}'; exit 1; fi; echo '{"ips":[{"address":"10.1.0.5/24"}]}'"#)
    }

    func configure(_ plugins: String, as file: String = "10-test.conflist") throws {
        let list = plugins.split(separator: " ").map { #"{"type":"\#($0)"}"# }.joined(separator: ",")
        try AtomicFile.replace(
            "\(directory)/conf/\(file)", with: Array(#"{"name":"net","cniVersion":"1.0.0","plugins":[\#(list)]}"#.utf8), mode: 0o644)
    }

    /// Command and plugin of each call, and whether there was a namespace.
    var calls: [String] {
        ((try? SmallFile.text("\(directory)/calls")) ?? "").split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            return "\(words[0]) \(words[1])" + (words[3] == "ns=" ? " without" : "")
        }
    }

    func request(_ name: String) throws -> JSONValue { try JSONParser.parse(SmallFile.bytes("\(directory)/\(name).request")) }

    func network(_ fixture: NetworkFixture) throws -> CNINetwork {
        CNINetwork(
            configurations: directory + "/conf", programs: ["\(directory)/none", "\(directory)/bin"], stateDirectory: directory + "/state",
            hostPorts: try fixture.forwarder(), bootID: "b", time: SystemTime(), logger: Logger(label: "test"))
    }

    var records: [String] { get throws { try DirectoryListing.names(at: directory + "/state") } }
}

@Suite("Networks by CNI plugins", .enabled(if: isRoot, "needs root"), .timeLimit(.minutes(1)))
final class CNINetworkTests {
    private let fixture: NetworkFixture
    private let plugins: Plugins
    private let sandbox = SandboxNetwork(sandboxID: NetworkFixture.id(1), pod: PodIdentity(namespace: "ns", name: "p", uid: "u"), addresses: [])

    init() throws {
        fixture = try NetworkFixture()
        plugins = try Plugins()
    }

    deinit { plugins.remove() }

    private func attach(_ network: CNINetwork) async throws -> [String] {
        try await network.attach(sandbox, networkNamespacePath: fixture.pod(), bandwidth: PodBandwidth())
    }

    @Test("plugins run in order with each other's results, and in reverse order at the end, by the configuration of the beginning")
    func life() async throws {
        try plugins.configure("first second")
        let network = try plugins.network(fixture)
        try await network.setUp(podCIDRs: [])
        #expect(try await attach(network) == ["10.1.0.5"])
        #expect(try await attach(network) == ["10.1.0.5"], "again without another call")
        #expect(plugins.calls == ["ADD first", "ADD second"])
        #expect(try plugins.request("first")["prevResult"] == nil && plugins.request("second")["prevResult", "by"]?.string == "first")
        let call = try SmallFile.text(plugins.directory + "/calls")
        #expect(
            call.contains(
                "eth0 IgnoreUnknown=1;K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;K8S_POD_INFRA_CONTAINER_ID=\(sandbox.sandboxID);K8S_POD_UID=u"))
        try plugins.configure("second")
        try await network.setUp(podCIDRs: [])
        try await network.detach(sandboxID: sandbox.sandboxID)
        try await network.detach(sandboxID: sandbox.sandboxID)
        #expect(plugins.calls == ["ADD first", "ADD second", "DEL second", "DEL first"])
        #expect(try plugins.request("first")["prevResult", "by"]?.string == "second")
        #expect(try plugins.records.isEmpty)
    }

    @Test("a plugin that fails has its words in the error, and everything is taken back")
    func failedAddition() async throws {
        try plugins.configure("first second")
        try plugins.fail("second", command: "ADD")
        let network = try plugins.network(fixture)
        try await network.setUp(podCIDRs: [])
        let failure = try await #require(throws: NetworkFailure.self) { try await self.attach(network) }
        #expect(
            failure.message
                == #"failed to setup network for sandbox "\#(sandbox.sandboxID)": plugin type="second" name="net" failed (add): no room"#)
        #expect(plugins.calls == ["ADD first", "ADD second", "DEL second", "DEL first"])
        #expect(try plugins.records.isEmpty)
    }

    @Test("a removal that fails is repeated, also by the next agent, which knows no more than the record")
    func failedRemoval() async throws {
        try plugins.configure("first")
        let network = try plugins.network(fixture)
        try await network.setUp(podCIDRs: [])
        _ = try await attach(network)
        try plugins.fail("first", command: "DEL")
        await #expect(throws: NetworkFailure.self) { try await network.detach(sandboxID: self.sandbox.sandboxID) }
        #expect(try plugins.records.count == 1)
        try plugins.succeed("first")
        var living = sandbox
        living.addresses = ["10.1.0.5"]
        try await plugins.network(fixture).recover([living])
        let next = try plugins.network(fixture)
        try await next.recover([])
        #expect(plugins.calls.count == 2, "the start does not wait for plugins")
        let running = Task { try await next.run {} }
        while try !plugins.records.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        running.cancel()
        _ = try? await running.value
        #expect(plugins.calls == ["ADD first", "DEL first", "DEL first"])
    }

    @Test("what a broken configuration has begun is taken back by a mended one")
    func mendedConfiguration() async throws {
        try plugins.configure("first second")
        try plugins.fail("second", command: "ADD")
        let network = try plugins.network(fixture)
        try await network.setUp(podCIDRs: [])
        try plugins.fail("first", command: "DEL")
        await #expect(throws: NetworkFailure.self) { try await self.attach(network) }
        #expect(try plugins.records.count == 1)
        try plugins.configure("second")
        try await network.setUp(podCIDRs: [])
        try await network.detach(sandboxID: sandbox.sandboxID)
        #expect(plugins.calls == ["ADD first", "ADD second", "DEL second", "DEL first", "DEL second", "DEL first", "DEL second"])
        #expect(try plugins.records.isEmpty)
    }

    @Test("a plugin is not led into the namespace of another sandbox that has the path now")
    func endedNamespace() async throws {
        try plugins.configure("first")
        let network = try plugins.network(fixture)
        try await network.setUp(podCIDRs: [])
        let path = plugins.directory + "/ns"
        let (first, second) = (try await fixture.pod(), try await fixture.pod())
        try AtomicFile.relink(path, to: first)
        _ = try await network.attach(sandbox, networkNamespacePath: path, bandwidth: PodBandwidth())
        try AtomicFile.relink(path, to: second)
        try await network.detach(sandboxID: sandbox.sandboxID)
        #expect(plugins.calls == ["ADD first", "DEL first without"])
    }

    @Test("without a plugin's program the error names it and the folders")
    func missingProgram() async throws {
        try plugins.configure("third")
        let network = try plugins.network(fixture)
        try await network.setUp(podCIDRs: [])
        let failure = try await #require(throws: NetworkFailure.self) { try await self.attach(network) }
        #expect(try plugins.records.isEmpty && plugins.calls.isEmpty)
        #expect(failure.message.hasSuffix(#"failed to find plugin "third" in path [\#(plugins.directory)/none \#(plugins.directory)/bin]"#))
    }

    @Test("the configuration may come and go; a broken file before it is passed over")
    func configurations() async throws {
        let network = try plugins.network(fixture)
        await #expect(throws: NetworkFailure.self) { try await network.setUp(podCIDRs: ["10.1.0.0/24"]) }
        #expect(await network.isSetUp == false)
        let (changes, change) = AsyncStream.makeStream(of: Void.self)
        let following = Task { try await network.run { change.yield() } }
        var looks = changes.makeAsyncIterator()
        try AtomicFile.replace("\(plugins.directory)/conf/00-broken.conf", with: Array("{".utf8))
        try plugins.configure("first")
        while await !network.isSetUp { await looks.next() }
        #expect(unlink(plugins.directory + "/conf/10-test.conflist") == 0)
        while await network.isSetUp { await looks.next() }
        following.cancel()
        _ = try? await following.value
    }
}
