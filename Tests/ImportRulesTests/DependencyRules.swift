/// Holds a target's declared dependencies against the imports of its sources.
struct DependencyRules {
    /// The modules that come with the toolchain and are never declared.
    static let toolchain: Set<String> = ["Dispatch", "FoundationEssentials", "Glibc", "Musl", "Swift", "Synchronization", "Testing"]

    let manifest: PackageManifest

    /// Returns the objections to a target's declaration, given the modules that its sources import; none if each declared module is
    /// imported and each imported module is declared.
    func objections(to name: String, importing imported: Set<String>) -> [String] {
        guard let declaration = manifest.declaration(name) else { return ["Package.swift declares no target \(name)"] }
        let unused = declaration.modules.subtracting(imported).sorted().map {
            "\(name) declares \($0), which none of its files imports: remove the dependency"
        }
        let undeclared = imported.subtracting(declaration.modules).subtracting(Self.toolchain).sorted().map {
            "\(name) imports \($0), which Package.swift does not declare for it: add the dependency"
        }
        return unused + undeclared
    }
}
