// What a well-formed record must also satisfy: values that the launch steps rely on.
#include "record.h"

#include <linux/filter.h>
#include <string.h>
#include <sys/resource.h>

int record_check(const struct record *record, struct fault *fault);

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
    bool good = names->user == SWL_NS_HOST && names->mount == SWL_NS_NEW;
    for (size_t i = 0; i < 3; i++) {
        good = good && (record->kind == SWL_KIND_SANDBOX ? shared[i] <= SWL_NS_NEW : shared[i] == SWL_NS_SANDBOX);
    }
    if (record->kind == SWL_KIND_SANDBOX) {
        good = good && names->pid <= SWL_NS_NEW && names->cgroup == SWL_NS_HOST;
    } else {
        good = good && names->pid <= SWL_NS_TARGET && names->cgroup <= SWL_NS_NEW &&
               (names->pid == SWL_NS_TARGET) == (record->pid_target != NULL);
    }
    return good ? 0
                : refuse(fault, SWL_STEP_RECORD, EINVAL, "the combination of namespaces is not supported, see swl_namespaces");
}

static bool starts(const char *key, const char *prefix)
{
    return strncmp(key, prefix, strlen(prefix)) == 0;
}

// Only what belongs to a namespace of the pod: anything else would change the host.
static int check_sysctls(const struct record *record, struct fault *fault)
{
    bool sandbox = record->kind == SWL_KIND_SANDBOX;
    for (size_t i = 0; i < record->sysctls.count; i++) {
        const char *key = record->sysctls.items[i].key;
        bool network = starts(key, "net."), ipc = starts(key, "kernel.shm") || starts(key, "kernel.msg") ||
                                                  starts(key, "fs.mqueue.") || strcmp(key, "kernel.sem") == 0;
        // LAUNCH: whether the sandbox has its own is checked again where its namespaces are known.
        bool own = (network && (!sandbox || record->namespaces.network == SWL_NS_NEW)) ||
                   (ipc && (!sandbox || record->namespaces.ipc == SWL_NS_NEW));
        if (!own || strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:@") != strlen(key) ||
            strstr(key, "..") || strstr(key, "//") || strlen(key) > 200) {
            return bad(fault, "this sysctl does not belong to a namespace of the pod", key);
        }
    }
    return 0;
}

static int check_mounts(const struct record *record, struct fault *fault)
{
    for (size_t i = 0; i < record->mounts.count; i++) {
        const struct mount_spec *mount = &record->mounts.items[i];
        const struct swl_mount *fixed = &mount->fixed;
        if (fixed->type < SWL_MOUNT_BIND || fixed->type > SWL_MOUNT_MQUEUE || (fixed->attributes & ~255U) ||
            fixed->propagation > SWL_PROPAGATION_SHARED || !is_path(mount->destination) ||
            (fixed->type == SWL_MOUNT_BIND && mount->data[0])) {
            return bad(fault, "type, attributes, propagation, destination or data of a mount are not valid", mount->destination);
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
    if (record->terminal) {
        return refuse(fault, SWL_STEP_RECORD, ENOTSUP, "terminals are not supported");
    }
    if (record->hold || record->apparmor_profile) {
        return refuse(fault, SWL_STEP_RECORD, ENOTSUP, "held starts and AppArmor profiles are not supported");
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
        if (record->domainname || record->uid_mappings.count || record->gid_mappings.count) {
            return refuse(fault, SWL_STEP_RECORD, ENOTSUP, "domain names and id mappings are not supported");
        }
        return check_paths(&record->pause_path, 1, "pause path is not absolute", fault);
    }
    if (check_program(record, fault) != 0) {
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
