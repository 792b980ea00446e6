/// The layouts of records: a process, its mounts, devices and namespaces. Part of swl_wire.h, which describes how records travel.
/// The content follows the OCI runtime specification.
#ifndef SWL_RECORD_H
#define SWL_RECORD_H

#include <stdint.h>

struct swl_user {
    uint32_t uid;
    uint32_t gid;
    uint32_t umask;
    uint32_t flags; ///< SWL_USER_UMASK: `umask` is set; else 0022
};

#define SWL_USER_UMASK 1

/// Bit n of each mask is capability number n. A bit beyond the kernel's last capability is refused.
struct swl_capabilities {
    uint64_t bounding;
    uint64_t effective;
    uint64_t inheritable;
    uint64_t permitted;
    uint64_t ambient;
};

struct swl_rlimit {
    uint32_t resource; ///< RLIMIT_* number
    uint32_t reserved;
    uint64_t soft; ///< UINT64_MAX = unlimited
    uint64_t hard;
};

/// In the format of TIOCSWINSZ; 0 x 0 is the kernel's default.
struct swl_console_size {
    uint16_t rows;
    uint16_t columns;
    uint16_t width;  ///< pixels, mostly 0
    uint16_t height; ///< pixels, mostly 0
};

/// One range of /proc/PID/uid_map or gid_map.
struct swl_id_mapping {
    uint32_t container_id;
    uint32_t host_id;
    uint32_t size;
    uint32_t reserved;
};

/// Held before the exec, after every other step.
#define SWL_HOLD_EXEC 1
/// Held with all mounts and devices in place, before the root changes: the host's files are still visible, in the container's
/// namespaces.
#define SWL_HOLD_ROOT 2

/// In the format of sched_setattr().
struct swl_scheduler {
    uint32_t policy; ///< SCHED_*
    int32_t nice;
    uint32_t priority;
    uint32_t reserved;
    uint64_t flags; ///< SCHED_FLAG_*
    uint64_t runtime;
    uint64_t deadline;
    uint64_t period;
};

/// An offset of a new time namespace, in /proc/PID/timens_offsets.
struct swl_time_offset {
    uint32_t clock; ///< CLOCK_MONOTONIC or CLOCK_BOOTTIME
    uint32_t nanoseconds;
    int64_t seconds;
};

enum swl_hook_moment {
    /// In the container's namespaces, with the host's root, after SWL_HOLD_ROOT. Not with a user namespace.
    SWL_HOOK_CREATE_CONTAINER = 1,
    /// In the container, as its user, after SWL_HOLD_EXEC, which this hook requires.
    SWL_HOOK_START_CONTAINER = 2,
};

/// Followed by `path_length` bytes: absolute path of a program. A hook that fails, or takes too long, ends the launch.
struct swl_hook {
    uint32_t moment;  ///< enum swl_hook_moment
    uint32_t seconds; ///< 0 = no limit
    uint32_t argument_count;
    uint32_t variable_count;
    uint32_t path_length;
    uint32_t reserved;
};

#define SWL_STDIN_OPEN 1
#define SWL_STDIN_ONCE 2

enum swl_mount_type {
    SWL_MOUNT_BIND = 1, ///< of descriptor number `source`, with the mounts below it
    SWL_MOUNT_PROC = 2,
    SWL_MOUNT_SYSFS = 3,
    SWL_MOUNT_CGROUP2 = 4,
    SWL_MOUNT_DEVPTS = 5, ///< data absent = newinstance,ptmxmode=0666,mode=0620,gid=5
    SWL_MOUNT_TMPFS = 6,  ///< data e.g. "size=65536k,mode=0755"; uid= and gid= are the container's ids
    SWL_MOUNT_MQUEUE = 7,
};

/// Followed by `destination_length` bytes of the absolute destination in the container, then `data_length` bytes of file system
/// options, comma separated. Missing destinations are made: a file for a file source, a directory otherwise.
struct swl_mount {
    uint32_t type;        ///< enum swl_mount_type
    uint32_t source;      ///< BIND: index among the MOUNT_SOURCE descriptors
    uint32_t attributes;  ///< SWL_ATTR_*
    uint32_t propagation; ///< enum swl_propagation; BIND only
    uint32_t destination_length;
    uint32_t data_length;
};

#define SWL_ATTR_READONLY 1
#define SWL_ATTR_NOSUID 2
#define SWL_ATTR_NODEV 4
#define SWL_ATTR_NOEXEC 8
#define SWL_ATTR_NOATIME 16
/// READONLY for every mount below as well (recursiveReadOnly)
#define SWL_ATTR_RECURSIVE_READONLY 32
/// BIND of the source's own mount only, without the mounts below it
#define SWL_ATTR_NOT_RECURSIVE 64
/// Symbolic links are not followed on this mount
#define SWL_ATTR_NOSYMFOLLOW 128
/// BIND: the sandbox's id mappings shift the owners, so that the container's root is the source's root. Needs a user namespace,
/// and a kernel that can shift owners of the source's file system. Mounts below keep their owners unless RECURSIVE is set too.
#define SWL_ATTR_IDMAPPED 256
/// The attributes hold for every mount below as well
#define SWL_ATTR_RECURSIVE 512
#define SWL_ATTR_STRICTATIME 1024
#define SWL_ATTR_NODIRATIME 2048
#define SWL_ATTR_ALL 4095

enum swl_propagation {
    SWL_PROPAGATION_PRIVATE = 0, ///< Kubernetes None
    SWL_PROPAGATION_SLAVE = 1,   ///< HostToContainer
    SWL_PROPAGATION_SHARED = 2,  ///< Bidirectional; not with a user namespace
    SWL_PROPAGATION_UNBINDABLE = 3,
};

/// Followed by `path_length` bytes: absolute path in the container.
struct swl_device {
    uint32_t type; ///< 'c', 'b' or 'p'
    uint32_t major;
    uint32_t minor;
    uint32_t mode; ///< permission bits
    uint32_t uid;
    uint32_t gid;
    uint32_t path_length;
    uint32_t reserved;
};

#define SWL_DEVICE_READ 1
#define SWL_DEVICE_WRITE 2
#define SWL_DEVICE_ANY UINT32_MAX

/// The last rule about an access to a device decides; an access without a rule is forbidden. A program with CAP_MKNOD may always
/// make a node.
struct swl_device_rule {
    uint32_t type;   ///< 'c', 'b' or 'a' for both
    uint32_t major;  ///< SWL_DEVICE_ANY: all
    uint32_t minor;  ///< likewise
    uint32_t access; ///< SWL_DEVICE_READ, SWL_DEVICE_WRITE
    uint32_t allow;  ///< 0 or 1
    uint32_t reserved;
};

/// Followed by the key ("net.ipv4.ip_forward", or with slashes; the other character stands for itself within a name,
/// "net.ipv4.conf.eth0/1.forwarding") and the value: letters, digits, blanks and ._-/:@, only. Refused unless the sysctl belongs
/// to a network or ipc namespace that is not the host's.
struct swl_sysctl {
    uint32_t key_length;
    uint32_t value_length;
};

enum swl_namespace_mode {
    SWL_NS_HOST = 0, ///< the shim's, which is the host's
    SWL_NS_NEW = 1,
    SWL_NS_SANDBOX = 2, ///< the pause's (LAUNCH only)
    SWL_NS_TARGET = 3,  ///< pid only: of the container SWL_TAG_PID_TARGET (LAUNCH only)
    SWL_NS_GIVEN = 4,   ///< of a NAMESPACE descriptor; its names are not the pod's, its sysctls are unless it is the host's
};

/// enum swl_namespace_mode each. SANDBOX record: network, ipc, uts are NEW, HOST or GIVEN; pid is NEW (shared by the pod) or
/// HOST; mount is NEW; cgroup is HOST; user is HOST or NEW (with mappings; then network, ipc, uts are NEW). LAUNCH record:
/// network, ipc, uts are SANDBOX; pid is NEW, SANDBOX, TARGET, GIVEN or HOST; mount is NEW; cgroup is NEW, GIVEN or HOST; user is
/// HOST, or SANDBOX exactly when the sandbox made one, then nothing is GIVEN. Every other combination is refused.
struct swl_namespaces {
    uint32_t network;
    uint32_t ipc;
    uint32_t uts;
    uint32_t pid;
    uint32_t mount;
    uint32_t cgroup;
    uint32_t user;
    uint32_t reserved;
};

/// Rotation: the file is renamed to `<name>.YYYYMMDD-HHMMSS` (UTC, with `-NNNN` behind it for further files of that second) and
/// opened anew before the line that would make it longer than `max_size` bytes. At most `max_files` files are kept, the current
/// one included. A rotated file compressed to `<rotated>.gz` counts like a plain one, and as one where both exist.
struct swl_log_limits {
    uint64_t max_size;  ///< 0 = never
    uint32_t max_files; ///< at least 2
    uint32_t reserved;
};

_Static_assert(sizeof(struct swl_user) == 16, "swl_user");
_Static_assert(sizeof(struct swl_capabilities) == 40, "swl_capabilities");
_Static_assert(sizeof(struct swl_rlimit) == 24, "swl_rlimit");
_Static_assert(sizeof(struct swl_console_size) == 8, "swl_console_size");
_Static_assert(sizeof(struct swl_id_mapping) == 16, "swl_id_mapping");
_Static_assert(sizeof(struct swl_scheduler) == 48, "swl_scheduler");
_Static_assert(sizeof(struct swl_time_offset) == 16, "swl_time_offset");
_Static_assert(sizeof(struct swl_hook) == 24, "swl_hook");
_Static_assert(sizeof(struct swl_device_rule) == 24, "swl_device_rule");
_Static_assert(sizeof(struct swl_mount) == 24, "swl_mount");
_Static_assert(sizeof(struct swl_device) == 32, "swl_device");
_Static_assert(sizeof(struct swl_sysctl) == 8, "swl_sysctl");
_Static_assert(sizeof(struct swl_namespaces) == 32, "swl_namespaces");
_Static_assert(sizeof(struct swl_log_limits) == 16, "swl_log_limits");

#endif
