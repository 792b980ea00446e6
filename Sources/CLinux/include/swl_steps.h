/// The outcome of a request: which step failed, and how. Part of swl_wire.h.
#ifndef SWL_STEPS_H
#define SWL_STEPS_H

#include <stdint.h>

/// The failed step. The number is for programs, the text beside it for people.
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
    SWL_STEP_LIMIT = 31, ///< a limit of the shim (SWL_CONTAINERS_MAX, descriptors, memory)
    SWL_STEP_TERMINAL = 32,
    SWL_STEP_APPARMOR = 33,
    SWL_STEP_USER_NAMESPACE = 34, ///< the user namespace, its mappings, mounts with shifted ids
    SWL_STEP_HOOK = 35,
    SWL_STEP_SCHEDULING = 36, ///< scheduler, I/O priority, personality, CPU affinity
};

struct swl_status {
    uint16_t step; ///< enum swl_step; 0 with error 0 is success
    uint16_t reserved;
    int32_t error; ///< errno, 0 = success
};

_Static_assert(sizeof(struct swl_status) == 8, "swl_status");

#endif
