/// The targets of Package.swift that have a level.
struct PackageLayers {
    struct Target: Equatable {
        let name: String
        let level: Int
        /// Position in the file: within a level a target may use the targets before it.
        let position: Int
        /// The package's own targets with a level among the declared dependencies.
        let dependencies: [String]
    }

    let targets: [Target]

    init(_ manifest: PackageManifest) {
        let names = Set(manifest.declarations.filter { $0.level != nil }.map(\.name))
        targets = manifest.declarations.enumerated().compactMap { position, declaration in
            guard let level = declaration.level else { return nil }
            return Target(
                name: declaration.name, level: level, position: position, dependencies: declaration.targets.filter { names.contains($0) })
        }
    }

    func target(_ name: some StringProtocol) -> Target? { targets.first { $0.name == name } }
}
