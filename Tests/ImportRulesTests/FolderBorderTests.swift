import Testing

/// The rule for folders itself, on a target made up for it.
@Suite struct FolderBorderTests {
    private func borders(_ files: [String: String]) -> FolderBorders {
        FolderBorders(files.map { SourceTree.File(path: "Sources/Example/" + $0.key, text: $0.value) }.sorted { $0.path < $1.path })
    }

    @Test("folders that use each other in one direction have no circle")
    func oneDirection() {
        let found = borders([
            "Plan/Plan.swift": "package struct Plan {\n    let step: Step\n}", "Machine/Step.swift": "struct Step {}", "Root.swift": "let a: Plan?",
        ])
        #expect(found.uses.keys.sorted() == ["Plan"] && found.circular.isEmpty)
    }

    @Test("a circle over several folders is found, with an example for each of its uses")
    func circle() {
        let found = borders([
            "A/One.swift": "@frozen public enum One { case two(Two) }", "B/Two.swift": "final class Two { var x: [Three] = [] }",
            "C/Three.swift": "typealias Three = Optional<One>", "D/Four.swift": "actor Four { let one: One }",
        ])
        #expect(
            found.circular == [
                "A uses B and is used by it: Sources/Example/A/One.swift uses Two",
                "B uses C and is used by it: Sources/Example/B/Two.swift uses Three",
                "C uses A and is used by it: Sources/Example/C/Three.swift uses One",
            ])
    }

    @Test(
        "only code outside comments and texts counts, and only types that other files can see",
        arguments: ["// One", "/// One", "let a = \"One\"", "let a = 1 // \"\" One", "private struct One {}\nlet a: One?"])
    func noUse(text: String) {
        #expect(borders(["A/One.swift": "struct One { let two: Two }", "B/Two.swift": "struct Two {}\n" + text]).circular.isEmpty)
    }

    @Test("an extension uses the type that it extends")
    func extensions() {
        #expect(!borders(["A/One.swift": "struct One { let two: Two }", "B/Two.swift": "struct Two {}\nextension One {}"]).circular.isEmpty)
    }
}
