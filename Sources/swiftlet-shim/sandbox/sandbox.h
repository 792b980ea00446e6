// The process of one pod. What the spawner starts in a fork; it lives as long as the pod. Includes all wings but spawner; inside, each header includes
// only headers before it: state.h (what there is), task.h (children, of whatever kind), container.h, exec.h, verbs.h (what clients ask for).
#pragma once

#include "system/system.h"

// The first packet of a new shim on its channel to the spawner, with a pidfd of the shim beside it when there is no fault.
struct shim_announcement {
    struct fault fault;
    int32_t pid;
};

// Takes over this process, announces on `ready` that the socket listens, never returns.
_Noreturn void sandbox_main(const char *id, int directory, int ready, const struct swl_shim_limits *limits);
