/// The kinds of things that can be removed from the node's disks for a signal before pods are ended.
package struct ReclaimPlan: Sendable, Hashable {
    package let deadContainers: Bool
    package let unusedImages: Bool

    package init(for signal: EvictionSignal, _ layout: DiskLayout) {
        let isAboutImages = signal == .imageFileSystemAvailable || signal == .imageFileSystemInodesFree
        let isAboutNode = signal == .nodeFileSystemAvailable || signal == .nodeFileSystemInodesFree
        guard signal.pressure == .disk else {
            (deadContainers, unusedImages) = (false, false)
            return
        }
        switch (layout.hasImageFileSystem, layout.splitsContainers) {
        case (false, _): (deadContainers, unusedImages) = (true, true)
        // Logs and volumes alone are on the node's file system.
        case (true, false): (deadContainers, unusedImages) = isAboutNode ? (false, false) : (true, true)
        case (true, true): (deadContainers, unusedImages) = isAboutImages ? (false, true) : (true, false)
        }
    }

    package var isEmpty: Bool { !deadContainers && !unusedImages }
}
