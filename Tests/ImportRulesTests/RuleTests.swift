import Testing

/// The rules themselves, on a package made up for it.
@Suite struct RuleTests {
    static let manifest = PackageManifest(
        """
        let network = Target.Dependency.product(name: "NIOCore", package: "swift-nio")

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
        """)

    let rules = LayerRules(layers: PackageLayers(manifest))

    @Test("the manifest is read with its levels")
    func theManifestIsReadWithItsLevels() throws {
        #expect(
            rules.layers.targets.map(\.name) == ["CThing", "COther", "Model", "Core", "LinuxThing", "Client", "Store", "Volumes", "Agent", "tool"])
        #expect(rules.layers.targets.map(\.level) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 5])
        #expect(rules.layers.target("Client")?.dependencies == ["Model"])
    }

    @Test("the manifest is read with dependencies of both kinds, of tests as well")
    func declarations() {
        let declarations = Self.manifest.declarations
        #expect(declarations.last == .init(name: "CoreTests", level: nil, targets: ["Core", "Model"], products: []))
        #expect(Self.manifest.declaration("Client") == .init(name: "Client", level: 2, targets: ["Model"], products: ["NIOCore"]))
        #expect(Self.manifest.declaration("COther")?.modules == [])
    }

    @Test("a dependency that no file imports is objected to, and a module that is not declared")
    func dependencies() {
        let rules = DependencyRules(manifest: Self.manifest)
        #expect(rules.objections(to: "Client", importing: ["Model", "NIOCore", "Glibc"]) == [])
        #expect(rules.objections(to: "CoreTests", importing: ["Core", "Model", "Testing"]) == [])
        let unused = rules.objections(to: "Client", importing: ["NIOCore"])
        #expect(unused.count == 1 && unused[0].contains("Model") && unused[0].contains("remove"))
        let undeclared = rules.objections(to: "Client", importing: ["Model", "NIOCore", "NIOSSL"])
        #expect(undeclared.count == 1 && undeclared[0].contains("NIOSSL") && undeclared[0].contains("add"))
        #expect(rules.objections(to: "Missing", importing: []).count == 1)
    }

    @Test(
        "a module that the level may know is allowed",
        arguments: [
            ("Core", "Model"), ("Core", "FoundationEssentials"), ("Client", "NIOCore"), ("LinuxThing", "CThing"), ("LinuxThing", "Glibc"),
            ("Store", "LinuxThing"), ("Agent", "Client"), ("Agent", "Logging"), ("tool", "Store"),
        ])
    func allowed(target: String, module: String) throws {
        let importing = try #require(rules.layers.target(target))
        #expect(rules.objection(to: module, in: importing) == nil)
    }

    @Test(
        "a module that the level must not know is refused with the reason",
        arguments: [
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

    @Test(
        "a declared dependency on a higher level is refused",
        arguments: [
            ("Model", "Core", "declared before"), ("Model", "CThing", "no C"), ("LinuxThing", "Store", "level 3"), ("Store", "Agent", "level 4"),
        ])
    func refusedAsDependencies(target: String, dependency: String, reason: String) throws {
        let imported = try #require(rules.layers.target(dependency))
        let importing = try #require(rules.layers.target(target))
        let objection = try #require(rules.objection(to: imported, in: importing))
        #expect(objection.contains(reason))
    }

    @Test("import lines are found in every form, not in comments and texts")
    func importLinesInEveryForm() {
        let source = #"""
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
            let script = """
                import Script
                """
            import Last
            """#
        #expect(ImportLine.all(in: source).map(\.module) == ["Plain", "Typed", "Tested", "Attributed", "Glibc", "Last"])
        #expect(ImportLine.all(in: source).map(\.line) == [5, 6, 7, 8, 10, 16])
    }
}
