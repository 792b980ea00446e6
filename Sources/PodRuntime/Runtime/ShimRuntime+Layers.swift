import PodCore

extension ShimRuntime {
    /// The layers of all containers that are not removed, topmost first in each stack.
    package var usedLayers: Set<[String]> { Set(knownSandboxes.flatMap { $0.containers.values.map(\.configuration.lowerDirectories) }) }
}
