import FoundationEssentials
import PodCore
import Testing

@Suite struct DockerCredentialsTests {
    private static func auth(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

    private func read(_ text: String, _ form: DockerCredentials.Form = .config) -> DockerCredentials { DockerCredentials(text.utf8, form: form) }

    @Test(
        "config.json holds credentials in the order of the registries",
        arguments: [
            (#"{"auths":{"registry.example":{"username":"u","password":"p"}}}"#, ["registry.example u:p"]),
            (#"{"auths":{"registry.example":{"auth":"\#(auth("u:p:q"))"}}}"#, ["registry.example u:p:q"]),
            (#"{"auths":{"r":{"auth":"\#(auth("u:p"))","username":"x","password":"y"}}}"#, ["r u:p"]),
            (#"{"auths":{"https://index.docker.io/v1/":{"auth":"\#(auth("u:p"))"}}}"#, ["index.docker.io u:p"]),
            (#"{"auths":{"http://r:5000/team":{"username":"u","password":""}}}"#, ["r:5000/team u:"]),
            (#"{"auths":{"b":{"username":"u","password":"p"},"a":{"auth":"\#(auth("v:w"))"}}}"#, ["a v:w", "b u:p"]),
            (#"{"auths":{},"credsStore":"desktop"}"#, []), ("{}", []),
        ])
    func config(text: String, wanted: [String]) {
        let found = read(text)
        #expect(found.credentials.map { "\($0.registry) \($0.username):\($0.password)" } == wanted)
        #expect(found.problems.isEmpty)
    }

    @Test(
        "blanks and line ends of editors and shells do no harm",
        arguments: [
            #"{"auths":{"r":{"auth":"dTpw\n"}}}"#, #"{"auths":{"r":{"auth":" dT\r\npw "}}}"#, #"{"auths":{"r":{"auth":"\tdTpw\t\n\n"}}}"#,
            #"{"auths":{"r":{"auth":"dTpwCg=="}}}"#, #"{"auths":{"r":{"auth":"dTpwCg"}}}"#, #"{"auths":{"r":{"auth":"dTpwDQo=\n"}}}"#,
            #"{"auths":{"r":{"auth":"dTpwAAA="}}}"#, #"{"auths":{"r":{"username":"u\n","password":"p\r\n"}}}"#,
            "\u{feff}{\"auths\":{\"r\":{\"auth\":\"dTpw\"}}}\n",
        ])
    func lineEnds(text: String) {
        let found = read(text)
        #expect(found.credentials == [RegistryCredential(registry: "r", username: "u", password: "p")])
        #expect(found.problems.isEmpty)
    }

    @Test("an entry that cannot be read is named with its registry, and the others count")
    func badEntries() {
        let found = read(
            """
            {"auths":{"a":{"auth":"§§"},"b":{"auth":"\(Self.auth("no colon"))"},"c":{"password":"p"},"d":{"auth":7},"e":[],\
            "f":{"username":"u","password":"p\\u0007w"},"good":{"auth":"\(Self.auth("u:p"))"}}}
            """)
        #expect(found.credentials == [RegistryCredential(registry: "good", username: "u", password: "p")])
        #expect(
            found.problems == [
                "the entry of \"a\" has an auth that is not base64", "the entry of \"b\" has an auth that is not user:password in base64",
                "the entry of \"c\" has neither auth nor username", "the entry of \"d\" has a field that is not text",
                "the entry of \"e\" has a field that is not text",
                "the entry of \"f\" has a user name or password with a control character in it",
            ])
    }

    @Test("a file that is not docker's JSON says so", arguments: ["", "not JSON", "[]", "{\"auths\":", "{\"auths\":[]}"])
    func noJSON(text: String) {
        #expect(read(text).problems == ["it is not the JSON that docker writes"])
    }

    @Test(".dockercfg holds its entries directly")
    func theOlderForm() {
        #expect(read(#"{"r":{"username":"u","password":"p","email":"e"}}"#, .entries).credentials.map(\.registry) == ["r"])
        #expect(read(#"{"auths":{}}"#, .entries).problems == ["the entry of \"auths\" has neither auth nor username"])
    }
}
