import CLinux
import Glibc
import LinuxSystem
import PodCore

/// One entry of `mounts` in the shim's words.
struct OCIMount: Sendable {
    let type: swl_mount_type
    let destination: String
    let attributes: UInt32
    let propagation: swl_propagation
    /// Options of the file system.
    let data: String
    /// Of a bind mount: absolute.
    let source: String?

    init(_ mount: OCISpec.Mount, bundle: String) throws(RuntimeFailure) {
        let place = "mounts: \(mount.destination)"
        guard mount.destination.hasPrefix("/"), !mount.destination.split(separator: "/").contains("..") else {
            throw OCIBundle.invalid(place, "the destination \"\(mount.destination)\"", "an absolute path without \"..\"")
        }
        guard (mount.uidMappings ?? []).isEmpty, (mount.gidMappings ?? []).isEmpty else {
            throw OCIBundle.unsupported(place + ": uidMappings and gidMappings", "use the option idmap, which takes those of the user namespace")
        }
        var options = Options()
        for option in mount.options ?? [] { try options.take(option, place) }
        let type = mount.type ?? (options.bind ? "bind" : "")
        destination = mount.destination
        if options.bind || type == "bind" {
            guard let from = mount.source, !from.isEmpty else { throw OCIBundle.invalid(place, "no source", "the path to bind") }
            guard options.data.isEmpty else {
                throw OCIBundle.invalid(place, "the options \(options.data.joined(separator: ","))", "none of a file system")
            }
            self.type = SWL_MOUNT_BIND
            source = from.hasPrefix("/") ? from : bundle + "/" + from
            attributes = options.attributes | (options.recursive ? 0 : UInt32(SWL_ATTR_NOT_RECURSIVE))
        } else {
            let types = [
                "proc": SWL_MOUNT_PROC, "sysfs": SWL_MOUNT_SYSFS, "cgroup": SWL_MOUNT_CGROUP2, "cgroup2": SWL_MOUNT_CGROUP2,
                "devpts": SWL_MOUNT_DEVPTS, "tmpfs": SWL_MOUNT_TMPFS, "mqueue": SWL_MOUNT_MQUEUE,
            ]
            guard let known = types[type] else {
                throw OCIBundle.unsupported("\(place): type \"\(type)\"", "wanted bind, \(types.keys.sorted().joined(separator: ", "))")
            }
            guard options.propagation == nil else { throw OCIBundle.unsupported(place + ": propagation of a \(type)", "it is for bind mounts") }
            self.type = known
            source = nil
            attributes = options.attributes
        }
        propagation = options.propagation ?? SWL_PROPAGATION_PRIVATE
        data = options.data.joined(separator: ",")
    }

    /// Opens what is bound: from then on the object is meant, whatever happens to its name. Blocking.
    func openSource() throws(RuntimeFailure) -> OwnedFileDescriptor? {
        guard let source else { return nil }
        do throws(SystemError) {
            return try OwnedFileDescriptor.open(source, SWL_O_PATH)
        } catch {
            throw OCIBundle.invalid("mounts: \(destination)", "a source that cannot be opened (\(error))", "a file or directory")
        }
    }

    /// The meaning of the words of `options`.
    struct Options {
        var attributes: UInt32 = 0
        var propagation: swl_propagation?
        var bind = false
        var recursive = false
        var data: [String] = []

        /// Each with what it sets and what it takes back.
        private static let attributes: [String: (set: Int32, clear: Int32)] = [
            "ro": (SWL_ATTR_READONLY, 0), "rw": (0, SWL_ATTR_READONLY), "nosuid": (SWL_ATTR_NOSUID, 0), "suid": (0, SWL_ATTR_NOSUID),
            "nodev": (SWL_ATTR_NODEV, 0), "dev": (0, SWL_ATTR_NODEV), "noexec": (SWL_ATTR_NOEXEC, 0), "exec": (0, SWL_ATTR_NOEXEC),
            "noatime": (SWL_ATTR_NOATIME, 0), "atime": (0, SWL_ATTR_NOATIME), "strictatime": (SWL_ATTR_STRICTATIME, 0),
            "nostrictatime": (0, SWL_ATTR_STRICTATIME), "nodiratime": (SWL_ATTR_NODIRATIME, 0), "diratime": (0, SWL_ATTR_NODIRATIME),
            "nosymfollow": (SWL_ATTR_NOSYMFOLLOW, 0), "symfollow": (0, SWL_ATTR_NOSYMFOLLOW),
            "rro": (SWL_ATTR_READONLY | SWL_ATTR_RECURSIVE_READONLY, 0),
            "idmap": (SWL_ATTR_IDMAPPED, 0),
            // The kernel's defaults.
            "defaults": (0, 0), "relatime": (0, 0), "norelatime": (0, 0), "async": (0, 0), "nomand": (0, 0), "noiversion": (0, 0),
            "nolazytime": (0, 0),
        ]
        private static let propagations: [String: swl_propagation] = [
            "private": SWL_PROPAGATION_PRIVATE, "rprivate": SWL_PROPAGATION_PRIVATE, "slave": SWL_PROPAGATION_SLAVE,
            "rslave": SWL_PROPAGATION_SLAVE, "shared": SWL_PROPAGATION_SHARED, "rshared": SWL_PROPAGATION_SHARED,
        ]
        /// Of the file system as a whole, and therefore not for bind mounts, which would change it for the host as well.
        private static let wholeFileSystem: Set<String> = ["sync", "dirsync", "lazytime"]
        /// Options that this runtime does not support. Everything else is an option of the file system, which checks it.
        private static let refused: Set<String> = [
            "unbindable", "runbindable", "mand", "iversion", "silent", "loud", "remount", "ridmap", "tmpcopyup",
            "copy-symlink", "rrw", "rnosuid", "rsuid", "rnodev", "rdev", "rnoexec", "rexec", "rnoatime", "ratime", "rstrictatime", "rnostrictatime",
            "rnodiratime", "rdiratime", "rrelatime", "rnorelatime", "rnosymfollow", "rsymfollow",
        ]

        /// All words that are understood, for `features`.
        static var known: [String] { (Array(attributes.keys) + propagations.keys + wholeFileSystem + ["bind", "rbind"]).sorted() }

        mutating func take(_ option: String, _ place: String) throws(RuntimeFailure) {
            if let change = Self.attributes[option] {
                attributes = attributes & ~UInt32(change.clear) | UInt32(change.set)
            } else if let known = Self.propagations[option] {
                propagation = known
            } else if option == "bind" || option == "rbind" {
                bind = true
                recursive = option == "rbind"
            } else if Self.refused.contains(option) {
                throw OCIBundle.unsupported("\(place): the option \(option)")
            } else {
                guard !option.contains(","), !option.utf8.contains(0) else { throw OCIBundle.invalid(place, "the option \"\(option)\"", "one word") }
                data.append(option)
            }
        }
    }
}
