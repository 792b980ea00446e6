import CLinux
import Glibc

/// A volume mount's `subPath`: a name inside a volume whose content the pod controls, opened so that no symlink leads
/// out of the volume, however the pod swaps directories meanwhile (CVE-2017-1002101, CVE-2021-25741).
package enum SubPath {
    /// The open object (`O_PATH`): mount this descriptor, not a path.
    ///
    /// Symlinks inside the volume are followed as long as they stay inside; an absolute symlink, `..` above the root and a magic
    /// link are errors of code `.escapes`. A missing directory is made with the mode of the volume's root.
    ///
    /// - Parameters:
    ///   - subPath: relative, without `..`.
    ///   - readOnly: nothing is made: a missing name is an error.
    package static func open(
        _ subPath: String, inVolume volume: String, readOnly: Bool = false
    ) throws(SystemError) -> OwnedFileDescriptor {
        let parts = try SafePath.components(subPath)
        // The volume's own path is the agent's or the administrator's (hostPath) and may contain symlinks.
        let root = try OwnedFileDescriptor.open(volume, SWL_O_PATH)
        guard !parts.isEmpty else { return root }
        let resolver = SafePath(root: root)
        let name = parts.joined(separator: "/")
        do throws(SystemError) {
            return try resolver.open(name, SWL_O_PATH, rules: .beneath)
        } catch {
            guard error.is(ENOENT), !readOnly else { throw explained(error, subPath, volume) }
        }
        try make(parts, resolver, volume: volume, subPath: subPath)
        do throws(SystemError) {
            // Opened again from the root, because the new directory may have been moved since.
            return try resolver.open(name, SWL_O_PATH, rules: .beneath)
        } catch {
            throw explained(error, subPath, volume)
        }
    }

    private static func make(_ parts: [String], _ resolver: SafePath, volume: String, subPath: String) throws(SystemError) {
        let status = try FileStatus(of: resolver.root)
        guard status.kind == .directory else { throw SystemError(call: "openat2", path: "\(volume)/\(subPath)", errno: ENOTDIR) }
        var existing: [String] = []
        var parent = try resolver.root.openAt(".", O_RDONLY | O_DIRECTORY)
        for part in parts {
            existing.append(part)
            let name = existing.joined(separator: "/")
            var made = false
            do throws(SystemError) {
                try systemCall("mkdirat", name) { parent.withRawValue { mkdirat($0, part, 0o700) } }
                made = true
            } catch {
                guard error.is(EEXIST) else { throw error }
            }
            do throws(SystemError) {
                // A directory just made is never a symlink: when it is one now, someone has swapped it.
                parent =
                    made
                    ? try SafePath(root: parent).open(part, O_RDONLY | O_DIRECTORY, rules: [.beneath, .noSymlinks])
                    : try resolver.open(name, O_RDONLY | O_DIRECTORY, rules: .beneath)
            } catch {
                throw explained(error, subPath, volume)
            }
            if made {
                // By descriptor, and group before mode: chown clears setgid.
                let made = parent
                try systemCall("fchown", name) { made.withRawValue { fchown($0, status.uid, status.gid) } }
                try systemCall("fchmod", name) { made.withRawValue { fchmod($0, status.mode) } }
            }
        }
    }

    private static func explained(_ error: SystemError, _ subPath: String, _ volume: String) -> SystemError {
        guard error.is(EXDEV) || error.is(ELOOP) else {
            return SystemError(code: error.code, call: error.call, path: "\(volume)/\(subPath)", errno: error.errno, detail: error.detail)
        }
        return SystemError(
            code: .escapes, call: "openat2", path: "\(volume)/\(subPath)", errno: error.errno,
            detail: "the subPath leads out of its volume through a symlink; use a path without such links")
    }
}
