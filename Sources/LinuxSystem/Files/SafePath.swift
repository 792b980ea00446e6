import CLinux
import Glibc

/// Opens untrusted names, resolved by the kernel (`openat2`) and not by string comparison: between the check of a string
/// and its use a directory may be swapped for a symlink.
package struct SafePath: Sendable {
    /// How far a name may lead.
    package struct Rules: OptionSet, Sendable {
        package let rawValue: UInt64
        package init(rawValue: UInt64) { self.rawValue = rawValue }

        /// Leaving the root is an error (EXDEV): `..` above it, absolute names, symlinks out of it.
        package static let beneath = Rules(rawValue: SWL_RESOLVE_BENEATH)
        /// The root is `/` for the name: absolute names and symlinks start there, `..` stays there.
        package static let inRoot = Rules(rawValue: SWL_RESOLVE_IN_ROOT)
        /// Any symlink is an error (ELOOP).
        package static let noSymlinks = Rules(rawValue: SWL_RESOLVE_NO_SYMLINKS)
        /// Crossing a mount point is an error (EXDEV).
        package static let noMountCrossing = Rules(rawValue: SWL_RESOLVE_NO_XDEV)
    }

    package let root: OwnedFileDescriptor

    package init(root: OwnedFileDescriptor) { self.root = root }

    /// - Parameter directory: trusted; its own symlinks are followed.
    package init(directory: String) throws(SystemError) {
        root = try .open(directory, SWL_O_PATH | O_DIRECTORY)
    }

    /// Opens `name` under the root. Magic links (/proc/PID/fd/...) are always refused.
    package func open(
        _ name: String, _ flags: Int32, mode: UInt32 = 0, rules: Rules = .inRoot
    ) throws(SystemError) -> OwnedFileDescriptor {
        try open(Array(name.utf8CString), name, flags, mode: mode, rules: rules)
    }

    /// Like the above, for one name that may not be UTF-8.
    package func open(
        _ name: FileName, _ flags: Int32, mode: UInt32 = 0, rules: Rules = .inRoot
    ) throws(SystemError) -> OwnedFileDescriptor {
        try open(name.cString, name.description, flags, mode: mode, rules: rules)
    }

    /// Like the above, for a path of such names.
    package func open(bytes path: [UInt8], _ flags: Int32, rules: Rules = .inRoot) throws(SystemError) -> OwnedFileDescriptor {
        let text = String(decoding: path.prefix(300), as: UTF8.self)
        guard !path.contains(0) else { throw SystemError(code: .escapes, call: "openat2", path: text, detail: "found a NUL in a path") }
        return try open(path.map { CChar(bitPattern: $0) } + [0], text, flags, mode: 0, rules: rules)
    }

    private func open(
        _ name: [CChar], _ text: String, _ flags: Int32, mode: UInt32, rules: Rules
    ) throws(SystemError) -> OwnedFileDescriptor {
        let resolve = rules.rawValue | SWL_RESOLVE_NO_MAGICLINKS
        var tries = 0
        while true {
            do throws(SystemError) {
                return try descriptorCall("openat2", text) {
                    root.withRawValue {
                        swl_openat2($0, name, UInt64(UInt32(bitPattern: flags | O_CLOEXEC)), UInt64(mode), resolve)
                    }
                }
            } catch {
                // The kernel fails with EAGAIN after a race with a rename anywhere; the call has to be repeated.
                guard error.is(EAGAIN), tries < 64 else { throw error }
                tries += 1
            }
        }
    }

    /// The directory `name`, made with its missing parents. Every step stays under the root and follows no symlink.
    package func makeDirectories(_ name: String, mode: UInt32) throws(SystemError) -> OwnedFileDescriptor {
        var current = try root.openAt(".", O_RDONLY | O_DIRECTORY)
        for part in try Self.components(name) {
            let step = SafePath(root: current)
            do throws(SystemError) {
                current = try step.open(part, O_RDONLY | O_DIRECTORY, rules: [.beneath, .noSymlinks])
                continue
            } catch {
                guard error.is(ENOENT) else { throw error }
            }
            do throws(SystemError) {
                try systemCall("mkdirat", name) { current.withRawValue { mkdirat($0, part, mode) } }
            } catch {
                guard error.is(EEXIST) else { throw error }
            }
            let made = try step.open(part, O_RDONLY | O_DIRECTORY, rules: [.beneath, .noSymlinks])
            // The umask has taken bits away from mkdirat's mode.
            try systemCall("fchmod", name) { made.withRawValue { fchmod($0, mode) } }
            current = made
        }
        return current
    }

    /// The components of a relative name. `..`, absolute names and NUL are errors of code `.escapes`.
    package static func components(_ name: String) throws(SystemError) -> [String] {
        guard !name.hasPrefix("/") else {
            throw SystemError(code: .escapes, call: "resolve", path: name, detail: "wanted a relative path, found an absolute one")
        }
        var parts: [String] = []
        for part in name.split(separator: "/") where part != "." {
            guard part != "..", !part.utf8.contains(0) else {
                throw SystemError(code: .escapes, call: "resolve", path: name, detail: "\"..\" is not allowed in a path")
            }
            parts.append(String(part))
        }
        return parts
    }
}
