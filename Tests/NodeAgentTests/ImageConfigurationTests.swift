import KubeModel
import PodCore
import TestSupport
import Testing

@testable import NodeAgent

@Suite("Configuration of images")
struct ImageConfigurationTests {
    private func limits(_ body: String) throws -> ImagePullLimits {
        let text = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n" + body
        let found = try ConfigurationLoader.parse([("a.yaml", text)])
        #expect(found.warnings.isEmpty)
        return found.kubelet.imagePulls
    }

    @Test(
        "the limits of pulls are read",
        arguments: [
            ("", nil, 5, 10), ("serializeImagePulls: true", 1, 5, 10), ("serializeImagePulls: false", nil, 5, 10),
            ("maxParallelImagePulls: 4", 4, 5, 10), ("serializeImagePulls: true\nmaxParallelImagePulls: 1", 1, 5, 10),
            ("registryPullQPS: 0", nil, 0, 10), ("registryPullQPS: 1\nregistryBurst: 3", nil, 1, 3), ("registryBurst: 0", nil, 5, 10),
        ] as [(String, Int?, Int, Int)])
    func pullLimits(body: String, parallel: Int?, rate: Int, burst: Int) throws {
        #expect(try limits(body) == ImagePullLimits(parallel: parallel, rate: rate, burst: burst))
    }

    private func verification(_ body: String) throws -> ImageVerification {
        let text = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n" + body
        let found = try ConfigurationLoader.parse([("a.yaml", text)])
        #expect(found.warnings.isEmpty)
        return found.kubelet.imageVerification
    }

    @Test("the policy for images that are on the node is read, with its list")
    func imageVerification() throws {
        #expect(try verification("") == ImageVerification(.neverVerifyPreloadedImages))
        #expect(try verification("imagePullCredentialsVerificationPolicy: AlwaysVerify") == ImageVerification(.alwaysVerify))
        let list = "imagePullCredentialsVerificationPolicy: NeverVerifyAllowlistedImages\npreloadedImagesVerificationAllowlist: [a/b, c/*]"
        #expect(try verification(list) == ImageVerification(.neverVerifyAllowlistedImages, allowlist: ["a/b", "c/*"]))
    }

    @Test(
        "a bad policy for images is refused with the field",
        arguments: [
            ("imagePullCredentialsVerificationPolicy: Sometimes", "imagePullCredentialsVerificationPolicy"),
            ("preloadedImagesVerificationAllowlist: [a]", "NeverVerifyAllowlistedImages"),
            ("imagePullCredentialsVerificationPolicy: NeverVerifyAllowlistedImages\npreloadedImagesVerificationAllowlist: ['a:1']", "found 'a:1'"),
        ])
    func badVerification(body: String, words: String) {
        let error = #expect(throws: ConfigurationError.self) { try verification(body) }
        #expect(error.map { "\($0)" }?.contains(words) == true)
    }

    @Test(
        "bad limits of pulls are refused",
        arguments: ["serializeImagePulls: true\nmaxParallelImagePulls: 2", "maxParallelImagePulls: -1", "registryPullQPS: -1", "registryBurst: -5"])
    func badLimits(body: String) {
        #expect(throws: ConfigurationError.self) { try limits(body) }
    }

    private static let head = "apiVersion: kubelet.config.k8s.io/v1\nkind: CredentialProviderConfig\n"
    private static let provider =
        "- name: ecr\n  matchImages: ['*.dkr.ecr.*.example.com', 'registry.example:5000/team']\n  defaultCacheDuration: 12h\n"
        + "  apiVersion: credentialprovider.kubelet.k8s.io/v1\n"

    private func providers(_ text: String) throws -> [CredentialProviderSettings] {
        try CredentialProviderReader.parse(text, file: "p.yaml", programs: "/opt/bin", notes: FieldReader.Notes())
    }

    @Test("Kubernetes' own configuration of credential providers is read")
    func credentialProviders() throws {
        let text = Self.head + "providers:\n" + Self.provider + "  args: [get, --verbose]\n  env:\n  - {name: REGION, value: eu}\n  - {name: EMPTY}\n"
        let found = try #require(try providers(text).first)
        #expect(found.executable == "/opt/bin/ecr" && found.matchImages.count == 2 && found.defaultCacheDuration == .seconds(12 * 3600))
        #expect(found.args == ["get", "--verbose"] && found.env == ["REGION": "eu", "EMPTY": ""])
        #expect(found.apiVersion == "credentialprovider.kubelet.k8s.io/v1")
        let older = text.replacing("kubelet.config.k8s.io/v1\n", with: "kubelet.config.k8s.io/v1beta1\n")
        #expect(try providers(older) == [found])
        let json = #"""
            {"kind":"CredentialProviderConfig","apiVersion":"kubelet.config.k8s.io/v1","providers":[{"name":"a","matchImages":["b"],
            "defaultCacheDuration":"0s","apiVersion":"credentialprovider.kubelet.k8s.io/v1"}]}
            """#
        #expect(try providers(json).first?.defaultCacheDuration == .zero)
    }

    /// A part of the good text, its replacement, and words of the error.
    private static let mistakes: [(part: String, by: String, words: String)] = [
        ("- name: ecr", "- name: ../ecr", "wanted the name of a program"), ("- name: ecr", "- name: ..", "wanted the name of a program"),
        ("  defaultCacheDuration: 12h\n", "", "defaultCacheDuration"), ("12h", "soon", "a duration"),
        ("credentialprovider.kubelet.k8s.io/v1", "v1", "wanted one of"), ("  matchImages", "  argz: []\n  matchImages", "did you mean 'args'"),
        ("kubelet.config.k8s.io/v1\n", "v1\n", "wanted kubelet.config.k8s.io/v1"), (provider, "", "wanted at least one"),
        (head + "providers:\n" + provider, "", "found 0 documents"), ("providers:", "a: [", "not YAML"),
    ]

    @Test("a mistake in the configuration of credential providers is named", arguments: 0..<10)
    func mistakeIsNamed(number: Int) throws {
        let mistake = Self.mistakes[number]
        let text = (Self.head + "providers:\n" + Self.provider).replacing(mistake.part, with: mistake.by)
        let error = try #require(throws: ConfigurationError.self) { try providers(text) }
        #expect("\(error)".contains(mistake.words), "\(error)")
    }

    private static let attributes = """
          tokenAttributes:
            serviceAccountTokenAudience: registry
            requireServiceAccount: true
            cacheType: Token
            requiredServiceAccountAnnotationKeys: [example.com/Role]
            optionalServiceAccountAnnotationKeys: [zone]

        """

    @Test("a provider for service accounts is read as kubelet reads it, in the documents' version that has it")
    func tokenAttributes() throws {
        let text = Self.head + "providers:\n" + Self.provider + Self.attributes
        let found = try #require(try providers(text).first?.tokenAttributes)
        #expect(found.audience == "registry" && found.cacheType == .token && found.requiresServiceAccount)
        #expect(found.requiredAnnotationKeys == ["example.com/Role"] && found.optionalAnnotationKeys == ["zone"])
        #expect(try providers(Self.head + "providers:\n" + Self.provider).first?.tokenAttributes == nil)
        let error = #expect(throws: ConfigurationError.self) {
            try providers(text.replacing("kubelet.config.k8s.io/v1\n", with: "kubelet.config.k8s.io/v1beta1\n"))
        }
        #expect(error.map { "\($0)" }?.contains("tokenAttributes: there is no such field") == true, "\(error.map { "\($0)" } ?? "")")
    }

    private static let attributeMistakes: [(part: String, by: String, words: String)] = [
        ("    serviceAccountTokenAudience: registry\n", "", "serviceAccountTokenAudience: found none"),
        ("    requireServiceAccount: true\n", "", "requireServiceAccount: found none"), ("    cacheType: Token\n", "", "cacheType: found none"),
        ("Token\n", "Pod\n", "found 'Pod', wanted one of: ServiceAccount, Token"), ("zone", "example.com/Role", "among the required keys too"),
        ("requireServiceAccount: true", "requireServiceAccount: false", "found them with requireServiceAccount: false"),
        ("zone", "-zone", "found '-zone', wanted the key of an annotation"), ("[zone]", "[zone, zone]", "found 'zone' twice"),
        ("credentialprovider.kubelet.k8s.io/v1\n", "credentialprovider.kubelet.k8s.io/v1beta1\n", "wanted credentialprovider.kubelet.k8s.io/v1"),
    ]

    @Test("a mistake in tokenAttributes is named", arguments: 0..<9)
    func attributeMistake(number: Int) throws {
        let mistake = Self.attributeMistakes[number]
        let text = (Self.head + "providers:\n" + Self.provider + Self.attributes).replacing(mistake.part, with: mistake.by)
        let error = try #require(throws: ConfigurationError.self) { try providers(text) }
        #expect("\(error)".contains(mistake.words), "\(error)")
    }

    @Test("the files of a folder are read in the order of their names; a name that is there twice, and a missing program, are refused")
    func folder() async throws {
        try await withTemporaryFolder { folder in
            func flags(_ programs: String?) -> FlagOverrides {
                var flags = FlagOverrides()
                flags.credentialProviderConfig = folder
                flags.credentialProviderDirectory = programs
                return flags
            }
            func load(_ programs: String?) throws -> AgentConfiguration { try ConfigurationLoader.load(file: nil, flags: flags(programs)) }
            func failure(_ programs: String?) -> String {
                let error = #expect(throws: ConfigurationError.self) { try load(programs) }
                return error.map { "\($0)" } ?? ""
            }

            #expect(failure("/bin").contains("no .yaml"))
            try TemporaryFolder.write(Self.head + "providers:\n" + Self.provider.replacing("ecr\n", with: "true\n"), to: folder + "/b.yaml")
            try TemporaryFolder.write(Self.head + "providers:\n" + Self.provider.replacing("ecr\n", with: "false\n"), to: folder + "/a.json")
            try TemporaryFolder.write("nonsense", to: folder + "/c.txt")
            #expect(try load("/bin").process.credentialProviders.map(\.executable) == ["/bin/false", "/bin/true"])
            #expect(failure(nil).contains("--image-credential-provider-bin-dir"))
            #expect(failure("bin").contains("begins with /"))
            #expect(failure(folder).contains("there is no program"))
            try TemporaryFolder.write(Self.head + "providers:\n" + Self.provider.replacing("ecr\n", with: "true\n"), to: folder + "/d.yml")
            #expect(failure("/bin").contains("'true' is there twice"))
        }
    }
}
