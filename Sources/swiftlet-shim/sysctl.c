#include "child.h"

#include <stdio.h>
#include <string.h>

// Keys are names with dots or, where a name has dots itself (net/ipv4/conf/eth0.1/...), with slashes.
int write_sysctls(const struct record *record, int proc, struct fault *fault)
{
    for (size_t i = 0; i < record->sysctls.count; i++) {
        const struct sysctl_spec *sysctl = &record->sysctls.items[i];
        char path[256];
        snprintf(path, sizeof path, "sys/%s", sysctl->key);
        if (!strchr(sysctl->key, '/')) {
            for (char *at = path; (at = strchr(at, '.'));) {
                *at = '/';
            }
        }
        if (write_file_at(proc, path, sysctl->value) != 0) {
            return fail(fault, SWL_STEP_SYSCTL, "set sysctl %.200s to \"%.100s\"", sysctl->key, sysctl->value);
        }
    }
    return 0;
}
