/// Processes in messages and state files, and the small payloads of requests. Part of swl_wire.h.
#ifndef SWL_STATE_H
#define SWL_STATE_H

#include <stdint.h>

/// A process of /proc. `start_time` is field 22 of /proc/PID/stat (clock ticks since boot): pid and start time together identify
/// a process until the next boot.
struct swl_process {
    int32_t pid; ///< in the shim's (host) pid namespace
    uint32_t reserved;
    uint64_t start_time;
    int64_t started_at; ///< ns since 1970 at the exec; 0 before it
};

/// The end of a process; also the whole content of `containers/<cid>/exit`.
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

/// Every process of the container's cgroup and those below: SIGKILL goes by cgroup.kill, other signals go to each member. For an
/// exec: the cgroup that the shim made for it, which setsid() does not leave. Without a cgroup only the init process (with its
/// pid namespace, if it has one), or the exec's process group, is reached.
#define SWL_SIGNAL_ALL 1

/// Limits of a new shim process. Absent: nofile 65536, core UINT64_MAX, oom_score_adj -998. A limit that the kernel does not let
/// the shim change stays.
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

_Static_assert(sizeof(struct swl_process) == 24, "swl_process");
_Static_assert(sizeof(struct swl_exit) == 48, "swl_exit");
_Static_assert(sizeof(struct swl_sandbox_state) == 104, "swl_sandbox_state");
_Static_assert(sizeof(struct swl_container_state) == 88, "swl_container_state");
_Static_assert(sizeof(struct swl_exec_state) == 32, "swl_exec_state");
_Static_assert(sizeof(struct swl_signal) == 8, "swl_signal");
_Static_assert(sizeof(struct swl_shim_limits) == 24, "swl_shim_limits");
_Static_assert(sizeof(struct swl_shim_info) == 16, "swl_shim_info");

#endif
