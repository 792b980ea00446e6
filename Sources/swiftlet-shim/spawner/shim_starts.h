// Shims that have been forked and have not said yet whether they listen.
#pragma once

#include "loop/loop.h"

// Forks the shim that `request` asks for, and answers when it listens. Does not wait for it: others can be started meanwhile, and a shim on a slow disk or
// in a frozen cgroup holds up nobody.
int shim_start(struct server *spawner, int run_directory, const struct client *client, const struct request *request,
               struct fault *fault);
// Milliseconds until the next deadline; -1 = there is none.
int shim_starts_timeout(void);
// Answers for those that have not listened in time.
void shim_starts_expire(struct server *spawner);
