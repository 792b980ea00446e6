// Decodes the bytes of a record into C fields.
#include "record/decode.h"

#include <linux/seccomp.h>
#include <string.h>

enum { SANDBOX = 1, LAUNCH = 2, EXEC = 4, PROGRAM = LAUNCH | EXEC, ALL = 7 };
enum shape { U32, FIXED, TEXT, TEXTS, FIXEDS, BYTES, WORDS, MOUNTS, DEVICES, SYSCTLS, HOOKS };

// Shape and place of each tag: the record kinds that allow and require it, and its field in struct record.
struct rule {
    uint8_t tag, allowed, required, shape;
    uint16_t size, offset;
};
#define AT(member) offsetof(struct record, member)
static const struct rule rules[] = {
    {SWL_TAG_PROCESS_ARGS, PROGRAM, PROGRAM, TEXTS, 0, AT(args)},
    {SWL_TAG_PROCESS_ENV, PROGRAM, 0, TEXTS, 0, AT(env)},
    {SWL_TAG_PROCESS_CWD, PROGRAM, PROGRAM, TEXT, 0, AT(cwd)},
    {SWL_TAG_PROCESS_USER, ALL, PROGRAM, FIXED, sizeof(struct swl_user), AT(user)},
    {SWL_TAG_PROCESS_ADDITIONAL_GIDS, PROGRAM, 0, WORDS, 4, AT(groups)},
    {SWL_TAG_PROCESS_CAPABILITIES, PROGRAM, PROGRAM, FIXED, sizeof(struct swl_capabilities), AT(capabilities)},
    {SWL_TAG_PROCESS_RLIMIT, PROGRAM, 0, FIXEDS, sizeof(struct swl_rlimit), AT(rlimits)},
    {SWL_TAG_PROCESS_NO_NEW_PRIVILEGES, PROGRAM, PROGRAM, U32, 1, AT(no_new_privileges)},
    {SWL_TAG_PROCESS_OOM_SCORE_ADJ, ALL, 0, FIXED, 4, AT(oom_score_adj)},
    {SWL_TAG_PROCESS_TERMINAL, PROGRAM, 0, U32, 1, AT(terminal)},
    {SWL_TAG_PROCESS_CONSOLE_SIZE, PROGRAM, 0, FIXED, sizeof(struct swl_console_size), AT(console_size)},
    {SWL_TAG_PROCESS_APPARMOR_PROFILE, PROGRAM, 0, TEXT, 0, AT(apparmor_profile)},
    {SWL_TAG_PROCESS_HOLD, LAUNCH, 0, U32, SWL_HOLD_EXEC | SWL_HOLD_ROOT, AT(hold)},
    {SWL_TAG_PROCESS_SCHEDULER, PROGRAM, 0, FIXED, sizeof(struct swl_scheduler), AT(scheduler)},
    {SWL_TAG_PROCESS_IO_PRIORITY, PROGRAM, 0, FIXED, 4, AT(io_priority)},
    {SWL_TAG_PROCESS_PERSONALITY, PROGRAM, 0, FIXED, 4, AT(personality)},
    {SWL_TAG_PROCESS_CPU_AFFINITY, EXEC, 0, BYTES, 8, AT(cpu_affinity)},
    {SWL_TAG_PROCESS_STDIN, LAUNCH, 0, U32, 3, AT(stdin_flags)},
    {SWL_TAG_ROOT_PATH, LAUNCH, LAUNCH, TEXT, 0, AT(root_path)},
    {SWL_TAG_ROOT_READONLY, LAUNCH, 0, U32, 1, AT(root_readonly)},
    {SWL_TAG_ROOT_OVERLAY_LOWER, LAUNCH, 0, TEXTS, 0, AT(lowers)},
    {SWL_TAG_ROOT_OVERLAY_UPPER, LAUNCH, 0, TEXT, 0, AT(upper)},
    {SWL_TAG_ROOT_OVERLAY_WORK, LAUNCH, 0, TEXT, 0, AT(work)},
    {SWL_TAG_ROOT_OVERLAY_OPTIONS, LAUNCH, 0, TEXT, 0, AT(overlay_options)},
    {SWL_TAG_ROOTFS_PROPAGATION, LAUNCH, 0, U32, 3, AT(rootfs_propagation)},
    {SWL_TAG_ROOT_VOLUME, LAUNCH, 0, TEXTS, 0, AT(volumes)},
    {SWL_TAG_MOUNT, LAUNCH, 0, MOUNTS, 0, AT(mounts)},
    {SWL_TAG_MASKED_PATH, LAUNCH, 0, TEXTS, 0, AT(masked_paths)},
    {SWL_TAG_READONLY_PATH, LAUNCH, 0, TEXTS, 0, AT(readonly_paths)},
    {SWL_TAG_DEVICE, LAUNCH, 0, DEVICES, 0, AT(devices)},
    {SWL_TAG_HOST_DEVICES, LAUNCH, 0, U32, 1, AT(host_devices)},
    {SWL_TAG_DEVICE_RULE, LAUNCH, 0, FIXEDS, sizeof(struct swl_device_rule), AT(device_rules)},
    {SWL_TAG_HOSTNAME, SANDBOX, 0, TEXT, 0, AT(hostname)},
    {SWL_TAG_DOMAINNAME, SANDBOX, 0, TEXT, 0, AT(domainname)},
    {SWL_TAG_UID_MAPPING, SANDBOX, 0, FIXEDS, sizeof(struct swl_id_mapping), AT(uid_mappings)},
    {SWL_TAG_GID_MAPPING, SANDBOX, 0, FIXEDS, sizeof(struct swl_id_mapping), AT(gid_mappings)},
    {SWL_TAG_SYSCTL, SANDBOX | LAUNCH, 0, SYSCTLS, 0, AT(sysctls)},
    {SWL_TAG_NAMESPACES, SANDBOX | LAUNCH, SANDBOX | LAUNCH, FIXED, sizeof(struct swl_namespaces), AT(namespaces)},
    {SWL_TAG_PID_TARGET, LAUNCH, 0, TEXT, 0, AT(pid_target)},
    {SWL_TAG_TIME_NAMESPACE, LAUNCH, 0, FIXED, 4, AT(time_namespace)},
    {SWL_TAG_TIME_OFFSET, LAUNCH, 0, FIXEDS, sizeof(struct swl_time_offset), AT(time_offsets)},
    {SWL_TAG_HOOK, LAUNCH, 0, HOOKS, 0, AT(hooks)},
    {SWL_TAG_HOOK_ARGUMENT, LAUNCH, 0, TEXTS, 0, AT(hook_arguments)},
    {SWL_TAG_HOOK_VARIABLE, LAUNCH, 0, TEXTS, 0, AT(hook_variables)},
    {SWL_TAG_SECCOMP_FILTER, PROGRAM, PROGRAM, BYTES, 8, AT(seccomp)},
    {SWL_TAG_SECCOMP_FLAGS, PROGRAM, 0, U32, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW, AT(seccomp_flags)},
    {SWL_TAG_CGROUP_PATH, ALL, 0, TEXT, 0, AT(cgroup_path)},
    {SWL_TAG_LOG_PATH, LAUNCH, 0, TEXT, 0, AT(log_path)},
    {SWL_TAG_LOG_LIMITS, LAUNCH, 0, FIXED, sizeof(struct swl_log_limits), AT(log_limits)},
    {SWL_TAG_PAUSE_PATH, SANDBOX, SANDBOX, TEXT, 0, AT(pause_path)},
};
#define RULES (sizeof rules / sizeof *rules)

static const size_t item_sizes[] = {
    [TEXTS] = sizeof(char *),
    [MOUNTS] = sizeof(struct mount_spec),
    [DEVICES] = sizeof(struct device_spec),
    [SYSCTLS] = sizeof(struct sysctl_spec),
    [HOOKS] = sizeof(struct hook_spec),
};

static bool is_list(const struct rule *rule)
{
    return rule->shape == TEXTS || rule->shape == FIXEDS || rule->shape >= MOUNTS;
}

static size_t item_size(const struct rule *rule)
{
    return rule->shape == FIXEDS ? rule->size : item_sizes[rule->shape];
}

static void *allocate(struct record *record, size_t size)
{
    size_t start = (record->memory_used + 7) & ~(size_t)7;
    if (size > record->memory_size || start > record->memory_size - size) {
        return NULL;
    }
    record->memory_used = start + size;
    return record->memory + start;
}

// Returns a NUL-terminated copy. A NUL inside is refused: C and the agent would see two different strings.
static const char *text(struct record *record, const uint8_t *bytes, size_t length)
{
    char *copy = memchr(bytes, 0, length) ? NULL : allocate(record, length + 1);
    if (copy) {
        memcpy(copy, bytes, length);
        copy[length] = 0;
    }
    return copy;
}

// Decodes a fixed struct and the two strings behind it; the struct states their lengths.
static bool two_texts(struct record *record, const struct field *field, size_t size, size_t first, size_t second,
                      const char **first_text, const char **second_text)
{
    if (first > field->length - size || second > field->length - size - first || size + first + second != field->length) {
        return false;
    }
    *first_text = text(record, field->payload + size, first);
    *second_text = text(record, field->payload + size + first, second);
    return *first_text && *second_text;
}

static bool decode_item(struct record *record, const struct rule *rule, const struct field *field, void *item)
{
    switch (rule->shape) {
    case TEXTS:
        return (*(const char **)item = text(record, field->payload, field->length)) != NULL;
    case FIXEDS:
        return field_struct(field, item, rule->size, false);
    case MOUNTS: {
        struct mount_spec *mount = item;
        return field_struct(field, &mount->fixed, sizeof mount->fixed, true) &&
               two_texts(record, field, sizeof mount->fixed, mount->fixed.destination_length, mount->fixed.data_length,
                         &mount->destination, &mount->data);
    }
    case DEVICES: {
        struct device_spec *device = item;
        const char *none;
        return field_struct(field, &device->fixed, sizeof device->fixed, true) &&
               two_texts(record, field, sizeof device->fixed, device->fixed.path_length, 0, &device->path, &none);
    }
    case HOOKS: {
        struct hook_spec *hook = item;
        const char *none;
        return field_struct(field, &hook->fixed, sizeof hook->fixed, true) &&
               two_texts(record, field, sizeof hook->fixed, hook->fixed.path_length, 0, &hook->path, &none);
    }
    default: {
        struct sysctl_spec *sysctl = item;
        return field_struct(field, &sysctl->fixed, sizeof sysctl->fixed, true) &&
               two_texts(record, field, sizeof sysctl->fixed, sysctl->fixed.key_length, sysctl->fixed.value_length, &sysctl->key,
                         &sysctl->value);
    }
    }
}

static bool decode_field(struct record *record, const struct rule *rule, const struct field *field)
{
    uint8_t *place = (uint8_t *)record + rule->offset;
    typedef LIST(uint8_t) any_list;
    any_list *list = (any_list *)place;
    if (is_list(rule)) {
        return decode_item(record, rule, field, list->items + item_size(rule) * list->count++);
    }
    switch (rule->shape) {
    case U32: {
        uint32_t value;
        if (!field_struct(field, &value, sizeof value, false) || (value & ~(uint32_t)rule->size)) {
            return false;
        }
        memcpy(place, &value, sizeof value);
        return true;
    }
    case FIXED:
        return field_struct(field, place, rule->size, false);
    case TEXT:
        return (*(const char **)place = text(record, field->payload, field->length)) != NULL;
    default: // BYTES, WORDS: an array of elements of `size` bytes
        if (field->length % rule->size || !(list->items = allocate(record, field->length + 1))) {
            return false;
        }
        memcpy(list->items, field->payload, field->length);
        list->count = rule->shape == WORDS ? field->length / rule->size : field->length;
        return true;
    }
}

static const struct rule *rule_of(uint16_t tag)
{
    for (size_t i = 0; i < RULES; i++) {
        if (rules[i].tag == tag) {
            return &rules[i];
        }
    }
    return NULL;
}

int record_decode(struct record *record, struct fields all, struct fault *fault)
{
    uint8_t kind_bit = (uint8_t)(1 << (record->kind - 1));
    size_t counts[RULES] = {0};
    struct field field;
    int more;
    // The first pass counts, so that lists become arrays of the right size.
    for (struct fields fields = all; (more = fields_next(&fields, &field)) == 1;) {
        const struct rule *rule = rule_of(field.tag);
        if (rule ? !(rule->allowed & kind_bit) || (counts[rule - rules] && !is_list(rule))
                 : field.flags & SWL_FIELD_MUST_UNDERSTAND) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "tag %u is unknown, repeated or does not belong in a record of kind %u",
                          field.tag, record->kind);
        }
        if (rule) {
            counts[rule - rules]++;
        }
    }
    if (more < 0) {
        return refuse(fault, SWL_STEP_RECORD, EBADMSG, "a field ends after the end of the record");
    }
    for (size_t i = 0; i < RULES; i++) {
        if ((rules[i].required & kind_bit) && !counts[i]) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "tag %u is required in a record of kind %u", rules[i].tag,
                          record->kind);
        }
        record->seen[rules[i].tag / 64] |= (uint64_t)(counts[i] != 0) << (rules[i].tag % 64);
        if (is_list(&rules[i])) {
            size_t size = (counts[i] + 1) * item_size(&rules[i]); // + 1: the NULL at the end of args and env
            void *items = allocate(record, size);
            if (!items) {
                return refuse(fault, SWL_STEP_RECORD, E2BIG, "too many fields");
            }
            *(void **)((uint8_t *)record + rules[i].offset) = items; // the mapping is zero
        }
    }
    for (struct fields fields = all; fields_next(&fields, &field) == 1;) {
        const struct rule *rule = rule_of(field.tag);
        if (rule && !decode_field(record, rule, &field)) {
            return refuse(fault, SWL_STEP_RECORD, EINVAL, "tag %u with %u bytes is malformed", field.tag, field.length);
        }
    }
    return 0;
}
