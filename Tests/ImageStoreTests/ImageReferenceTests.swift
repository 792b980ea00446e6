import PodCore
import TestSupport
import Testing

@testable import ImageStore

@Suite struct ImageReferenceTests {
    private static let digest = "sha256:" + String(repeating: "0123456789abcdef", count: 4)

    @Test(
        "a short reference becomes complete",
        arguments: [
            ("busybox", "docker.io/library/busybox:latest"),
            ("busybox:1.36", "docker.io/library/busybox:1.36"),
            ("user/image", "docker.io/user/image:latest"),
            ("index.docker.io/busybox", "docker.io/library/busybox:latest"),
            ("localhost/x", "localhost/x:latest"),
            ("localhost:5000/x", "localhost:5000/x:latest"),
            ("localhost:5000", "docker.io/library/localhost:5000"),
            ("registry.test/a/b/c:v1", "registry.test/a/b/c:v1"),
            ("Registry.Test/a:V1", "Registry.Test/a:V1"),
            ("[::1]:5000/a", "[::1]:5000/a:latest"),
            ("127.0.0.1:5000/a__b/c-d--e.f", "127.0.0.1:5000/a__b/c-d--e.f:latest"),
            ("a@" + digest, "docker.io/library/a@" + digest),
            ("a:v1@" + digest, "docker.io/library/a@" + digest),
        ])
    func complete(_ text: String, _ expected: String) throws {
        #expect(try ImageReference(text).description == expected)
    }

    @Test(
        "an invalid reference is refused with containerd's text",
        arguments: [
            ("UPPER::bad", "invalid reference format: repository name (library/UPPER) must be lowercase"),
            ("", "invalid reference format"),
            (":1", "invalid reference format"),
            ("a::b", "invalid reference format"),
            ("a:", "invalid reference format"),
            ("a b", "invalid reference format"),
            ("a//b", "invalid reference format"),
            ("../a", "invalid reference format"),
            ("registry.test/../a", "invalid reference format"),
            ("a___b", "invalid reference format"),
            ("-a", "invalid reference format"),
            ("a:\u{e9}", "invalid reference format"),
            ("reg_istry.test/a", "invalid reference format"),
            ("a@sha256:abc", "invalid reference format"),
            ("a@sha512:" + String(repeating: "0", count: 128), "unsupported digest algorithm"),
            ("a@sha256:" + String(repeating: "0", count: 63), "invalid checksum digest format"),
            ("a@sha256:" + String(repeating: "A", count: 64), "invalid checksum digest format"),
            (
                String(repeating: "a", count: 64),
                "invalid repository name (\(String(repeating: "a", count: 64))), cannot specify 64-byte hexadecimal strings"
            ),
            ("a/" + String(repeating: "b", count: 255), "repository name must not be more than 255 characters"),
            ("a:" + String(repeating: "b", count: 129), "invalid reference format"),
        ])
    func refused(_ text: String, _ reason: String) throws {
        let failure = try #require(throws: ImageFailure.self) { try ImageReference(text) }
        #expect(failure.code == .invalidName)
        #expect(failure.message == "Failed to apply default image tag \"\(text)\": couldn't parse image name \"\(text)\": \(reason)")
    }

    /// Whatever is accepted is complete, is accepted again as it is printed, and has nothing that could be a path or a header of its own.
    @Test("an accepted reference is accepted again as it is printed, and holds nothing that could be a path or a header")
    func fuzz() {
        var random = SeededGenerator(seed: 7)
        let alphabet = Array("abz019./:@-_A[]%\u{0}\n sha256:".utf8)
        var accepted = 0
        for _ in 0..<20_000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
            guard let reference = try? ImageReference(String(decoding: bytes, as: UTF8.self)) else { continue }
            accepted += 1
            #expect((try? ImageReference(reference.description)) == reference)
            #expect(!reference.description.contains("..") && !reference.description.contains("\n") && !reference.description.contains("%"))
        }
        #expect(accepted > 100)
    }
}
