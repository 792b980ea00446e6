import KubeModel
import PodCore
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Pull secrets")
struct PullSecretTests {
    private func secret(_ data: [String: String]) throws -> PullSecret {
        PullSecret(try Wire.decode(["metadata": ["name": "pull"], "data": .object(data.mapValues { .string($0) })]))
    }

    @Test("both forms hold credentials")
    func bothForms() throws {
        let entry = #"{"r":{"username":"u","password":"p","email":"e"}}"#
        for data in [[".dockerconfigjson": Wire.base64("{\"auths\":\(entry)}")], [".dockercfg": Wire.base64(entry)]] {
            let found = try secret(data)
            #expect(found.credentials == [RegistryCredential(registry: "r", username: "u", password: "p")])
            #expect(found.problems.isEmpty)
        }
    }

    @Test(
        "a secret that holds nothing readable says why",
        arguments: [
            ([:], "it has neither .dockerconfigjson nor .dockercfg"), (["password": "cA=="], "it has neither .dockerconfigjson nor .dockercfg"),
            ([".dockerconfigjson": "%%%"], ".dockerconfigjson is not base64"),
            ([".dockercfg": "bm90IEpTT04="], ".dockercfg: it is not the JSON that docker writes"),
        ] as [([String: String], String)])
    func unreadable(data: [String: String], problem: String) throws {
        let found = try secret(data)
        #expect(found.credentials.isEmpty && found.problems == [problem])
    }

    @Test("descriptions do not show the password")
    func thePasswordIsNotShown() {
        let credential = RegistryCredential(registry: "r", username: "u", password: "hunter2")
        #expect(!"\(credential) \(String(reflecting: credential))".contains("hunter2"))
    }
}
