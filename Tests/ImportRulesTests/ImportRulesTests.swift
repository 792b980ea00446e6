import Testing

/// Holds the layers: no target imports what its level must not know.
@Suite struct ImportRulesTests {
    let tree = SourceTree()

    @Test("imports keep to the layers")
    func importsKeepToTheLayers() throws {
        let rules = LayerRules(layers: PackageLayers(try manifest()))
        let files = try tree.sources(["swift"])
        #expect(files.count > 100, "the sources were not found below \(tree.root)")
        for file in files {
            guard let target = rules.layers.target(file.target) else {
                Issue.record("\(file.path): Package.swift declares no target \(file.target) at a level")
                continue
            }
            for found in ImportLine.all(in: file.text) {
                if let objection = rules.objection(to: found.module, in: target) {
                    Issue.record("\(file.path):\(found.line): import \(found.module): \(objection)")
                }
            }
        }
    }

    @Test("declared dependencies keep to the layers")
    func declaredDependenciesKeepToTheLayers() throws {
        let rules = LayerRules(layers: PackageLayers(try manifest()))
        #expect(Set(rules.layers.targets.map(\.level)) == [0, 1, 2, 3, 4, 5])
        for target in rules.layers.targets {
            for dependency in target.dependencies.compactMap({ rules.layers.target($0) }) {
                if let objection = rules.objection(to: dependency, in: target) {
                    Issue.record("Package.swift: \(target.name) depends on \(dependency.name): \(objection)")
                }
            }
        }
    }

    @Test("each declared dependency is imported, and each imported module is declared")
    func dependenciesAreTheImports() throws {
        let rules = DependencyRules(manifest: try manifest())
        let files = try tree.sources(["swift"]) + tree.sources(["swift"], in: "Tests")
        let imports = Dictionary(grouping: files, by: \.target).mapValues { Set($0.flatMap { ImportLine.all(in: $0.text).map(\.module) }) }
        #expect(imports.count > 40, "the sources were not found below \(tree.root)")
        for (target, modules) in imports {
            for objection in rules.objections(to: target, importing: modules) { Issue.record("\(objection)") }
        }
    }

    @Test("the folders of a target use each other in one direction only")
    func noCirclesOfFolders() throws {
        for (target, files) in Dictionary(grouping: try tree.sources(["swift"]), by: \.target).sorted(by: { $0.key < $1.key }) {
            for use in FolderBorders(files).circular { Issue.record("\(target): \(use)") }
        }
    }

    @Test("no source is longer than 350 lines")
    func noSourceIsLongerThan350Lines() throws {
        for file in try tree.sources(["swift", "c", "h"]) {
            #expect(file.lineCount <= 350, "\(file.path) has \(file.lineCount) lines: split it by topic")
        }
    }

    private func manifest() throws -> PackageManifest { PackageManifest(try tree.text("Package.swift")) }
}
