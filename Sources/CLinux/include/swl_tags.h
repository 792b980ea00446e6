/// The tags of fields, and the roles of descriptors. Part of swl_wire.h.
#ifndef SWL_TAGS_H
#define SWL_TAGS_H

/// Tags of fields. Payload: a struct of swl_record.h or swl_state.h, u32, i32, u32 array, bytes, or string (str). R marks the
/// fields that a record kind requires. In records the names are those of the OCI runtime specification.
enum swl_tag {
    // Process: LAUNCH and EXEC records.
    SWL_TAG_PROCESS_ARGS = 1,              ///< str, list, R: argv; [0] is looked up in PATH of `env` if it has no slash
    SWL_TAG_PROCESS_ENV = 2,               ///< str, list: NAME=value; nothing is added, HOME and PATH included
    SWL_TAG_PROCESS_CWD = 3,               ///< str, R: absolute, in the container; LAUNCH creates it when missing
    SWL_TAG_PROCESS_USER = 4,              ///< swl_user, R (optional in SANDBOX: default 65535:65535)
    SWL_TAG_PROCESS_ADDITIONAL_GIDS = 5,   ///< u32 array: all supplementary groups; absent = none
    SWL_TAG_PROCESS_CAPABILITIES = 6,      ///< swl_capabilities, R
    SWL_TAG_PROCESS_RLIMIT = 7,            ///< swl_rlimit, list
    SWL_TAG_PROCESS_NO_NEW_PRIVILEGES = 8, ///< u32 0 or 1, R
    SWL_TAG_PROCESS_OOM_SCORE_ADJ = 9,     ///< i32 (also SANDBOX); absent = inherit the shim's
    SWL_TAG_PROCESS_TERMINAL = 10,         ///< u32 0 or 1: stdin, stdout and stderr are a terminal of the container's devpts
    SWL_TAG_PROCESS_STDIN = 11,            ///< u32 SWL_STDIN_* (LAUNCH); absent = /dev/null

    SWL_TAG_PROCESS_CONSOLE_SIZE = 12,     ///< swl_console_size: of the terminal at the start
    SWL_TAG_PROCESS_APPARMOR_PROFILE = 13, ///< str: profile that confines the program from its exec on
    SWL_TAG_PROCESS_HOLD = 14,             ///< u32 SWL_HOLD_* (LAUNCH): waits there for SWL_VERB_START
    SWL_TAG_PROCESS_SCHEDULER = 15,        ///< swl_scheduler
    SWL_TAG_PROCESS_IO_PRIORITY = 16,      ///< u32 in the format of ioprio_set(): class << 13 | level
    SWL_TAG_PROCESS_PERSONALITY = 17,      ///< u32 in the format of personality()
    SWL_TAG_PROCESS_CPU_AFFINITY = 18,     ///< bytes (EXEC) in the format of sched_setaffinity()

    // Root file system: LAUNCH.
    SWL_TAG_ROOT_PATH = 20,            ///< str, R: host directory that the overlay is mounted on in the container's own mount
                                       ///< namespace (the host never sees it); without lower directories it is the root itself
    SWL_TAG_ROOT_READONLY = 21,        ///< u32 0 or 1; absent = 0
    SWL_TAG_ROOT_OVERLAY_LOWER = 22,   ///< str, list: absolute host directories, uppermost first
    SWL_TAG_ROOT_OVERLAY_UPPER = 23,   ///< str; absent (with lowers) = read-only overlay
    SWL_TAG_ROOT_OVERLAY_WORK = 24,    ///< str; with UPPER
    SWL_TAG_ROOT_OVERLAY_OPTIONS = 25, ///< str: further overlay options, comma separated ("volatile")
    SWL_TAG_ROOTFS_PROPAGATION = 26,   ///< u32 enum swl_propagation, of the root mount only; absent = private
    SWL_TAG_ROOT_VOLUME = 27, ///< str, list: directory of the root that stays writable with ROOT_READONLY; made when missing

    // Mounts and paths: LAUNCH. Mounts happen in the order of the list. If /dev is mounted with type TMPFS, the default device
    // nodes, ptmx and the /dev/std* links are made after the mounts.
    SWL_TAG_MOUNT = 30,         ///< swl_mount + destination + data, list
    SWL_TAG_MASKED_PATH = 31,   ///< str, list; missing ones are ignored
    SWL_TAG_READONLY_PATH = 32, ///< str, list; missing ones are ignored
    SWL_TAG_DEVICE = 33,        ///< swl_device + path, list: beyond the default ones
    SWL_TAG_HOST_DEVICES = 34,  ///< u32; 1 = every device node of the host's /dev as well (privileged)
    SWL_TAG_DEVICE_RULE = 35,   ///< swl_device_rule, list: replaces the access that DEVICE allows; the default devices stay

    // Linux.
    SWL_TAG_HOSTNAME = 40,       ///< str: SANDBOX with a new uts namespace
    SWL_TAG_SYSCTL = 41,         ///< swl_sysctl + key + value, list: SANDBOX and LAUNCH; only of the pod's own namespaces
    SWL_TAG_NAMESPACES = 42,     ///< swl_namespaces, R in SANDBOX and LAUNCH
    SWL_TAG_PID_TARGET = 43,     ///< str: container id, with pid = SWL_NS_TARGET
    SWL_TAG_DOMAINNAME = 44,     ///< str: SANDBOX with a new uts namespace
    SWL_TAG_UID_MAPPING = 45,    ///< swl_id_mapping, list: SANDBOX with a new user namespace
    SWL_TAG_GID_MAPPING = 46,    ///< swl_id_mapping, list: likewise
    SWL_TAG_TIME_NAMESPACE = 47, ///< u32 SWL_NS_NEW or SWL_NS_GIVEN (LAUNCH); absent = the host's
    SWL_TAG_TIME_OFFSET = 48,    ///< swl_time_offset, list: with a new time namespace
    SWL_TAG_SECCOMP_FILTER = 50, ///< bytes: struct sock_filter array, R; length 0 = unconfined
    SWL_TAG_SECCOMP_FLAGS = 51,  ///< u32: SECCOMP_FILTER_FLAG_LOG, _SPEC_ALLOW; others are refused
    SWL_TAG_HOOK = 52,           ///< swl_hook + path, list (LAUNCH): run in this order
    SWL_TAG_HOOK_ARGUMENT = 53,  ///< str, list: the arguments of the first hook, then of the next
    SWL_TAG_HOOK_VARIABLE = 54,  ///< str, list: NAME=value, likewise; nothing is added
    SWL_TAG_CGROUP_PATH = 60,    ///< str: absolute directory; used when no CGROUP descriptor came with the request

    // Only of the shim, not in OCI.
    SWL_TAG_LOG_PATH = 70,   ///< str: CRI log file; absent = output is discarded
    SWL_TAG_LOG_LIMITS = 71, ///< swl_log_limits; absent = never rotated
    SWL_TAG_PAUSE_PATH = 80, ///< str, R in SANDBOX: host path of the swiftlet-pause program

    // Messages.
    SWL_TAG_STATUS = 200,          ///< swl_status
    SWL_TAG_STATUS_TEXT = 201,     ///< str <= SWL_TEXT_MAX
    SWL_TAG_FDS = 202,             ///< u32 array of enum swl_fd
    SWL_TAG_SANDBOX_ID = 203,      ///< str
    SWL_TAG_CONTAINER_ID = 204,    ///< str
    SWL_TAG_EXEC_ID = 205,         ///< str; unique within the sandbox while it runs
    SWL_TAG_SIGNAL = 206,          ///< swl_signal
    SWL_TAG_PROCESS = 207,         ///< swl_process
    SWL_TAG_EXIT = 208,            ///< swl_exit
    SWL_TAG_WARNING = 209,         ///< swl_status + text (the rest of the payload): a step that failed and was skipped
    SWL_TAG_SANDBOX_STATE = 210,   ///< swl_sandbox_state
    SWL_TAG_CONTAINER_STATE = 211, ///< swl_container_state + id (id_length bytes)
    SWL_TAG_EXEC_STATE = 212,      ///< swl_exec_state + exec id + container id
    SWL_TAG_SHIM_LIMITS = 213,     ///< swl_shim_limits
    SWL_TAG_SHIM_INFO = 214,       ///< swl_shim_info
    SWL_TAG_CONSOLE_SIZE = 215,    ///< swl_console_size
};

/// Role of a descriptor in a message.
enum swl_fd {
    SWL_FD_RECORD = 1,
    SWL_FD_CGROUP = 2, ///< a cgroup2 directory (O_PATH does), for CLONE_INTO_CGROUP; cgroup.kill, memory.events are read there
    SWL_FD_MOUNT_SOURCE = 3, ///< O_PATH; numbered from 0 in order, see swl_mount.source
    SWL_FD_STDIN = 4,
    SWL_FD_STDOUT = 5,
    SWL_FD_STDERR = 6,
    SWL_FD_PIDFD = 7,
    SWL_FD_NETNS = 8,
    SWL_FD_CONTAINER_PIDFD = 9,
    SWL_FD_TERMINAL = 10,   ///< the master side
    SWL_FD_NAMESPACE = 11,  ///< one for each SWL_NS_GIVEN, in the order network, ipc, uts; LAUNCH: pid, cgroup, time
    SWL_FD_HOOK_STATE = 12, ///< LAUNCH with HOOK: a file, read from the start as stdin of each hook; may change until START
};

#endif
