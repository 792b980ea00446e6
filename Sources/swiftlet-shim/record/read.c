#include "record/check.h"
#include "record/decode.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

// The user of a record that states none.
#define DEFAULT_ID 65535
// A decoded field needs less than this many times its encoded bytes; the ends of lists need some more.
#define DECODED_PER_BYTE 6
#define DECODED_MIN 16384

void record_free(struct record *record)
{
    if (record->memory) {
        munmap(record->memory, record->memory_size);
        record->memory = NULL;
    }
}

static int read_all(int fd, uint8_t *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(fd, bytes + done, size - done, (off_t)done);
        if (got <= 0) {
            errno = got == 0 ? ENODATA : errno;
            return -1;
        }
        done += (size_t)got;
    }
    return 0;
}

int record_read(int fd, uint16_t kind, struct record *record, struct fault *fault)
{
    memset(record, 0, sizeof *record);
    record->user = (struct swl_user){.uid = DEFAULT_ID, .gid = DEFAULT_ID};
    record->overlay_options = "";
    struct stat status;
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        return refuse(fault, SWL_STEP_RECORD, EINVAL, "no descriptor of a record file came with the request");
    }
    if (status.st_size < (off_t)sizeof(struct swl_record) || status.st_size > SWL_RECORD_MAX) {
        return refuse(fault, SWL_STEP_RECORD, EFBIG, "the record has %lld bytes, wanted %zu to %d", (long long)status.st_size,
                      sizeof(struct swl_record), SWL_RECORD_MAX);
    }
    // Works on a copy: the client could change the file during the read.
    size_t size = (size_t)status.st_size;
    record->memory_size = size * (1 + DECODED_PER_BYTE) + DECODED_MIN;
    record->memory = mmap(NULL, record->memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (record->memory == MAP_FAILED) {
        record->memory = NULL;
        return fail(fault, SWL_STEP_RECORD, "mmap for a record of %zu bytes", size);
    }
    record->memory_used = size;
    struct swl_record head;
    int result = -1;
    if (read_all(fd, record->memory, size) != 0) {
        fail(fault, SWL_STEP_RECORD, "read the record");
    } else if (memcpy(&head, record->memory, sizeof head), head.magic != SWL_RECORD_MAGIC || head.kind != kind) {
        refuse(fault, SWL_STEP_RECORD, EINVAL, "found magic %08x and kind %u, wanted %08x and %u", head.magic, head.kind,
               SWL_RECORD_MAGIC, kind);
    } else if (head.version == 0 || head.version > SWL_WIRE_VERSION) {
        refuse(fault, SWL_STEP_RECORD, EPROTONOSUPPORT, "record version %u, this shim reads 1 to %u", head.version,
               SWL_WIRE_VERSION);
    } else if (head.length != size) {
        refuse(fault, SWL_STEP_RECORD, EBADMSG, "the record states %u bytes, its file has %zu", head.length, size);
    } else {
        record->kind = kind;
        struct fields fields = {record->memory + sizeof head, record->memory + size};
        result = record_decode(record, fields, fault) == 0 && record_check(record, fault) == 0 ? 0 : -1;
    }
    if (result != 0) {
        record_free(record);
    }
    return result;
}

size_t record_given_namespaces(const struct record *record)
{
    const struct swl_namespaces *names = &record->namespaces;
    return (size_t)(names->pid == SWL_NS_GIVEN) + (names->cgroup == SWL_NS_GIVEN) + (record->time_namespace == SWL_NS_GIVEN);
}
