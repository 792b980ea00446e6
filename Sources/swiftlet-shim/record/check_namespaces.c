// The namespaces that a record may ask for, and the id mappings of a user namespace.
#include "record/check.h"

int check_namespaces(const struct record *record, struct fault *fault)
{
    const struct swl_namespaces *names = &record->namespaces;
    const uint32_t shared[] = {names->network, names->ipc, names->uts};
    bool sandbox = record->kind == SWL_KIND_SANDBOX, good = names->mount == SWL_NS_NEW;
    for (size_t i = 0; i < 3; i++) {
        good = good && (sandbox ? shared[i] <= SWL_NS_NEW || shared[i] == SWL_NS_GIVEN : shared[i] == SWL_NS_SANDBOX);
        // The root of a user namespace has no rights over a namespace of the host.
        good = good && (!sandbox || names->user != SWL_NS_NEW || shared[i] == SWL_NS_NEW);
    }
    if (sandbox) {
        good = good && names->pid <= SWL_NS_NEW && names->cgroup == SWL_NS_HOST && names->user <= SWL_NS_NEW;
    } else {
        bool given = names->pid == SWL_NS_GIVEN || names->cgroup == SWL_NS_GIVEN || record->time_namespace == SWL_NS_GIVEN;
        good = good && names->pid <= SWL_NS_GIVEN && (names->cgroup <= SWL_NS_NEW || names->cgroup == SWL_NS_GIVEN) &&
               (names->pid == SWL_NS_TARGET) == (record->pid_target != NULL) &&
               (names->user == SWL_NS_HOST || (names->user == SWL_NS_SANDBOX && names->pid != SWL_NS_HOST && !given));
    }
    return good ? 0
                : refuse(fault, SWL_STEP_RECORD, EINVAL, "the combination of namespaces is not supported, see swl_namespaces");
}

static bool overlap(uint32_t first, uint32_t second, uint32_t first_size, uint32_t second_size)
{
    return first < (uint64_t)second + second_size && second < (uint64_t)first + first_size;
}

static int check_mapping(const struct swl_id_mapping *maps, size_t count, const char *what, struct fault *fault)
{
    bool root = false;
    if (count == 0 || count > SWL_ID_MAPPINGS_MAX) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "%zu ranges of %s mappings, a user namespace takes 1 to %d", count, what,
                      SWL_ID_MAPPINGS_MAX);
    }
    for (size_t i = 0; i < count; i++) {
        const struct swl_id_mapping *map = &maps[i];
        // UINT32_MAX is not an id. Host id 0 would make the container's user the host's root, which user namespaces are there to
        // prevent.
        if (map->size == 0 || map->host_id == 0 || (uint64_t)map->container_id + map->size > UINT32_MAX ||
            (uint64_t)map->host_id + map->size > UINT32_MAX) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL,
                          "the %s mapping of %u ids from %u to the host's %u is empty, too long or includes root", what,
                          map->size, map->container_id, map->host_id);
        }
        for (size_t j = 0; j < i; j++) {
            if (overlap(map->container_id, maps[j].container_id, map->size, maps[j].size) ||
                overlap(map->host_id, maps[j].host_id, map->size, maps[j].size)) {
                return refuse(fault, SWL_STEP_RECORD, EINVAL, "the %s mappings from %u and from %u overlap", what,
                              maps[j].container_id, map->container_id);
            }
        }
        root = root || map->container_id == 0;
    }
    return root ? 0 : refuse(fault, SWL_STEP_RECORD, EINVAL, "no %s mapping has the container's root, 0", what);
}

int check_mappings(const struct record *record, struct fault *fault)
{
    if (record->namespaces.user != SWL_NS_NEW) {
        return record->uid_mappings.count || record->gid_mappings.count
                   ? refuse(fault, SWL_STEP_RECORD, EINVAL, "id mappings need a new user namespace")
                   : 0;
    }
    return check_mapping(record->uid_mappings.items, record->uid_mappings.count, "uid", fault) != 0 ||
                   check_mapping(record->gid_mappings.items, record->gid_mappings.count, "gid", fault) != 0
               ? -1
               : 0;
}
