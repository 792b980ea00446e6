// The id mappings of a pod's user namespace: stored in the shim, written for the pause.
#include "sandbox/state.h"

#include <stdio.h>
#include <string.h>

const struct id_maps *sandbox_ids(const struct sandbox *sandbox)
{
    return sandbox->namespaces.user == SWL_NS_NEW ? &sandbox->ids : NULL;
}

// record_check() has limited the counts.
void remember_mappings(struct sandbox *sandbox, const struct record *record)
{
    struct id_maps *ids = &sandbox->ids;
    ids->uid_count = record->uid_mappings.count;
    ids->gid_count = record->gid_mappings.count;
    memcpy(ids->uids, record->uid_mappings.items, ids->uid_count * sizeof *ids->uids);
    memcpy(ids->gids, record->gid_mappings.items, ids->gid_count * sizeof *ids->gids);
}

static int write_map(int process, const char *name, const struct swl_id_mapping *maps, size_t count, struct fault *fault)
{
    char text[SWL_ID_MAPPINGS_MAX * sizeof "4294967295 4294967295 4294967295\n"];
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, "%u %u %u\n", maps[i].container_id, maps[i].host_id,
                                   maps[i].size);
    }
    if (write_file_at(process, name, text) != 0) {
        return fail(fault, SWL_STEP_USER_NAMESPACE, "write the %zu ranges of the pod's %s", count, name);
    }
    return 0;
}

int write_mappings(struct sandbox *sandbox, struct fault *fault)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%d", (int)sandbox->pause.process.pid); // not reaped yet, so the pid is its own
    OWNED int process = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (process < 0) {
        return fail(fault, SWL_STEP_USER_NAMESPACE, "open %s of the new pause", path);
    }
    const struct id_maps *ids = &sandbox->ids;
    if (write_map(process, "uid_map", ids->uids, ids->uid_count, fault) != 0 ||
        write_map(process, "gid_map", ids->gids, ids->gid_count, fault) != 0) {
        return -1;
    }
    close_owned(&sandbox->user_namespace);
    sandbox->user_namespace = openat(process, "ns/user", O_RDONLY | O_CLOEXEC);
    return sandbox->user_namespace >= 0 ? 0 : fail(fault, SWL_STEP_USER_NAMESPACE, "open the pod's user namespace");
}
