// A record (swl_wire.h) decoded into C: the parameters of a launch, an exec or a sandbox. Includes wire and system. Inside,
// read.c uses decode.c and check.c; check.c uses the check_*.c files.
#pragma once

#include "system/system.h"

struct mount_spec {
    struct swl_mount fixed;
    const char *destination;
    const char *data; // "" = none
};

struct device_spec {
    struct swl_device fixed;
    const char *path;
};

struct sysctl_spec {
    struct swl_sysctl fixed;
    const char *key;
    const char *value;
};

struct hook_spec {
    struct swl_hook fixed;
    const char *path;
};

// A list of T in the record's memory: `count` entries. Lists of pointers end with NULL.
#define LIST(T)                                                                                                                  \
    struct {                                                                                                                     \
        T *items;                                                                                                                \
        size_t count;                                                                                                            \
    }

struct record {
    uint16_t kind;
    LIST(const char *) args;
    LIST(const char *) env;
    const char *cwd;
    struct swl_user user;
    LIST(uint32_t) groups;
    struct swl_capabilities capabilities;
    LIST(struct swl_rlimit) rlimits;
    uint32_t no_new_privileges;
    int32_t oom_score_adj;
    uint32_t terminal;
    struct swl_console_size console_size;
    uint32_t stdin_flags;
    const char *apparmor_profile;
    uint32_t hold;
    struct swl_scheduler scheduler;
    uint32_t io_priority;
    uint32_t personality;
    LIST(uint8_t) cpu_affinity;

    const char *root_path;
    uint32_t root_readonly;
    LIST(const char *) lowers;
    const char *upper;
    const char *work;
    const char *overlay_options;
    uint32_t rootfs_propagation;
    LIST(const char *) volumes;

    LIST(struct mount_spec) mounts;
    LIST(const char *) masked_paths;
    LIST(const char *) readonly_paths;
    LIST(struct device_spec) devices;
    uint32_t host_devices;
    LIST(struct swl_device_rule) device_rules;

    const char *hostname;
    const char *domainname;
    LIST(struct sysctl_spec) sysctls;
    struct swl_namespaces namespaces;
    LIST(struct swl_id_mapping) uid_mappings, gid_mappings;
    const char *pid_target;
    uint32_t time_namespace;
    LIST(struct swl_time_offset) time_offsets;
    LIST(struct hook_spec) hooks;
    LIST(const char *) hook_arguments;
    LIST(const char *) hook_variables;
    LIST(uint8_t) seccomp; // struct sock_filter array, in bytes
    uint32_t seccomp_flags;
    const char *cgroup_path;

    const char *log_path;
    struct swl_log_limits log_limits;
    const char *pause_path;

    uint64_t seen[2]; // bit n: tag n occurred, see record_has()

    // One mapping: the record's bytes, then the memory that the pointers above point into.
    uint8_t *memory;
    size_t memory_size;
    size_t memory_used;
};

static inline bool record_has(const struct record *record, int tag)
{
    return record->seen[tag / 64] >> (tag % 64) & 1;
}

// Reads, decodes and checks the record behind `fd`. A failed call holds no memory.
int record_read(int fd, uint16_t kind, struct record *record, struct fault *fault);
void record_free(struct record *record);
// Returns the number of namespace descriptors that a LAUNCH record needs.
size_t record_given_namespaces(const struct record *record);

#define APPARMOR_NAME_MAX 250
#define SYSCTL_PATH_MAX 256
// Writes the file's path below /proc/sys. "net.ipv4.ip_forward" and "net/ipv4/ip_forward" name the same file: the first of the
// two characters separates, the other stands for its counterpart within a name ("net.ipv4.conf.eth0/1.forwarding"). Returns false
// when the key is too long.
bool sysctl_path(const char *key, char path[SYSCTL_PATH_MAX]);
