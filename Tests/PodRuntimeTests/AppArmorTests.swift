import LinuxSystem
import PodCore
import TestSupport
import Testing

@testable import PodRuntime
@testable import ShimClient

@Suite struct AppArmorTests {
    private typealias Choice = ContainerConfiguration.AppArmorChoice

    /// A host with AppArmor: a folder that looks like it, and a parser that does what `script` says.
    private func withHost(
        enabled: Bool = true, profiles: String = "", parser script: String? = "exec cat >\"$0.loaded\"",
        _ body: (_ appArmor: AppArmor, _ path: String) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder(mode: 0o755)
        defer { try? folder.remove() }
        let path = folder.path
        try AtomicFile.replace(path + "/enabled", with: enabled ? "Y\n" : "N\n")
        try Directories.make(path + "/apparmor")
        try AtomicFile.replace(path + "/apparmor/profiles", with: profiles)
        if let script { try AtomicFile.replace(path + "/parser", with: "#!/bin/sh\n\(script)\n", mode: 0o755) }
        let host = AppArmor.Host(parameter: path + "/enabled", directory: path + "/apparmor", parsers: [path + "/parser"])
        try await body(AppArmor(host: host, scratchDirectory: path), path)
    }

    private func expect(_ appArmor: AppArmor, _ choice: Choice?, privileged: Bool, _ expected: String?) async throws {
        let profile = try await appArmor.profile(for: choice, privileged: privileged)
        #expect(profile == expected)
    }

    @Test("a host without AppArmor refuses only a requested profile") func aHostWithoutItRefusesOnlyWhatIsAskedFor() async throws {
        try await withHost(enabled: false) { appArmor, _ in
            try await expect(appArmor, nil, privileged: false, nil)
            try await expect(appArmor, .unconfined, privileged: false, nil)
            for choice in [Choice.runtimeDefault, .localhost(profile: "x")] {
                await #expect(throws: RuntimeFailure(.create, "Cannot enforce AppArmor: AppArmor is not enabled on the host")) {
                    try await appArmor.profile(for: choice, privileged: false)
                }
            }
        }
    }

    @Test("the default profile is loaded once, and again when it is gone") func theDefaultProfileIsLoadedOnceAndAgainWhenItIsGone() async throws {
        try await withHost { appArmor, path in
            for choice in [nil, Choice.runtimeDefault] {
                try await expect(appArmor, choice, privileged: false, "swiftlet-default")
            }
            #expect(try SmallFile.text(path + "/parser.loaded") == AppArmor.defaultText)
            // Still there according to the kernel: the parser is not asked again.
            try AtomicFile.replace(path + "/apparmor/profiles", with: "other (enforce)\nswiftlet-default (enforce)\n")
            try AtomicFile.replace(path + "/parser.loaded", with: "")
            try await expect(appArmor, nil, privileged: false, "swiftlet-default")
            #expect(try SmallFile.text(path + "/parser.loaded").isEmpty)
            try AtomicFile.replace(path + "/apparmor/profiles", with: "swiftlet-default2 (enforce)\n")
            try await expect(appArmor, nil, privileged: false, "swiftlet-default")
            #expect(try SmallFile.text(path + "/parser.loaded") == AppArmor.defaultText)
        }
    }

    @Test("a profile that does not load stops the container") func aProfileThatDoesNotLoadStopsTheContainer() async throws {
        try await withHost(parser: "echo no such keyword >&2; exit 3") { appArmor, _ in
            let failure = await #expect(throws: RuntimeFailure.self) { try await appArmor.profile(for: nil, privileged: false) }
            #expect(failure?.code == .create && failure?.message.contains("exit status 3") == true)
            #expect(failure?.message.contains("no such keyword") == true)
            // A privileged container has none of it.
            try await expect(appArmor, nil, privileged: true, nil)
        }
    }

    @Test("without a parser only the default profile is missing") func withoutAParserOnlyTheDefaultIsMissing() async throws {
        try await withHost(profiles: "mine (complain)\n", parser: nil) { appArmor, _ in
            try await expect(appArmor, nil, privileged: false, nil)
            try await expect(appArmor, .localhost(profile: "mine"), privileged: false, "mine")
            await #expect(throws: RuntimeFailure.self) { try await appArmor.profile(for: .runtimeDefault, privileged: false) }
        }
    }

    @Test("a refusal names the profile that is not loaded", arguments: ["min", "mine2", "mine (enforce)", ""]) func aProfileThatIsNotLoadedIsNamed(
        name: String
    ) async throws {
        try await withHost(profiles: "mine (enforce)\n") { appArmor, _ in
            let failure = await #expect(throws: RuntimeFailure.self) { try await appArmor.profile(for: .localhost(profile: name), privileged: true) }
            #expect(failure?.message.contains("profile \"\(name)\" is not loaded") == true)
            try await expect(appArmor, .localhost(profile: "mine"), privileged: true, "mine")
        }
    }
}
