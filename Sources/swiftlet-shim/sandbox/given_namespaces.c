// The namespaces that came with the request for a sandbox: which of them are the host's, and whose sysctls may be set.
#include "sandbox/state.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool is_same(const struct stat *one, const struct stat *other)
{
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

// Returns whether the namespace is the shim's, or that of the machine's first process where that can be seen. A namespace that cannot
// be compared with the shim's counts as the host's.
static bool is_hosts(int namespace, const char *name)
{
    char own[32], first[32];
    snprintf(own, sizeof own, "/proc/self/ns/%s", name);
    snprintf(first, sizeof first, "/proc/1/ns/%s", name);
    struct stat given, hosts;
    if (fstat(namespace, &given) != 0 || stat(own, &hosts) != 0 || is_same(&given, &hosts)) {
        return true;
    }
    return stat(first, &hosts) == 0 && is_same(&given, &hosts);
}

int check_sysctls_of(const struct swl_namespaces *sandbox, const struct record *record, struct fault *fault)
{
    for (size_t i = 0; i < record->sysctls.count; i++) {
        const char *key = record->sysctls.items[i].key;
        uint32_t mode = strncmp(key, "net", 3) == 0 ? sandbox->network : sandbox->ipc;
        if (mode == SWL_NS_HOST) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "sysctl %.200s would change the host: the pod shares that namespace",
                          key);
        }
    }
    return 0;
}

int check_given(const struct request *request, const struct record *record, struct swl_namespaces *names, struct fault *fault)
{
    *names = record->namespaces;
    bool network = names->network == SWL_NS_GIVEN, ipc = names->ipc == SWL_NS_GIVEN;
    size_t wanted = (size_t)network + ipc + (names->uts == SWL_NS_GIVEN);
    if (request->source_count != wanted) {
        return refuse(fault, SWL_STEP_NAMESPACES, EINVAL, "%zu namespaces came with the request, the record wants %zu",
                      request->source_count, wanted);
    }
    if (network && is_hosts(request->sources[0], "net")) {
        names->network = SWL_NS_HOST;
    }
    if (ipc && is_hosts(request->sources[network], "ipc")) {
        names->ipc = SWL_NS_HOST;
    }
    return check_sysctls_of(names, record, fault);
}
