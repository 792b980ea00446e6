import PodCore
import Testing

@Suite struct ImageVerificationTests {
    @Test(
        "each policy asks for credentials where kubelet's does",
        arguments: [
            (.neverVerify, [false, false, false]), (.neverVerifyPreloadedImages, [false, false, true]),
            (.neverVerifyAllowlistedImages, [false, true, true]), (.alwaysVerify, [false, true, true]),
        ] as [(ImageVerification.Policy, [Bool])])
    func policies(policy: ImageVerification.Policy, wanted: [Bool]) {
        let verification = ImageVerification(policy)
        #expect([ImageAccess.open, .unrecorded, .restricted].map { verification.isRequired(for: "a:1", $0) } == wanted)
    }

    @Test(
        "an image of the allowlist needs no credentials, whatever its tag and digest",
        arguments: [
            ("registry.test/team/app", true), ("registry.test/team/app:2", true), ("registry.test/team/app:2@sha256:ab", true),
            ("registry.test/team/application", false), ("registry.test/free/a/b:1", true), ("registry.test/freedom:1", false),
            ("registry.test:5000/team/app", false), ("registry.test:5000/x:1", true), ("busybox:1.37", true), ("docker.io/library/busybox", false),
        ])
    func allowlist(image: String, isListed: Bool) {
        let verification = ImageVerification(
            .neverVerifyAllowlistedImages, allowlist: ["registry.test/team/app", "registry.test/free/*", "busybox", "registry.test:5000/x"])
        #expect(verification.isRequired(for: image, .restricted) != isListed)
    }

    @Test(
        "an entry of the allowlist is a name, or the beginning of names before /*",
        arguments: [
            ("busybox", true), ("registry.test:5000/a", true), ("registry.test/*", true), ("registry.test/a/*", true), ("", false), ("/*", false),
            (" busybox", false), ("busybox ", false), ("*", false), ("registry.test/a*", false), ("registry.*/a", false), ("*/*", false),
            ("busybox:1", false), ("registry.test:5000/a:1", false), ("busybox@sha256:ab", false),
        ])
    func patterns(pattern: String, isGood: Bool) {
        #expect((ImageVerification.problem(inPattern: pattern) == nil) == isGood)
    }
}
