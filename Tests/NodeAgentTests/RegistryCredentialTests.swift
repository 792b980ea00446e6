import FoundationEssentials
import KubeModel
import PodCore
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Registry credentials")
struct RegistryCredentialTests {
    private func credentials(_ key: String, _ text: String) throws -> [String] {
        let encoded = Data(text.utf8).base64EncodedString()
        let secret: Secret = try Wire.decode(["metadata": ["name": "pull"], "data": [key: .string(encoded)]])
        return RegistryCredential.credentials(in: secret).map { "\($0.registry) \($0.username):\($0.password)" }.sorted()
    }

    private static func auth(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    @Test(
        ".dockerconfigjson holds credentials",
        arguments: [
            (#"{"auths":{"registry.example":{"username":"u","password":"p"}}}"#, ["registry.example u:p"]),
            (#"{"auths":{"registry.example":{"auth":"\#(auth("u:p:q"))"}}}"#, ["registry.example u:p:q"]),
            (#"{"auths":{"r":{"auth":"\#(auth("u:p"))","username":"x","password":"y"}}}"#, ["r u:p"]),
            (#"{"auths":{"https://index.docker.io/v1/":{"auth":"\#(auth("u:p"))"}}}"#, ["index.docker.io u:p"]),
            (#"{"auths":{"http://r:5000/team":{"username":"u","password":""}}}"#, ["r:5000/team u:"]),
            (#"{"auths":{"a":{"username":"u","password":"p"},"b":{"auth":"\#(auth("v:w"))"}}}"#, ["a u:p", "b v:w"]),
            (#"{"auths":{"a":{"username":"u"},"b":{"auth":"\#(auth("no colon"))"},"c":{}}}"#, []),
            (#"{"auths":{}}"#, []), ("{}", []), ("not JSON", []), ("", []),
        ])
    func configJSON(text: String, wanted: [String]) throws {
        #expect(try credentials(".dockerconfigjson", text) == wanted)
    }

    @Test(".dockercfg holds credentials")
    func theOlderForm() throws {
        #expect(try credentials(".dockercfg", #"{"r":{"username":"u","password":"p","email":"e"}}"#) == ["r u:p"])
        #expect(try credentials("password", #"{"r":{"username":"u","password":"p"}}"#).isEmpty)
    }

    @Test("a secret without these keys holds no credentials")
    func anEmptySecretHoldsNone() throws {
        let secret: Secret = try Wire.decode(["metadata": ["name": "pull"]])
        #expect(RegistryCredential.credentials(in: secret).isEmpty)
        let broken: Secret = try Wire.decode(["metadata": ["name": "pull"], "data": [".dockerconfigjson": "%%%"]])
        #expect(RegistryCredential.credentials(in: broken).isEmpty)
    }

    @Test("descriptions do not show the password")
    func thePasswordIsNotShown() {
        let credential = RegistryCredential(registry: "r", username: "u", password: "hunter2")
        #expect(!"\(credential) \(String(reflecting: credential))".contains("hunter2"))
    }
}
