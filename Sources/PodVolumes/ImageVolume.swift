import CLinux
import Glibc
import LinuxSystem
import PodCore

/// `image`: the files of an image as a read-only overlay of its layers. Blocking.
///
/// The id of the image is written beside the mount before the mount is made: it tells which images are in use, and which one to mount when the mount
/// was lost, even if the tag leads elsewhere by then.
struct ImageVolume: Sendable {
    /// The plugin folder of these volumes.
    static let plugin = "kubernetes.io~image"
    /// `mount(2)` takes one page of options, and names each layer by its descriptor.
    private static let layerLimit = 150

    let path: String

    private var record: (folder: String, name: String) {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        return (String(path[..<slash]), "." + path[path.index(after: slash)...])
    }

    private var recordPath: String { record.folder + "/" + record.name }

    func state() throws(SystemError) -> ImageVolumeState {
        if try isMounted() { return .mounted(path: path) }
        guard let id = try imageID() else { return .absent }
        return .lost(imageID: id)
    }

    private func isMounted() throws(SystemError) -> Bool {
        guard let status = try FileStatus.ifPresent(path) else { return false }
        return status.isMountRoot
    }

    private func imageID() throws(SystemError) -> String? {
        guard try FileStatus.ifPresent(recordPath) != nil else { return nil }
        return try SmallFile.text(recordPath)
    }

    /// The ids of all images that are volumes below a pod's folder.
    static func imageIDs(pod: String) throws(SystemError) -> Set<String> {
        let folder = pod + "/volumes/" + plugin
        guard try FileStatus.ifPresent(folder) != nil else { return [] }
        var ids: Set<String> = []
        for name in try DirectoryListing.names(at: folder) where !name.hasPrefix(".") {
            let volume = ImageVolume(path: folder + "/" + name)
            if let id = try volume.imageID() { ids.insert(id) }
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
        if try isMounted() { return }
        // An overlay without an upper directory wants two lower ones.
        let empty = record.folder + "/.empty"
        try Directories.make(record.folder, mode: 0o755)
        try Directories.make(path, mode: 0o755)
        try Directories.make(empty, mode: 0o755)
        try AtomicFile.replace(recordPath, with: image.id, mode: 0o600)
        let layers = try Self.open(image.lowerDirectories + [empty])
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

    private static func open(_ folders: [String]) throws(SystemError) -> [OwnedFileDescriptor] {
        var opened: [OwnedFileDescriptor] = []
        for folder in folders { opened.append(try OwnedFileDescriptor.open(folder, SWL_O_PATH | O_DIRECTORY)) }
        return opened
    }
}
