import LinuxSystem
import NIOHTTP1
import NIOSSL
import PodCore
import TestSupport
import Testing

@testable import ImageStore

@Suite(.enabled(if: isRoot, "needs root")) struct RegistryTLSTests {
    private func server(_ authority: TestAuthority) throws -> TLSConfiguration {
        let issued = try authority.issue("registry", dnsNames: ["localhost"])
        return .makeServerConfiguration(
            certificateChain: [.certificate(try NIOSSLCertificate(bytes: Array(issued.pem.utf8), format: .pem))],
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(issued.keyPEM.utf8), format: .pem)))
    }

    @Test("each server is checked against its own authority, also behind a redirect, which gets no credentials")
    func authorities() async throws {
        let image = PullTests.image()
        let (one, two) = (try TestAuthority("one"), try TestAuthority("two"))
        let basic = "Basic dTpw"
        try await FakeRegistry.with(FakeRegistry.Script(honest(image)), tls: try server(two)) { storage async throws in
            let target = "localhost:\(storage.port)"
            let script = FakeRegistry.Script { request in
                guard request.headers.first(name: "Authorization") == basic else {
                    return .init(status: .unauthorized, headers: [("WWW-Authenticate", "Basic realm=\"x\"")])
                }
                if request.path.contains("/manifests/") { return honest(image)(request) }
                return .init(status: .temporaryRedirect, headers: [("Location", "https://\(target)\(request.path)")])
            }
            try await FakeRegistry.with(script, tls: try server(one)) { registry async throws in
                try await withTemporaryFolder { folder in
                    try AtomicFile.replace(folder + "/one.crt", with: one.pem)
                    try AtomicFile.replace(folder + "/two.crt", with: two.pem)
                    let known = RegistryConfiguration.Host(endpoints: ["https://\(registry.authority)"], caFile: folder + "/one.crt")
                    let cases: [(hosts: [String: RegistryConfiguration.Host], works: Bool)] = [
                        ([registry.authority: known], false),
                        ([registry.authority: known, target: .init(caFile: folder + "/one.crt")], false),
                        ([registry.authority: known, target: .init(caFile: folder + "/missing.crt")], false),
                        ([registry.authority: known, target: .init(caFile: folder + "/two.crt")], true),
                    ]
                    for (number, fault) in cases.enumerated() {
                        try await withStore(in: "\(folder)/\(number)", registries: RegistryConfiguration(hosts: fault.hosts)) { store async throws in
                            let credential = RegistryCredential(registry: registry.authority, username: "u", password: "p")
                            let works: Bool
                            do throws(ImageFailure) {
                                _ = try await store.pull("\(registry.authority)/test/image:1", credentials: [credential])
                                works = true
                            } catch {
                                works = false
                                #expect(error.message.contains("; mirror https://\(registry.authority): GET https://\(target)/v2/"), "\(error)")
                            }
                            #expect(works == fault.works, "\(number)")
                        }
                    }
                }
                #expect(registry.requests.contains { $0.headers.first(name: "Authorization") == basic })
                #expect(!storage.requests.isEmpty && storage.requests.allSatisfy { $0.headers["Authorization"].isEmpty })
            }
        }
    }
}
