// The process of one pod, which the spawner starts in a fork. Includes all wings but spawner. Inside, each header includes only
// headers before it: state.h (structs, state files, events), readers.h, task.h (children of every kind), container.h, exec.h,
// verbs.h (requests).
#pragma once

#include "system/system.h"

// The first packet of a new shim on its channel to the spawner. Without a fault, a pidfd of the shim travels beside it.
struct shim_announcement {
    struct fault fault;
    int32_t pid;
};

// Takes over this process, announces on `ready` that the socket listens, and never returns.
_Noreturn void sandbox_main(const char *id, int directory, int ready, const struct swl_shim_limits *limits);
