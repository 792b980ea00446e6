import CLinux
import Glibc
import LinuxSystem
import PodCore

/// `image`: the files of an image as a read-only overlay of its layers. Blocking.
///
/// The id of the image is written beside the mount before the mount is made: it tells which images are in use, and which one to mount when the mount
/// was lost, even if the tag leads elsewhere by then.
///
/// The kernel cannot shift the owners of files in an overlay. For a pod with a user namespace the layers themselves are shifted, and the volume belongs
/// to that pod's ids alone.
struct ImageVolume: Sendable {
    /// The plugin folder of these volumes.
    static let plugin = "kubernetes.io~image"
    /// `mount(2)` takes one page of options, and names each layer by its descriptor.
    private static let layerLimit = 150

    let path: String
    /// `nil` for a pod with the node's ids.
    var userNamespace: PodUserNamespace?

    private var record: (folder: String, name: String) {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        return (String(path[..<slash]), "." + path[path.index(after: slash)...])
    }

    private var recordPath: String { record.folder + "/" + record.name }

    func state() throws(SystemError) -> ImageVolumeState {
        let known = try recorded()
        if try isMounted(), known?.firstID == userNamespace?.firstID { return .mounted(path: path) }
        guard let known else { return .absent }
        return .lost(imageID: known.id)
    }

    private func isMounted() throws(SystemError) -> Bool {
        guard let status = try FileStatus.ifPresent(path) else { return false }
        return status.isMountRoot
    }

    /// The image's id, and the node's id that root of the pod has.
    private func recorded() throws(SystemError) -> (id: String, firstID: UInt32?)? {
        guard try FileStatus.ifPresent(recordPath) != nil else { return nil }
        let words = try SmallFile.text(recordPath).split(separator: " ")
        return (words.first.map(String.init) ?? "", words.dropFirst().first.flatMap { UInt32($0) })
    }

    /// The ids of all images that are volumes below a pod's folder.
    static func imageIDs(pod: String) throws(SystemError) -> Set<String> {
        let folder = pod + "/volumes/" + plugin
        guard try FileStatus.ifPresent(folder) != nil else { return [] }
        var ids: Set<String> = []
        for name in try DirectoryListing.names(at: folder) where !name.hasPrefix(".") {
            let volume = ImageVolume(path: folder + "/" + name)
            if let known = try volume.recorded() { ids.insert(known.id) }
        }
        return ids
    }

    /// Mounts the image unless the volume is mounted already.
    func mount(_ image: ImageDescription) throws {
        guard !image.lowerDirectories.isEmpty, image.lowerDirectories.count <= Self.layerLimit else {
            throw VolumeFailure(
                .invalid, "image \(image.id) has \(image.lowerDirectories.count) layers, wanted 1 to \(Self.layerLimit) for a volume")
        }
        try mountLayers(image)
    }

    private func mountLayers(_ image: ImageDescription) throws(SystemError) {
        if try isMounted() {
            guard try recorded()?.firstID != userNamespace?.firstID else { return }
            // For the ids of an earlier sandbox. Containers that have it keep it.
            try Mounts.unmount(path, lazily: true)
        }
        // An overlay without an upper directory wants two lower ones.
        let empty = record.folder + "/.empty"
        try Directories.make(record.folder, mode: 0o755)
        try Directories.make(path, mode: 0o755)
        try Directories.make(empty, mode: 0o755)
        try AtomicFile.replace(recordPath, with: userNamespace.map { "\(image.id) \($0.firstID)" } ?? image.id, mode: 0o600)
        let folders = image.lowerDirectories + [empty]
        let layers: [OwnedFileDescriptor]
        if let userNamespace {
            layers = try shifted(folders, to: userNamespace)
        } else {
            layers = try Self.open(folders)
        }
        // The overlay has its own copies.
        defer { if userNamespace != nil { _ = try? Mounts.unmountAll(under: stage) } }
        var names: [String] = []
        for layer in layers {
            let number = layer.withRawValue { $0 }
            names.append("/proc/self/fd/\(number)")
        }
        // Files that an image brings into a container beside its own root must not add programs, privileges or devices.
        let flags: Mounts.Flags = [.readOnly, .noSUID, .noDevices, .noExecute]
        try Mounts.mount(source: "overlay", at: path, type: "overlay", flags: flags.rawValue, data: "lowerdir=" + names.joined(separator: ":"))
        // Open until the kernel has looked them up.
        withExtendedLifetime(layers) {}
    }

    /// Where shifted layers are mounted, one on the other, while the overlay is made: it takes only what is mounted in this namespace.
    private var stage: String { recordPath + ".layers" }

    private func shifted(_ folders: [String], to user: PodUserNamespace) throws(SystemError) -> [OwnedFileDescriptor] {
        try Directories.make(stage, mode: 0o700)
        var layers: [OwnedFileDescriptor] = []
        do throws(SystemError) {
            let namespace = try Namespace(.user, path: user.path)
            try Self.check(user)
            for folder in folders {
                let tree = try Mounts.cloneTree(folder)
                try Mounts.shiftOwners(of: tree, copiedFrom: folder, to: namespace)
                try Mounts.attach(tree, at: stage)
                layers.append(tree)
            }
        } catch {
            _ = try? Mounts.unmountAll(under: stage)
            throw error
        }
        return layers
    }

    /// The namespace is open: if its process is still the sandbox's by now, so is the namespace.
    private static func check(_ user: PodUserNamespace) throws(SystemError) {
        let map = user.path.replacing("/ns/user", with: "/uid_map")
        let words = try SmallFile.text(map).split(whereSeparator: { $0 == " " || $0 == "\n" })
        guard words.count >= 2, words[1] == "\(user.firstID)" else {
            throw SystemError(
                code: .malformed, call: "open", path: user.path, errno: ESRCH,
                detail: "wanted the user namespace of the pod with the ids from \(user.firstID), found another: its sandbox has ended")
        }
    }

    private static func open(_ folders: [String]) throws(SystemError) -> [OwnedFileDescriptor] {
        var opened: [OwnedFileDescriptor] = []
        for folder in folders { opened.append(try OwnedFileDescriptor.open(folder, SWL_O_PATH | O_DIRECTORY)) }
        return opened
    }
}
