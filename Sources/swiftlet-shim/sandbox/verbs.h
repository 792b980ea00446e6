// The requests of a sandbox process.
#pragma once

#include "sandbox/exec.h"

// pause_task.c
extern const struct task_kind pause_kind;
int sandbox_create(struct sandbox *sandbox, struct client *client, struct request *request, struct fault *fault);

// signal.c
int send_signal(struct sandbox *sandbox, const struct request *request, struct fault *fault);

// query.c
void reply_query(struct sandbox *sandbox, uint64_t client, const struct request *request);

// shutdown.c
int shut_down(struct sandbox *sandbox, struct client *client, const struct request *request, struct fault *fault);
// Continues the end that shut_down() began, when a step is due; does not return from the last step.
void shut_down_step(struct sandbox *sandbox);

// verbs.c
void sandbox_handle(struct server *server, struct client *client, struct request *request);
