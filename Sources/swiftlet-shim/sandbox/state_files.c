// The files from which a later agent recovers the pod. Each is written aside and then renamed, so a file is always whole.
#include "sandbox/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int replace_file(int directory, const char *folder, const char *name, const void *head, size_t head_length,
                        const void *tail, size_t tail_length, struct fault *fault)
{
    char temporary[SWL_ID_MAX + 48], final[SWL_ID_MAX + 48];
    snprintf(temporary, sizeof temporary, "%s%s.tmp", folder, name);
    snprintf(final, sizeof final, "%s%s", folder, name);
    OWNED int fd = sys_openat2(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600, RESOLVE_PLAIN_BENEATH);
    if (fd < 0 || write(fd, head, head_length) != (ssize_t)head_length ||
        (tail_length && write(fd, tail, tail_length) != (ssize_t)tail_length) ||
        renameat(directory, temporary, directory, final) != 0) {
        return fail(fault, SWL_STEP_STATE_FILE, "write %s in the sandbox's directory", final);
    }
    return 0;
}

static void container_folder(const struct container *container, char *folder, size_t size)
{
    snprintf(folder, size, "containers/%s/", container->id);
}

void fill_sandbox_state(const struct sandbox *sandbox, struct swl_sandbox_state *state)
{
    *state = (struct swl_sandbox_state){
        .magic = SWL_STATE_MAGIC,
        .version = SWL_WIRE_VERSION,
        .state = (uint16_t)sandbox->pause.state,
        .shim = sandbox->shim,
        .pause = sandbox->pause.process,
        .exit = sandbox->pause_exit,
    };
}

void fill_container_state(const struct container *container, struct swl_container_state *state)
{
    *state = (struct swl_container_state){
        .magic = SWL_STATE_MAGIC,
        .version = SWL_WIRE_VERSION,
        .state = (uint16_t)container->task.state,
        .process = container->task.process,
        .exit = container->exit,
        .id_length = (uint32_t)strlen(container->id),
    };
}

int write_sandbox_state(struct sandbox *sandbox, struct fault *fault)
{
    struct swl_sandbox_state state;
    fill_sandbox_state(sandbox, &state);
    return replace_file(sandbox->directory, "", "state", &state, sizeof state, NULL, 0, fault);
}

int write_container_state(struct sandbox *sandbox, const struct container *container, struct fault *fault)
{
    char folder[SWL_ID_MAX + 16];
    struct swl_container_state state;
    container_folder(container, folder, sizeof folder);
    fill_container_state(container, &state);
    return replace_file(sandbox->directory, folder, "state", &state, sizeof state, container->id, state.id_length, fault);
}

int write_exit(struct sandbox *sandbox, const struct container *container, struct fault *fault)
{
    char folder[SWL_ID_MAX + 16];
    container_folder(container, folder, sizeof folder);
    return replace_file(sandbox->directory, folder, "exit", &container->exit, sizeof container->exit, NULL, 0, fault);
}

int write_shim_pid(struct sandbox *sandbox, struct fault *fault)
{
    char text[64];
    int length = snprintf(text, sizeof text, "%d %llu\n", sandbox->shim.pid, (unsigned long long)sandbox->shim.start_time);
    return replace_file(sandbox->directory, "", "shim.pid", text, (size_t)length, NULL, 0, fault);
}
