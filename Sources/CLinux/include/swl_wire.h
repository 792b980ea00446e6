/// The language between the agent (Swift) and swiftlet-shim (C): messages on unix sockets, records in files, and the files
/// that the shim leaves in the run directory. Both sides compile this header; nothing else describes the format.
///
/// Transport: SOCK_SEQPACKET unix sockets (`<run>/spawner.sock`, `<run>/sandboxes/<id>/shim.sock`, mode 0600, peer uid 0).
/// One packet is one message: `swl_header`, then fields. Integers are in the byte order of the machine.
///
/// Field: `swl_field`, then `length` payload bytes, then zero bytes up to the next multiple of 8. A tag may repeat where its
/// description says "list". Strings are raw bytes: no NUL inside, none at the end. A struct may be followed by the strings
/// whose lengths it states, back to back, without padding between them. A reader that does not know a tag skips it, unless
/// SWL_FIELD_MUST_UNDERSTAND is set: then the whole message or record is refused. A struct longer than the reader's
/// definition is refused; new members therefore arrive as new tags.
///
/// Record: what is too big for a packet (SWL_VERB_CREATE_SANDBOX, _LAUNCH, _EXEC). `swl_record`, then fields, in a file or
/// memfd whose descriptor travels with the request. Read from offset 0, at most SWL_RECORD_MAX bytes.
///
/// Descriptors: SCM_RIGHTS of the same packet, at most SWL_FDS_MAX. SWL_TAG_FDS (u32 array) states the role of each, in
/// order; a request with descriptors and without matching roles is refused.
///
/// Versions: `version` rises only when an existing layout changes. A shim answers the versions 1...SWL_WIRE_VERSION, and
/// SWL_VERB_PING tells which one it was built with, so that an agent can talk to the shims of its predecessor.
#ifndef SWL_WIRE_H
#define SWL_WIRE_H

#include <stdint.h>

#include "swl_record.h"

#define SWL_WIRE_VERSION 1
/// "SWLM" in a little-endian dump.
#define SWL_WIRE_MAGIC 0x4d4c5753u
/// "SWLR"
#define SWL_RECORD_MAGIC 0x524c5753u
/// "SWLS": the state files.
#define SWL_STATE_MAGIC 0x534c5753u
/// "SWLX": the exit files.
#define SWL_EXIT_MAGIC 0x584c5753u

/// Bytes of the longest message, header included, in both directions.
#define SWL_MESSAGE_MAX 65536
/// Bytes of the longest record.
#define SWL_RECORD_MAX 4194304
/// Descriptors of one message (the kernel's SCM_MAX_FD).
#define SWL_FDS_MAX 253
/// Bytes of an explaining text.
#define SWL_TEXT_MAX 512
/// Bytes of a sandbox, container or exec id; the characters are [a-z0-9-].
#define SWL_ID_MAX 64
/// Containers (running or exited and not yet removed), and execs (running), of one sandbox.
#define SWL_CONTAINERS_MAX 128
#define SWL_EXECS_MAX 256
/// Readers of one container's output at the same time, and how long one may take nothing.
#define SWL_ATTACHED_MAX 16
#define SWL_ATTACH_STALL_SECONDS 10
/// Ranges of a user namespace's mapping.
#define SWL_ID_MAPPINGS_MAX 16

/// Start of every message.
struct swl_header {
    uint32_t magic;    ///< SWL_WIRE_MAGIC
    uint16_t version;  ///< SWL_WIRE_VERSION
    uint16_t type;     ///< enum swl_type
    uint32_t length;   ///< bytes of the whole packet, this header included
    uint32_t sequence; ///< chosen by the client, repeated in the reply; 0 in events
};

/// Start of every record.
struct swl_record {
    uint32_t magic;    ///< SWL_RECORD_MAGIC
    uint16_t version;  ///< SWL_WIRE_VERSION
    uint16_t kind;     ///< enum swl_kind
    uint32_t length;   ///< bytes of the whole record, this header included
    uint32_t reserved; ///< 0
};

/// Start of every field, in messages and records alike.
struct swl_field {
    uint16_t tag;    ///< enum swl_tag
    uint16_t flags;  ///< SWL_FIELD_MUST_UNDERSTAND
    uint32_t length; ///< bytes of the payload without the padding to 8
};

#define SWL_FIELD_MUST_UNDERSTAND 1

enum swl_kind {
    SWL_KIND_SANDBOX = 1, ///< for SWL_VERB_CREATE_SANDBOX
    SWL_KIND_LAUNCH = 2,  ///< for SWL_VERB_LAUNCH
    SWL_KIND_EXEC = 3,    ///< for SWL_VERB_EXEC
};

/// Message types. A reply's type is its request's type | SWL_REPLY; events have SWL_EVENT set.
/// After each verb: the fields it takes and fds -> the fields and fds of the successful reply. Every reply starts with
/// SWL_TAG_STATUS; a failed one carries SWL_TAG_STATUS_TEXT and nothing else.
enum swl_type {
    /// Both sockets. -> SHIM_INFO.
    SWL_VERB_PING = 1,
    /// Spawner socket. SANDBOX_ID, [SHIM_LIMITS], fds [CGROUP: that of the new shim] -> PROCESS, fds PIDFD of the shim.
    /// The directory `<run>/sandboxes/<id>/` must exist. When the reply comes the sandbox's socket listens. EEXIST if a
    /// live shim already listens there.
    SWL_VERB_SPAWN = 2,

    /// The rest: sandbox socket. fds RECORD, [CGROUP], NAMESPACE list -> PROCESS of the pause, WARNING list, fds PIDFD, NETNS. Once per shim: EEXIST.
    SWL_VERB_CREATE_SANDBOX = 16,
    /// CONTAINER_ID, fds RECORD, [CGROUP], MOUNT_SOURCE list, NAMESPACE list, [HOOK_STATE], [STDIN], [STDOUT], [STDERR]
    /// -> PROCESS, WARNING list, fds PIDFD, [TERMINAL].
    /// The reply comes after the program was exec'ed (PROCESS_HOLD: when it is ready to be). The directory `containers/<cid>/` of the sandbox
    /// must exist. Needs a sandbox. With STD* the program has these (a missing one is /dev/null), and no log, stdin or terminal may be asked
    /// for. With PROCESS_TERMINAL and without LOG_PATH the terminal is the client's: TERMINAL is its master side, STDIN, ATTACH and RESIZE
    /// do not reach it, and whoever closes it hangs up on the program.
    SWL_VERB_LAUNCH = 17,
    /// CONTAINER_ID, EXEC_ID, fds RECORD, [STDIN], [STDOUT], [STDERR] (a missing one is /dev/null), [CGROUP: default one of its own
    /// below the container's] -> PROCESS, WARNING list, fds PIDFD, with PROCESS_TERMINAL also TERMINAL (then no STD* may be sent; whoever
    /// closes the terminal hangs up on the program). The reply comes after the exec.
    SWL_VERB_EXEC = 18,
    /// CONTAINER_ID [+ EXEC_ID], SIGNAL -> nothing. ESRCH if it does not run any more.
    SWL_VERB_SIGNAL = 19,
    /// -> SANDBOX_STATE, CONTAINER_STATE list, EXEC_STATE list; fds (when a sandbox exists and its pause lives) PIDFD, NETNS of the pause,
    /// then one CONTAINER_PIDFD for every CONTAINER_STATE in state SWL_STATE_RUNNING, in the order of those fields.
    SWL_VERB_QUERY = 20,
    /// CONTAINER_ID -> nothing. Forgets an exited container (EBUSY while it runs); its files are the agent's to delete.
    SWL_VERB_REMOVE = 21,
    /// CONTAINER_ID -> nothing. Closes the log file and opens (creates) it again at the record's path.
    SWL_VERB_REOPEN_LOG = 22,
    /// From now on this connection gets events. -> nothing. A subscriber whose socket is full is hung up on; QUERY then tells what it has missed.
    SWL_VERB_SUBSCRIBE = 23,
    /// CONTAINER_ID -> fds STDIN: a write end of the container's stdin (record with SWL_STDIN_OPEN only). With
    /// SWL_STDIN_ONCE it is the only one: the container sees end of file when the client closes it; a second time: EPIPE.
    /// A container with a terminal has no end of file there: STDIN is its terminal, non-blocking, to be written to and never read.
    SWL_VERB_STDIN = 24,
    /// Kills every container, then the pause, replies, removes the socket and exits. Exit records are written. -> nothing.
    SWL_VERB_SHUTDOWN = 25,
    /// CONTAINER_ID -> PROCESS, fds PIDFD. Lets a container that was launched with PROCESS_HOLD run its program. The reply comes after
    /// the exec, or when it is held again (SWL_HOLD_ROOT with SWL_HOLD_EXEC). EALREADY when it is not held. A start that fails, and a held
    /// container that is killed, is an exit like any other.
    SWL_VERB_START = 26,
    /// CONTAINER_ID, fds [STDOUT], [STDERR] (write ends of pipes; with a terminal only STDOUT counts) -> nothing. From now on what the
    /// container writes goes there as well as to its log. A reader that is slow slows the container; one that takes nothing for
    /// SWL_ATTACH_STALL_SECONDS is let go, which WARNING tells. At most SWL_ATTACHED_MAX per container. At the container's end each reader still gets the
    /// rest, then the end of its pipe. ESRCH when it does not run.
    SWL_VERB_ATTACH = 27,
    /// CONTAINER_ID, CONSOLE_SIZE -> nothing. ENOTTY for a container without a terminal, ESRCH for one that has exited. The terminal of
    /// an exec belongs to the client that asked for it, which sets its size itself (TIOCSWINSZ).
    SWL_VERB_RESIZE = 28,

    SWL_REPLY = 0x4000,
    SWL_EVENT = 0x8000,
    /// CONTAINER_ID, PROCESS, WARNING list. Sent to all subscribers, also to the one that launched.
    SWL_EVENT_STARTED = 0x8001,
    /// CONTAINER_ID, EXIT. The exit file is on disk.
    SWL_EVENT_EXITED = 0x8002,
    /// CONTAINER_ID, EXEC_ID, EXIT.
    SWL_EVENT_EXEC_EXITED = 0x8003,
    /// EXIT of the pause: the sandbox is dead, its containers may live on; SHUTDOWN is what remains.
    SWL_EVENT_SANDBOX_EXITED = 0x8004,
    /// CONTAINER_ID. The log file was rotated by size, once or, where the subscriber read late, more often.
    SWL_EVENT_LOG_ROTATED = 0x8005,
    /// CONTAINER_ID, WARNING. Something went wrong after the start that is nobody's reply (a log that cannot be written, a reader
    /// that was let go).
    SWL_EVENT_WARNING = 0x8006,
};

/// Tags of fields. Payload: a struct below, u32, i32, u32 array, bytes, or string (str). R marks what the record kinds require.
/// In records the names are those of the OCI runtime specification.
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
    SWL_TAG_PROCESS_APPARMOR_PROFILE = 13, ///< str: profile that the program is confined by from its exec on
    SWL_TAG_PROCESS_HOLD = 14,             ///< u32 SWL_HOLD_* (LAUNCH): waits there for SWL_VERB_START
    SWL_TAG_PROCESS_SCHEDULER = 15,        ///< swl_scheduler
    SWL_TAG_PROCESS_IO_PRIORITY = 16,      ///< u32 as ioprio_set() takes it: class << 13 | level
    SWL_TAG_PROCESS_PERSONALITY = 17,      ///< u32 as personality() takes it
    SWL_TAG_PROCESS_CPU_AFFINITY = 18,     ///< bytes (EXEC): as sched_setaffinity() takes it

    // Root file system: LAUNCH.
    SWL_TAG_ROOT_PATH = 20,            ///< str, R: host directory that the overlay is mounted on in the container's own mount
                                       ///< namespace (the host never sees it); without lower directories it is the root itself
    SWL_TAG_ROOT_READONLY = 21,        ///< u32 0 or 1; absent = 0
    SWL_TAG_ROOT_OVERLAY_LOWER = 22,   ///< str, list: absolute host directories, uppermost first
    SWL_TAG_ROOT_OVERLAY_UPPER = 23,   ///< str; absent (with lowers) = read-only overlay
    SWL_TAG_ROOT_OVERLAY_WORK = 24,    ///< str; with UPPER
    SWL_TAG_ROOT_OVERLAY_OPTIONS = 25, ///< str: further overlay options, comma separated ("volatile")
    SWL_TAG_ROOTFS_PROPAGATION = 26, ///< u32 enum swl_propagation, of the root and not of what is mounted in it; absent = private
    SWL_TAG_ROOT_VOLUME = 27,        ///< str, list: directory in it that stays writable with ROOT_READONLY; made when missing

    // Mounts and paths: LAUNCH. Mounts happen in the order of the list. Default device nodes, ptmx and the /dev/std* links
    // are made after the mounts if /dev is one of them with type TMPFS.
    SWL_TAG_MOUNT = 30,         ///< swl_mount + destination + data, list
    SWL_TAG_MASKED_PATH = 31,   ///< str, list; missing ones are ignored
    SWL_TAG_READONLY_PATH = 32, ///< str, list; missing ones are ignored
    SWL_TAG_DEVICE = 33,        ///< swl_device + path, list: beyond the default ones
    SWL_TAG_HOST_DEVICES = 34,  ///< u32; 1 = every device node of the host's /dev as well (privileged)
    SWL_TAG_DEVICE_RULE = 35,   ///< swl_device_rule, list: instead of what DEVICE allows; the default devices stay

    // Linux.
    SWL_TAG_HOSTNAME = 40,    ///< str: SANDBOX with a new uts namespace
    SWL_TAG_SYSCTL = 41,      ///< swl_sysctl + key + value, list: SANDBOX and LAUNCH; only of namespaces that are the pod's own
    SWL_TAG_NAMESPACES = 42,  ///< swl_namespaces, R in SANDBOX and LAUNCH
    SWL_TAG_PID_TARGET = 43,  ///< str: container id, with pid = SWL_NS_TARGET
    SWL_TAG_DOMAINNAME = 44,  ///< str: SANDBOX with a new uts namespace
    SWL_TAG_UID_MAPPING = 45, ///< swl_id_mapping, list: SANDBOX with a new user namespace
    SWL_TAG_GID_MAPPING = 46, ///< swl_id_mapping, list: likewise
    SWL_TAG_TIME_NAMESPACE = 47, ///< u32 SWL_NS_NEW or SWL_NS_GIVEN (LAUNCH); absent = the host's
    SWL_TAG_TIME_OFFSET = 48,    ///< swl_time_offset, list: with a new time namespace
    SWL_TAG_SECCOMP_FILTER = 50, ///< bytes: struct sock_filter array, R; length 0 = unconfined, said on purpose
    SWL_TAG_SECCOMP_FLAGS = 51,  ///< u32: SECCOMP_FILTER_FLAG_LOG, _SPEC_ALLOW; others are refused
    SWL_TAG_HOOK = 52,           ///< swl_hook + path, list (LAUNCH): run in this order
    SWL_TAG_HOOK_ARGUMENT = 53,  ///< str, list: the arguments of the first hook, then of the next
    SWL_TAG_HOOK_VARIABLE = 54,  ///< str, list: NAME=value, likewise; nothing is added
    SWL_TAG_CGROUP_PATH = 60,    ///< str: absolute directory; used when no CGROUP descriptor came with the request

    // Of the shim, not of OCI.
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
    SWL_TAG_WARNING = 209,         ///< swl_status + text (the rest of the payload): went on without it
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
    SWL_FD_HOOK_STATE = 12, ///< LAUNCH with HOOK: a file, stdin of each hook from its start on; may change until START
};

/// Which step failed. The number is for programs, the text beside it for people.
enum swl_step {
    SWL_STEP_NONE = 0,
    SWL_STEP_MESSAGE = 1,      ///< malformed request, unknown verb or must-understand tag
    SWL_STEP_RECORD = 2,       ///< malformed, incomplete or contradictory record
    SWL_STEP_LOOKUP = 3,       ///< ESRCH/ENOENT no such object, EEXIST it exists, EBUSY it still runs
    SWL_STEP_SPAWN = 4,        ///< the shim could not be started
    SWL_STEP_STATE_FILE = 5,   ///< run directory, state or exit file
    SWL_STEP_LOG = 6,          ///< log file
    SWL_STEP_STDIO = 7,        ///< pipes, stdin, stdout, stderr
    SWL_STEP_CLONE = 8,        ///< clone3
    SWL_STEP_CGROUP = 9,       ///< cgroup directory, CLONE_INTO_CGROUP
    SWL_STEP_NAMESPACES = 10,  ///< joining or making namespaces
    SWL_STEP_PROPAGATION = 11, ///< private or slave root of the new mount namespace
    SWL_STEP_ROOTFS = 12,      ///< root directory, overlay
    SWL_STEP_MOUNT = 13,       ///< one of the mounts
    SWL_STEP_DEVICES = 14,
    SWL_STEP_MASKED_PATH = 15,
    SWL_STEP_READONLY_PATH = 16,
    SWL_STEP_PIVOT_ROOT = 17,
    SWL_STEP_HOSTNAME = 18,
    SWL_STEP_SYSCTL = 19,
    SWL_STEP_RLIMIT = 20,
    SWL_STEP_OOM_SCORE_ADJ = 21,
    SWL_STEP_SESSION = 22, ///< setsid, session keyring
    SWL_STEP_USER = 23,    ///< groups, gid, uid
    SWL_STEP_CAPABILITIES = 24,
    SWL_STEP_NO_NEW_PRIVILEGES = 25,
    SWL_STEP_SECCOMP = 26,
    SWL_STEP_CWD = 27,
    SWL_STEP_CLOSE_FDS = 28,
    SWL_STEP_EXEC = 29, ///< exec: "prog": then one of: executable file not found in $PATH, no such file or directory,
                        ///< permission denied, is a directory, exec format error, or the errno's text
    SWL_STEP_SIGNAL = 30,
    SWL_STEP_LIMIT = 31, ///< a bound of the shim (SWL_CONTAINERS_MAX, descriptors, memory)
    SWL_STEP_TERMINAL = 32,
    SWL_STEP_APPARMOR = 33,
    SWL_STEP_USER_NAMESPACE = 34, ///< making it, its mappings, mounts with shifted ids
    SWL_STEP_HOOK = 35,
    SWL_STEP_SCHEDULING = 36, ///< scheduler, I/O priority, personality, CPU affinity
};

struct swl_status {
    uint16_t step; ///< enum swl_step; 0 with error 0 is success
    uint16_t reserved;
    int32_t error; ///< errno, 0 = success
};

/// A process as /proc tells it. `start_time` is field 22 of /proc/PID/stat (clock ticks since boot): pid and start time
/// together name a process for as long as the machine runs.
struct swl_process {
    int32_t pid; ///< in the shim's (host) pid namespace
    uint32_t reserved;
    uint64_t start_time;
    int64_t started_at; ///< ns since 1970 at the exec; 0 before it
};

/// How a process ended; also the whole content of `containers/<cid>/exit`.
struct swl_exit {
    uint32_t magic;   ///< SWL_EXIT_MAGIC
    uint16_t version; ///< SWL_WIRE_VERSION
    uint16_t flags;   ///< SWL_EXIT_*
    int32_t pid;
    int32_t exit_code; ///< 0...255; 128 + signal when killed by a signal
    int32_t signal;    ///< 0 or the signal
    uint32_t reserved;
    uint64_t start_time; ///< as in swl_process
    int64_t started_at;  ///< ns since 1970
    int64_t finished_at; ///< ns since 1970
};

/// The kernel's OOM killer struck in the container's cgroup (memory.events oom_kill rose).
#define SWL_EXIT_OOM_KILLED 1

enum swl_state {
    SWL_STATE_NONE = 0,     ///< sandbox: not created yet
    SWL_STATE_STARTING = 1, ///< cloned, not exec'ed
    SWL_STATE_RUNNING = 2,
    SWL_STATE_EXITED = 3,
    SWL_STATE_CREATED = 4, ///< held before its exec, see PROCESS_HOLD
};

/// SANDBOX_STATE, and the whole content of `state` in the sandbox's directory.
struct swl_sandbox_state {
    uint32_t magic;   ///< SWL_STATE_MAGIC
    uint16_t version; ///< SWL_WIRE_VERSION
    uint16_t state;   ///< enum swl_state of the pause
    struct swl_process shim;
    struct swl_process pause; ///< zero when there is none yet
    struct swl_exit exit;     ///< of the pause; magic 0 until it exited
};

/// CONTAINER_STATE (id follows), and the content of `containers/<cid>/state` (id follows there too).
struct swl_container_state {
    uint32_t magic;   ///< SWL_STATE_MAGIC
    uint16_t version; ///< SWL_WIRE_VERSION
    uint16_t state;   ///< enum swl_state
    struct swl_process process;
    struct swl_exit exit; ///< magic 0 until it exited
    uint32_t id_length;
    uint32_t reserved;
};

/// EXEC_STATE; only running ones exist. Exec id, then container id follow.
struct swl_exec_state {
    struct swl_process process;
    uint32_t id_length;
    uint32_t container_id_length;
};

struct swl_signal {
    int32_t signal;
    uint32_t flags; ///< SWL_SIGNAL_*
};

/// Every process of the container's cgroup and those below: SIGKILL goes by cgroup.kill, others to each member. For an exec: those of
/// the cgroup that the shim made for it, which it cannot leave by setsid(). Without a cgroup only the init process (with its pid
/// namespace, if it has one), or the exec's process group, is reached.
#define SWL_SIGNAL_ALL 1

/// Limits of a new shim process. Absent: nofile 65536, core UINT64_MAX, oom_score_adj -998. What may not be raised or lowered stays.
struct swl_shim_limits {
    uint64_t nofile;
    uint64_t core;
    int32_t oom_score_adj;
    uint32_t umask;
};

struct swl_shim_info {
    uint32_t wire_version; ///< SWL_WIRE_VERSION of the shim's build
    int32_t pid;
    uint64_t start_time;
};

_Static_assert(sizeof(struct swl_header) == 16, "swl_header");
_Static_assert(sizeof(struct swl_record) == 16, "swl_record");
_Static_assert(sizeof(struct swl_field) == 8, "swl_field");
_Static_assert(sizeof(struct swl_status) == 8, "swl_status");
_Static_assert(sizeof(struct swl_process) == 24, "swl_process");
_Static_assert(sizeof(struct swl_exit) == 48, "swl_exit");
_Static_assert(sizeof(struct swl_sandbox_state) == 104, "swl_sandbox_state");
_Static_assert(sizeof(struct swl_container_state) == 88, "swl_container_state");
_Static_assert(sizeof(struct swl_exec_state) == 32, "swl_exec_state");
_Static_assert(sizeof(struct swl_signal) == 8, "swl_signal");
_Static_assert(sizeof(struct swl_shim_limits) == 24, "swl_shim_limits");
_Static_assert(sizeof(struct swl_shim_info) == 16, "swl_shim_info");

#endif
