import Testing

/// Holds the layers: no target imports what its level must not know.
@Suite struct ImportRulesTests {
    let tree = SourceTree()

    @Test func importsKeepToTheLayers() throws {
        let rules = LayerRules(layers: PackageLayers(manifest: try tree.text("Package.swift")))
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

    @Test func declaredDependenciesKeepToTheLayers() throws {
        let rules = LayerRules(layers: PackageLayers(manifest: try tree.text("Package.swift")))
        #expect(Set(rules.layers.targets.map(\.level)) == [0, 1, 2, 3, 4, 5])
        for target in rules.layers.targets {
            for dependency in target.dependencies.compactMap({ rules.layers.target($0) }) {
                if let objection = rules.objection(to: dependency, in: target) {
                    Issue.record("Package.swift: \(target.name) depends on \(dependency.name): \(objection)")
                }
            }
        }
    }

    @Test func noSourceIsLongerThan500Lines() throws {
        for file in try tree.sources(["swift", "c", "h"]) {
            #expect(file.lineCount <= 500, "\(file.path) has \(file.lineCount) lines: split it by topic")
        }
    }
}
