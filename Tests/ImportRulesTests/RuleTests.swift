import Testing

/// The rules themselves, on a package made up for it.
@Suite struct RuleTests {
    static let manifest = """
        let package = Package(
            name: "example",
            targets: [
                // Level 0: C.
                .target(name: "CThing"),
                .systemLibrary(name: "COther", pkgConfig: "libother"),

                // Level 1: pure.
                library("Model"),
                library("Core", ["Model"]),

                // Level 2: the kernel and the API.
                library("LinuxThing", ["CThing"]),
                library("Client", [
                    "Model", network,
                ]),

                // Level 3: adapters.
                library("Store", ["Core", "LinuxThing"]),
                library("Volumes", ["Core", "Store"]),

                // Level 4: agents.
                library("Agent", ["Client", "Core", "Model", "Store", "LinuxThing", "CThing"]),

                // Level 5: programs.
                program("tool", ["Agent", "Store"]),

                // Tests.
                tests("Core", ["Model"]),
            ]
        )
        """

    let rules = LayerRules(layers: PackageLayers(manifest: manifest))

    @Test func theManifestIsReadWithItsLevels() throws {
        #expect(
            rules.layers.targets.map(\.name) == ["CThing", "COther", "Model", "Core", "LinuxThing", "Client", "Store", "Volumes", "Agent", "tool"])
        #expect(rules.layers.targets.map(\.level) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 5])
        #expect(rules.layers.target("Client")?.dependencies == ["Model"])
    }

    @Test(arguments: [
        ("Core", "Model"), ("Core", "FoundationEssentials"), ("Client", "NIOCore"), ("LinuxThing", "CThing"), ("LinuxThing", "Glibc"),
        ("Store", "LinuxThing"), ("Agent", "Client"), ("Agent", "Logging"), ("tool", "Store"),
    ])
    func allowed(target: String, module: String) throws {
        let importing = try #require(rules.layers.target(target))
        #expect(rules.objection(to: module, in: importing) == nil)
    }

    @Test(arguments: [
        ("Model", "Core", "does not declare"), ("Model", "Glibc", "pure"), ("Core", "NIOCore", "pure"),
        ("Core", "Foundation", "FoundationEssentials"),
        ("tool", "Foundation", "FoundationEssentials"), ("Client", "Core", "does not declare"), ("Volumes", "Store", "never import each other"),
        ("Agent", "Store", "ports"), ("Agent", "LinuxThing", "kernel"), ("Agent", "CThing", "kernel"),
    ])
    func refused(target: String, module: String, reason: String) throws {
        let importing = try #require(rules.layers.target(target))
        let objection = try #require(rules.objection(to: module, in: importing))
        #expect(objection.contains(reason))
    }

    @Test(arguments: [
        ("Model", "Core", "declared before"), ("Model", "CThing", "no C"), ("LinuxThing", "Store", "level 3"), ("Store", "Agent", "level 4"),
    ])
    func refusedAsDependencies(target: String, dependency: String, reason: String) throws {
        let imported = try #require(rules.layers.target(dependency))
        let importing = try #require(rules.layers.target(target))
        let objection = try #require(rules.objection(to: imported, in: importing))
        #expect(objection.contains(reason))
    }

    @Test func importLinesInEveryForm() {
        let source = """
            // import Comment
            /* import Block
            import Inside
            */
            import Plain
            package import struct Typed.Name
            @testable import Tested
            @preconcurrency public import Attributed
            #if canImport(Glibc)
                import Glibc
            #endif
            let imported = "import Text"
            """
        #expect(ImportLine.all(in: source).map(\.module) == ["Plain", "Typed", "Tested", "Attributed", "Glibc"])
        #expect(ImportLine.all(in: source).map(\.line) == [5, 6, 7, 8, 10])
    }
}
