/// The rules for imports between targets. Sources/ARCHITECTURE.md describes the levels.
struct LayerRules {
    let layers: PackageLayers

    /// Returns why a source of `target` must not import `module`, `nil` if it may.
    func objection(to module: String, in target: PackageLayers.Target) -> String? {
        if module == "Foundation" { return "Foundation brings tens of megabytes; FoundationEssentials is what may be used" }
        guard let imported = layers.target(module) else {
            let isPure = ["Swift", "FoundationEssentials", "Synchronization"].contains(module)
            return target.level == 1 && !isPure ? "level 1 is pure: it knows no system, no NIO and no package from outside" : nil
        }
        if !target.dependencies.contains(module) { return "Package.swift does not declare that \(target.name) depends on \(module)" }
        return objection(to: imported, in: target)
    }

    /// The same for a dependency that Package.swift declares.
    func objection(to imported: PackageLayers.Target, in target: PackageLayers.Target) -> String? {
        if imported.level > target.level { return "a target of level \(target.level) imports no target of level \(imported.level)" }
        if target.level == 1, imported.level == 0 { return "level 1 is pure: it knows no C" }
        if target.level == 4, imported.level == 3 { return "level 4 knows adapters by the ports of PodCore only" }
        if target.level == 4, imported.level == 0 || imported.name.hasPrefix("Linux") { return "level 4 never touches the kernel" }
        guard imported.level == target.level else { return nil }
        if target.level >= 3 { return "targets of level \(target.level) never import each other" }
        return imported.position < target.position ? nil : "within level \(target.level) a target imports only those declared before it"
    }
}
