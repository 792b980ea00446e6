// The requests that a sandbox process answers.
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
// Goes on with the end that shut_down() began, when there is something to go on with; does not return from its last step.
void shut_down_step(struct sandbox *sandbox);

// verbs.c
void sandbox_handle(struct server *server, struct client *client, struct request *request);
