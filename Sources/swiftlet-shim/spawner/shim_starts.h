// Shims that have been forked and have not announced themselves yet.
#pragma once

#include "loop/loop.h"

// Forks the requested shim and answers once it listens. Does not wait for the shim: others can start meanwhile, and a shim on a
// slow disk or in a frozen cgroup blocks no other.
int shim_start(struct server *spawner, int run_directory, const struct client *client, const struct request *request,
               struct fault *fault);
// Returns the milliseconds until the next deadline, or -1 without one.
int shim_starts_timeout(void);
// Reports every shim that did not listen in time as failed.
void shim_starts_expire(struct server *spawner);
