// Whole-module builds take `stat` from there.
import CArchive
import CLinux
import Glibc
import LinuxSystem

/// A stack of unpacked layers read as overlayfs would show it, without mounting it: whiteouts and opaque directories
/// hide, symlinks are followed inside the stack alone. Blocking.
struct MergedTree {
    /// Roots, topmost first.
    private let layers: [OwnedFileDescriptor]

    private static let mostLinks = 40

    init(lowerDirectories: [String]) throws(SystemError) {
        var opened: [OwnedFileDescriptor] = []
        for directory in lowerDirectories { opened.append(try .open(directory, O_RDONLY | O_DIRECTORY)) }
        layers = opened
    }

    private enum Node {
        /// The directories of the layers that make it up, topmost first.
        case directory([OwnedFileDescriptor])
        case symlink([UInt8])
        case file(in: OwnedFileDescriptor, name: [CChar])
        case other
        case nothing
    }

    /// The regular file behind a path, `nil` when there is none.
    func open(_ path: String) throws(SystemError) -> OwnedFileDescriptor? {
        var waiting = Array(Array(path.utf8).split(separator: UInt8(ascii: "/")).map(Array.init).reversed())
        var trail = [layers]
        var links = 0
        while let name = waiting.popLast() {
            if name == Array(".".utf8) { continue }
            if name == Array("..".utf8) {
                if trail.count > 1 { trail.removeLast() }
                continue
            }
            guard name.count <= LayerPath.longestName, trail.count < 256, let current = trail.last else { return nil }
            switch try Self.look(up: name, in: current) {
            case .directory(let directories): trail.append(directories)
            case .symlink(let target):
                links += 1
                guard links <= Self.mostLinks else { throw SystemError(call: "resolve", path: path, errno: ELOOP) }
                if target.first == UInt8(ascii: "/") { trail = [layers] }
                waiting += target.split(separator: UInt8(ascii: "/")).map(Array.init).reversed()
            case .file(let directory, let name):
                guard waiting.isEmpty else { return nil }
                // Not blocking and not followed: opening a file of any kind must not hang.
                return try descriptorCall("openat", path) {
                    directory.withRawValue { openat($0, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) }
                }
            case .other, .nothing: return nil
            }
        }
        return nil
    }

    /// The topmost directory of a path without symlinks, `nil` when something else or nothing is there.
    func directory(_ path: LayerPath) throws(SystemError) -> OwnedFileDescriptor? {
        var current = layers
        for name in path.components {
            guard case .directory(let directories) = try Self.look(up: name, in: current) else { return nil }
            current = directories
        }
        return current.first
    }

    private static func look(up name: [UInt8], in directories: [OwnedFileDescriptor]) throws(SystemError) -> Node {
        let terminated = name.terminated
        var found: [OwnedFileDescriptor] = []
        for directory in directories {
            let status: stat
            do throws(SystemError) {
                status = try LayerEntries.status(of: terminated, in: directory)
            } catch {
                if error.is(ENOENT) { continue }
                throw error
            }
            let kind = status.st_mode & S_IFMT
            if kind == S_IFDIR {
                let opened = try LayerEntries.open(terminated, in: directory, O_DIRECTORY)
                found.append(opened)
                if LayerEntries.isOpaque(opened) { break }
                continue
            }
            // Anything but a directory, a whiteout included, hides what is below; a directory above hides it.
            if !found.isEmpty { break }
            switch kind {
            case S_IFREG: return .file(in: directory, name: terminated)
            case S_IFLNK: return .symlink(try LayerEntries.target(of: terminated, in: directory))
            case S_IFCHR where status.st_rdev == 0: return .nothing
            default: return .other
            }
        }
        return found.isEmpty ? .nothing : .directory(found)
    }
}
