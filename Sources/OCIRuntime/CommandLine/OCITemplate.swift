import Glibc
import LinuxSystem
import PodCore

/// The `config.json` that `spec` writes: a shell in namespaces of its own, to be changed to one's needs.
enum OCITemplate {
    static func write(to directory: String) throws(RuntimeFailure) {
        let path = directory + "/config.json"
        do throws(SystemError) {
            let file = try OwnedFileDescriptor.open(path, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
            try file.writeAll(Array(text.utf8))
        } catch {
            if error.is(EEXIST) {
                throw RuntimeFailure(.create, "\(path) exists already: remove it first, or name another directory by --bundle")
            }
            throw RuntimeFailure(.create, "the template cannot be written: \(error)")
        }
    }

    static let text = """
        {
        \t"ociVersion": "\(OCIFeatures.specification)",
        \t"process": {
        \t\t"terminal": true,
        \t\t"user": { "uid": 0, "gid": 0 },
        \t\t"args": [ "sh" ],
        \t\t"env": [ "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm" ],
        \t\t"cwd": "/",
        \t\t"capabilities": {
        \t\t\t"bounding": [ "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" ],
        \t\t\t"effective": [ "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" ],
        \t\t\t"permitted": [ "CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE" ]
        \t\t},
        \t\t"rlimits": [ { "type": "RLIMIT_NOFILE", "hard": 1024, "soft": 1024 } ],
        \t\t"noNewPrivileges": true
        \t},
        \t"root": { "path": "rootfs", "readonly": true },
        \t"hostname": "swiftlet",
        \t"mounts": [
        \t\t{ "destination": "/proc", "type": "proc", "source": "proc" },
        \t\t{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": [ "nosuid", "strictatime", "mode=755", "size=65536k" ] },
        \t\t{ "destination": "/dev/pts", "type": "devpts", "source": "devpts",
        \t\t  "options": [ "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" ] },
        \t\t{ "destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": [ "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" ] },
        \t\t{ "destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": [ "nosuid", "noexec", "nodev" ] },
        \t\t{ "destination": "/sys", "type": "sysfs", "source": "sysfs", "options": [ "nosuid", "noexec", "nodev", "ro" ] },
        \t\t{ "destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": [ "nosuid", "noexec", "nodev", "relatime", "ro" ] }
        \t],
        \t"linux": {
        \t\t"resources": { "devices": [ { "allow": false, "access": "rwm" } ] },
        \t\t"namespaces": [
        \t\t\t{ "type": "pid" }, { "type": "network" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }, { "type": "cgroup" }
        \t\t],
        \t\t"maskedPaths": [
        \t\t\t"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats",
        \t\t\t"/proc/sched_debug", "/sys/firmware", "/proc/scsi"
        \t\t],
        \t\t"readonlyPaths": [ "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger" ]
        \t}
        }

        """
}
