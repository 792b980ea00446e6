#include "record/check.h"

#include <string.h>

static bool starts(const char *key, const char *prefix)
{
    return strncmp(key, prefix, strlen(prefix)) == 0;
}

bool sysctl_path(const char *key, char path[SYSCTL_PATH_MAX])
{
    size_t length = strlen(key);
    if (length >= SYSCTL_PATH_MAX) {
        return false;
    }
    bool dots = key[strcspn(key, "./")] == '.';
    for (size_t i = 0; i <= length; i++) {
        path[i] = !dots ? key[i] : key[i] == '.' ? '/' : key[i] == '/' ? '.' : key[i];
    }
    return true;
}

#define LETTERS_AND_DIGITS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// Allows only sysctls of the pod's own namespaces: any other would change the host. Their values are numbers, ranges, names and
// addresses; no reader on the way can take such a value for a second setting (CVE-2022-0811).
int check_sysctls(const struct record *record, struct fault *fault)
{
    bool sandbox = record->kind == SWL_KIND_SANDBOX;
    for (size_t i = 0; i < record->sysctls.count; i++) {
        const char *key = record->sysctls.items[i].key, *value = record->sysctls.items[i].value;
        char path[SYSCTL_PATH_MAX];
        bool plain = key[0] && strspn(key, LETTERS_AND_DIGITS "._-/:@") == strlen(key) && sysctl_path(key, path) &&
                     !strstr(path, "..") && !strstr(path, "//") && path[strlen(path) - 1] != '/';
        bool network = plain && starts(path, "net/");
        bool ipc = plain && (starts(path, "kernel/shm") || starts(path, "kernel/msg") || starts(path, "fs/mqueue/") ||
                             strcmp(path, "kernel/sem") == 0);
        // check_sysctls_of() checks again, because it knows the sandbox and whether a given namespace is the host's.
        bool own = (network && (!sandbox || record->namespaces.network != SWL_NS_HOST)) ||
                   (ipc && (!sandbox || record->namespaces.ipc != SWL_NS_HOST));
        if (!own) {
            return refuse_value(fault, "this sysctl does not belong to a namespace of the pod", key);
        }
        if (!value[0] || strspn(value, LETTERS_AND_DIGITS "._-/:@, \t") != strlen(value)) {
            return refuse_value(fault, "this is not the value of a sysctl", value);
        }
    }
    return 0;
}
