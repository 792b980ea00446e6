// What a well-formed record must also satisfy: values that the launch steps rely on.
#include "record.h"

#include <linux/filter.h>
#include <string.h>
#include <sys/resource.h>

int record_check(const struct record *record, struct fault *fault);
int record_check_options(const struct record *record, struct fault *fault);

static int bad(struct fault *fault, const char *what, const char *value)
{
    return refuse(fault, SWL_STEP_RECORD, EINVAL, "%s: \"%.200s\"", what, value);
}

static bool is_path(const char *path)
{
    return path[0] == '/' && strlen(path) < 4096;
}

static int check_paths(const char *const *items, size_t count, const char *what, struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_path(items[i])) {
            return bad(fault, what, items[i]);
        }
    }
    return 0;
}

static int check_namespaces(const struct record *record, struct fault *fault)
{
    const struct swl_namespaces *names = &record->namespaces;
    const uint32_t shared[] = {names->network, names->ipc, names->uts};
    bool sandbox = record->kind == SWL_KIND_SANDBOX, good = names->mount == SWL_NS_NEW;
    for (size_t i = 0; i < 3; i++) {
        good = good && (sandbox ? shared[i] <= SWL_NS_NEW || shared[i] == SWL_NS_GIVEN : shared[i] == SWL_NS_SANDBOX);
        // A namespace of the host's is out of reach for the root of a user namespace.
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
        // UINT32_MAX is nobody at all. Host id 0 would make the container's user the host's root, which is what this is there to prevent.
        if (map->size == 0 || map->host_id == 0 || (uint64_t)map->container_id + map->size > UINT32_MAX ||
            (uint64_t)map->host_id + map->size > UINT32_MAX) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL,
                          "the %s mapping of %u ids from %u to the host's %u is empty, too long or of root", what, map->size,
                          map->container_id, map->host_id);
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

static int check_mappings(const struct record *record, struct fault *fault)
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

// Only what belongs to a namespace of the pod: anything else would change the host. The values of those are numbers, ranges, names
// and addresses; nothing that any reader on the way could take for a second setting (CVE-2022-0811).
static int check_sysctls(const struct record *record, struct fault *fault)
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
        // LAUNCH: whether the sandbox has its own is checked again where its namespaces are known.
        bool own = (network && (!sandbox || record->namespaces.network == SWL_NS_NEW)) ||
                   (ipc && (!sandbox || record->namespaces.ipc == SWL_NS_NEW));
        if (!own) {
            return bad(fault, "this sysctl does not belong to a namespace of the pod", key);
        }
        if (!value[0] || strspn(value, LETTERS_AND_DIGITS "._-/:@, \t") != strlen(value)) {
            return bad(fault, "this is not the value of a sysctl", value);
        }
    }
    return 0;
}

static int check_mounts(const struct record *record, struct fault *fault)
{
    for (size_t i = 0; i < record->mounts.count; i++) {
        const struct mount_spec *mount = &record->mounts.items[i];
        const struct swl_mount *fixed = &mount->fixed;
        uint32_t times = fixed->attributes & (SWL_ATTR_NOATIME | SWL_ATTR_STRICTATIME);
        if (fixed->type < SWL_MOUNT_BIND || fixed->type > SWL_MOUNT_MQUEUE || (fixed->attributes & ~4095U) ||
            times == (SWL_ATTR_NOATIME | SWL_ATTR_STRICTATIME) || fixed->propagation > SWL_PROPAGATION_UNBINDABLE ||
            !is_path(mount->destination) || (fixed->type == SWL_MOUNT_BIND && mount->data[0])) {
            return bad(fault, "type, attributes, propagation, destination or data of a mount are not valid", mount->destination);
        }
        bool user = record->namespaces.user == SWL_NS_SANDBOX;
        if ((fixed->attributes & SWL_ATTR_IDMAPPED) && (!user || fixed->type != SWL_MOUNT_BIND)) {
            return bad(fault, "shifted owners are for bind mounts of a pod with a user namespace", mount->destination);
        }
        // The kernel makes slaves of them when a user namespace gets its copy.
        if (fixed->propagation == SWL_PROPAGATION_SHARED && user) {
            return bad(fault, "a pod with a user namespace cannot propagate mounts to the host", mount->destination);
        }
    }
    for (size_t i = 0; i < record->devices.count; i++) {
        const struct device_spec *device = &record->devices.items[i];
        if (!is_path(device->path) || !memchr("cbp", (int)device->fixed.type, 3) || device->fixed.type > 127 ||
            (device->fixed.mode & ~07777U)) {
            return bad(fault, "device is not valid", device->path);
        }
    }
    return 0;
}

static int check_root(const struct record *record, struct fault *fault)
{
    if (check_paths(&record->root_path, 1, "root path is not absolute", fault) != 0 ||
        check_paths(record->lowers.items, record->lowers.count, "lower directory is not absolute", fault) != 0 ||
        check_paths(record->volumes.items, record->volumes.count, "volume of the image is not absolute", fault) != 0 ||
        check_paths(record->masked_paths.items, record->masked_paths.count, "masked path is not absolute", fault) != 0 ||
        check_paths(record->readonly_paths.items, record->readonly_paths.count, "readonly path is not absolute", fault) != 0) {
        return -1;
    }
    if (!record->upper != !record->work || (record->upper && !record->lowers.count) ||
        (record->upper && (!is_path(record->upper) || !is_path(record->work)))) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "upper and work directory go together, absolute, with lower directories");
    }
    return 0;
}

// It becomes part of a command to the kernel.
static bool is_profile(const char *name)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)name[i] < ' ' || name[i] == 127) {
            return false;
        }
    }
    return length > 0 && length <= APPARMOR_NAME_MAX && name[0] != ' ' && name[length - 1] != ' ';
}

static int check_program(const struct record *record, struct fault *fault)
{
    const struct swl_capabilities *caps = &record->capabilities;
    if (!record->args.items[0][0]) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "args[0] is empty");
    }
    if (!is_path(record->cwd)) {
        return bad(fault, "cwd is not absolute", record->cwd);
    }
    for (size_t i = 0; i < record->env.count; i++) {
        if (!strchr(record->env.items[i], '=')) {
            return bad(fault, "env entry without '='", record->env.items[i]);
        }
    }
    if ((caps->effective & ~caps->permitted) || (caps->ambient & ~(caps->permitted & caps->inheritable))) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL,
                      "effective must be within permitted, ambient within permitted and inheritable");
    }
    for (size_t i = 0; i < record->rlimits.count; i++) {
        if (record->rlimits.items[i].resource >= RLIM_NLIMITS) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "rlimit number %u does not exist", record->rlimits.items[i].resource);
        }
    }
    if (record->user.uid == UINT32_MAX || record->user.gid == UINT32_MAX || record->groups.count > 65536) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "uid or gid 4294967295 means nobody at all");
    }
    if (record->seccomp.count / sizeof(struct sock_filter) > BPF_MAXINSNS) {
        return refuse(fault, SWL_STEP_RECORD, E2BIG, "the seccomp filter has more than %d instructions", BPF_MAXINSNS);
    }
    if (record->apparmor_profile && !is_profile(record->apparmor_profile)) {
        return bad(fault, "this is not the name of an AppArmor profile", record->apparmor_profile);
    }
    return 0;
}

int record_check(const struct record *record, struct fault *fault)
{
    if (record->cgroup_path && !is_path(record->cgroup_path)) {
        return bad(fault, "cgroup path is not absolute", record->cgroup_path);
    }
    if (record->oom_score_adj < -1000 || record->oom_score_adj > 1000) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "oomScoreAdj %d is not within -1000...1000", record->oom_score_adj);
    }
    if (record->kind != SWL_KIND_EXEC && (check_namespaces(record, fault) != 0 || check_sysctls(record, fault) != 0)) {
        return -1;
    }
    if (record->kind == SWL_KIND_SANDBOX) {
        if (record->hostname && (strlen(record->hostname) > 64 || record->namespaces.uts != SWL_NS_NEW)) {
            return bad(fault, "a hostname needs a new uts namespace and at most 64 bytes", record->hostname);
        }
        if (record->domainname && (strlen(record->domainname) > 64 || record->namespaces.uts != SWL_NS_NEW)) {
            return bad(fault, "a domain name needs a new uts namespace and at most 64 bytes", record->domainname);
        }
        if (check_mappings(record, fault) != 0) {
            return -1;
        }
        return check_paths(&record->pause_path, 1, "pause path is not absolute", fault);
    }
    if (check_program(record, fault) != 0 || record_check_options(record, fault) != 0) {
        return -1;
    }
    if (record->kind == SWL_KIND_EXEC) {
        return 0;
    }
    if (record->log_path && !is_path(record->log_path)) {
        return bad(fault, "log path is not absolute", record->log_path);
    }
    if (record->log_limits.max_size && record->log_limits.max_files < 2) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "rotation needs maxFiles of at least 2");
    }
    return check_root(record, fault) != 0 || check_mounts(record, fault) != 0 ? -1 : 0;
}
