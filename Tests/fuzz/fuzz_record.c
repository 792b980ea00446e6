// The decoder of records and its checks. Input: one byte for the kind, then the fields. The header is made here: random headers
// would be refused at once.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"
#include "child/steps.h"
#include "record/record.h"
#include "wire/wire.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);

// read.c is compiled to take its memory from here, so that the sanitizer knows where it ends.
void *fuzz_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    (void)address, (void)protection, (void)flags, (void)fd, (void)offset;
    void *memory = calloc(1, size);
    return memory ? memory : MAP_FAILED;
}

int fuzz_munmap(void *memory, size_t size)
{
    (void)size;
    free(memory);
    return 0;
}

static void check_text(const struct record *record, const char *text)
{
    if (!text || !*text) {
        return; // absent, or a constant
    }
    const char *start = (const char *)record->memory, *end = start + record->memory_used;
    CHECK(text > start && text < end && memchr(text, 0, (size_t)(end - text)));
}

static void check_texts(const struct record *record, const char *const *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        CHECK(items[i]);
        check_text(record, items[i]);
    }
    CHECK(!items || !items[count]);
}

// The properties that the launch steps rely on.
static void check_record(const struct record *record)
{
    CHECK(record->memory_used <= record->memory_size);
    check_texts(record, record->args.items, record->args.count);
    check_texts(record, record->env.items, record->env.count);
    check_texts(record, record->lowers.items, record->lowers.count);
    check_texts(record, record->masked_paths.items, record->masked_paths.count);
    check_texts(record, record->readonly_paths.items, record->readonly_paths.count);
    const char *const single[] = {record->cwd,        record->apparmor_profile, record->root_path,       record->upper,
                                  record->work,       record->hostname,         record->overlay_options, record->domainname,
                                  record->pid_target, record->log_path,         record->cgroup_path,     record->pause_path};
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) {
        check_text(record, single[i]);
    }
    for (size_t i = 0; i < record->mounts.count; i++) {
        const struct mount_spec *mount = &record->mounts.items[i];
        CHECK(strlen(mount->destination) == mount->fixed.destination_length && strlen(mount->data) == mount->fixed.data_length);
        CHECK(mount->destination[0] == '/');
    }
    for (size_t i = 0; i < record->devices.count; i++) {
        CHECK(strlen(record->devices.items[i].path) == record->devices.items[i].fixed.path_length);
    }
    for (size_t i = 0; i < record->sysctls.count; i++) {
        const struct sysctl_spec *sysctl = &record->sysctls.items[i];
        CHECK(strlen(sysctl->key) == sysctl->fixed.key_length && strlen(sysctl->value) == sysctl->fixed.value_length);
    }
    for (size_t i = 0; i < record->rlimits.count; i++) {
        CHECK(record->rlimits.items[i].resource < 64);
    }
    uint32_t sum = 0;
    for (size_t i = 0; i < record->groups.count; i++) {
        sum += record->groups.items[i];
    }
    for (size_t i = 0; i < record->seccomp.count; i++) {
        sum += record->seccomp.items[i];
    }
    sum += filter_lets_start(record);
    CHECK(sum != 0xdeadbeef || record->kind); // so that the sums are computed
    CHECK(record->kind == SWL_KIND_SANDBOX ? record->pause_path != NULL : record->args.count && record->cwd[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int file = -1;
    if (file < 0) {
        file = memfd_create("record", MFD_CLOEXEC);
    }
    if (size < 1) {
        return 0;
    }
    uint16_t kind = (uint16_t)(1 + data[0] % 3);
    uint32_t length = (uint32_t)(size - 1 + sizeof(struct swl_record));
    struct swl_record head = {SWL_RECORD_MAGIC, SWL_WIRE_VERSION, kind, length, 0};
    // Some inputs keep a header of their own.
    size_t made = data[0] < 240 ? sizeof head : 0;
    CHECK(ftruncate(file, 0) == 0 && pwrite(file, &head, made, 0) == (ssize_t)made);
    CHECK(pwrite(file, data + 1, size - 1, (off_t)made) == (ssize_t)(size - 1));
    struct record record;
    struct fault fault = {0};
    if (record_read(file, kind, &record, &fault) == 0) {
        check_record(&record);
        record_free(&record);
    } else {
        CHECK(fault.error && fault.step && fault.length && !record.memory && fault.length == strlen(fault.text));
    }
    return 0;
}

// Mutates whole fields: random changes of bytes rarely leave a record intact.
struct piece {
    uint8_t *at;
    size_t size;
};

static size_t pieces_of(uint8_t *data, size_t size, struct piece *pieces, size_t max)
{
    size_t count = 0;
    struct fields fields = {data + 1, data + size};
    struct field field;
    for (const uint8_t *at = fields.at; count < max && fields_next(&fields, &field) == 1; at = fields.at) {
        pieces[count++] = (struct piece){(uint8_t *)at, (size_t)(fields.at - at)};
    }
    return count;
}

static size_t put_field(uint8_t *out, size_t room, uint16_t tag, uint16_t flags, const void *payload, size_t length)
{
    struct swl_field head = {tag, flags, (uint32_t)length};
    size_t whole = sizeof head + ((length + 7) & ~(size_t)7);
    if (whole > room) {
        return 0;
    }
    memset(out, 0, whole);
    memcpy(out, &head, sizeof head);
    memcpy(out + sizeof head, payload, length);
    return whole;
}

// Writes a plausible field of any tag.
static size_t put_new(uint8_t *out, size_t room, unsigned *random)
{
    static const char *const texts[] = {"/",    "/a", "/proc/sys", "K=v", "net.ipv4.ip_forward", "kernel.shmmax",
                                        "host", "",   "size=1k"};
    uint8_t payload[128] = {0};
    uint16_t tag = (uint16_t)(1 + rand_r(random) % 90);
    const char *text = texts[(size_t)rand_r(random) % (sizeof texts / sizeof *texts)];
    size_t length = strlen(text);
    static const uint8_t sizes[] = {4, 8, 16, 24, 32, 40};
    size_t fixed = sizes[(size_t)rand_r(random) % sizeof sizes];
    switch (rand_r(random) % 4) {
    case 0:
        memcpy(payload, text, length);
        break;
    case 1:
        payload[0] = (uint8_t)(rand_r(random) % 4);
        length = fixed;
        break;
    case 2: { // mount
        struct swl_mount mount = {1 + (uint32_t)rand_r(random) % 8,
                                  (uint32_t)rand_r(random) % 4,
                                  (uint32_t)rand_r(random) % 4096,
                                  (uint32_t)rand_r(random) % 3,
                                  (uint32_t)length,
                                  0};
        tag = SWL_TAG_MOUNT;
        memcpy(payload, &mount, sizeof mount);
        memcpy(payload + sizeof mount, text, length);
        length += sizeof mount;
        break;
    }
    default: { // sysctl
        struct swl_sysctl sysctl = {(uint32_t)length, 1};
        tag = SWL_TAG_SYSCTL;
        memcpy(payload, &sysctl, sizeof sysctl);
        memcpy(payload + sizeof sysctl, text, length);
        payload[sizeof sysctl + length] = '1';
        length += sizeof sysctl + 1;
    }
    }
    return put_field(out, room, tag, (uint16_t)(rand_r(random) % 2), payload, length);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    struct piece pieces[256];
    unsigned random = seed;
    size_t count = size ? pieces_of(data, size, pieces, 256) : 0;
    if (!count || rand_r(&random) % 10 == 0) {
        return LLVMFuzzerMutate(data, size, max_size);
    }
    struct piece piece = pieces[(size_t)rand_r(&random) % count];
    size_t after = size - (size_t)(piece.at + piece.size - data);
    switch (rand_r(&random) % 6) {
    case 0: // removed
        memmove(piece.at, piece.at + piece.size, after);
        return size - piece.size;
    case 1: // repeated
        if (size + piece.size > max_size) {
            return size;
        }
        memmove(piece.at + piece.size, piece.at, piece.size + after);
        return size + piece.size;
    case 2: { // a new one before it
        uint8_t made[256];
        size_t length = put_new(made, sizeof made, &random);
        if (size + length > max_size) {
            return size;
        }
        memmove(piece.at + length, piece.at, piece.size + after);
        memcpy(piece.at, made, length);
        return size + length;
    }
    case 3: // its head
        LLVMFuzzerMutate(piece.at, sizeof(struct swl_field), sizeof(struct swl_field));
        return size;
    case 4: // the kind of record
        data[0] = (uint8_t)rand_r(&random);
        return size;
    default: { // its payload, with a length that fits
        struct swl_field head;
        memcpy(&head, piece.at, sizeof head);
        uint8_t payload[4096] = {0};
        size_t length = head.length < sizeof payload ? head.length : sizeof payload;
        memcpy(payload, piece.at + sizeof head, length);
        length = LLVMFuzzerMutate(payload, length, sizeof payload);
        uint8_t made[sizeof payload + 16];
        size_t whole = put_field(made, sizeof made, head.tag, head.flags, payload, length);
        if (!whole || size - piece.size + whole > max_size) {
            return size;
        }
        memmove(piece.at + whole, piece.at + piece.size, after);
        memcpy(piece.at, made, whole);
        return size - piece.size + whole;
    }
    }
}
