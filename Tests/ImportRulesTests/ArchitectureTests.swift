import Testing

/// Holds the architecture's text against the tree.
@Suite struct ArchitectureTests {
    let tree = SourceTree()

    @Test("every source that the architecture names exists")
    func namedSourcesExist() throws {
        let paths = try tree.sources(["swift", "c", "h"]).map(\.path)
        let names = Self.sourceNames(in: try tree.text("Sources/ARCHITECTURE.md"))
        #expect(names.count > 50, "the flows were not found")
        for name in names where name != "Package.swift" {
            #expect(paths.contains { $0 == "Sources/" + name || (!name.contains("/") && $0.hasSuffix("/" + name)) }, "\(name)")
        }
    }

    @Test("names of sources stand between backquotes")
    func namesAreFound() {
        #expect(Self.sourceNames(in: "`A/B.swift` -> `b.c` (`c`), plain.swift and `x + y.swift`") == ["A/B.swift", "b.c"])
    }

    /// The texts between backquotes that look like the path or name of a source.
    private static func sourceNames(in text: String) -> [String] {
        let pieces = text.split(separator: "`", omittingEmptySubsequences: false)
        return pieces.indices.filter { $0 % 2 == 1 }.map { String(pieces[$0]) }
            .filter { ($0.hasSuffix(".swift") || $0.hasSuffix(".c") || $0.hasSuffix(".h")) && !$0.contains(" ") && !$0.hasPrefix(".") }
    }
}
