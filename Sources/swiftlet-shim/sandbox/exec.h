// Further processes in running containers.
#pragma once

#include "sandbox/container.h"

// exec_task.c
int container_exec(struct sandbox *sandbox, struct client *client, struct request *request, struct fault *fault);
