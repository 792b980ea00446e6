// The device nodes that a container may open. CAP_MKNOD is among the default capabilities of containers, so a container can make
// a node for the host's disk in any tmpfs: only the kernel's check at open time helps. In cgroup v2 that check is a small BPF
// program.
#include "child/steps.h"

#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>

#define RULES_MAX 290
// Instructions of one rule at most, and of the rest of the program.
#define RULE_LENGTH 8
#define FRAME_LENGTH 176
// The kernel's limit of programs in one cgroup.
#define PROGRAMS_MAX 64
#define ANY SWL_DEVICE_ANY

struct program {
    struct bpf_insn code[RULES_MAX * RULE_LENGTH + FRAME_LENGTH];
    uint32_t length;
};

static void add(struct program *program, uint8_t code, uint8_t destination, uint8_t source, int16_t offset, int32_t immediate)
{
    program->code[program->length++] = (struct bpf_insn){code, destination, source, offset, immediate};
}

static void add_return(struct program *program, int value)
{
    add(program, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, value);
    add(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

// Registers: 2 type, 3 access, 4 major, 5 minor.
static void allow(struct program *program, int type, uint32_t major, uint32_t minor)
{
    bool any = minor == ANY;
    add(program, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, any ? 3 : 4, type);
    add(program, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, any ? 2 : 3, (int32_t)major);
    if (!any) {
        add(program, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, 2, (int32_t)minor);
    }
    add_return(program, 1);
}

// Rules run from the last to the first. An allowed access is cleared in register 3, so that several rules together can allow an
// access; an earlier rule that forbids is asked only for the rest.
static void follow(struct program *program, const struct swl_device_rule *rule)
{
    int32_t access =
        (rule->access & SWL_DEVICE_READ ? BPF_DEVCG_ACC_READ : 0) | (rule->access & SWL_DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0);
    int skip = 4 + (rule->type != 'a') + (rule->major != ANY) + (rule->minor != ANY); // to the next rule
    if (rule->type != 'a') {
        add(program, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_2, 0, (int16_t)--skip,
            rule->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
    }
    if (rule->major != ANY) {
        add(program, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_4, 0, (int16_t)--skip, (int32_t)rule->major);
    }
    if (rule->minor != ANY) {
        add(program, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_5, 0, (int16_t)--skip, (int32_t)rule->minor);
    }
    if (rule->allow) {
        add(program, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_3, 0, 0, ~access);
        add(program, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, 2, 0);
    } else {
        add(program, BPF_JMP | BPF_JSET | BPF_K, BPF_REG_3, 0, 1, access);
        add(program, BPF_JMP | BPF_JA, 0, 0, 2, 0);
    }
    add_return(program, rule->allow ? 1 : 0);
}

static void build(const struct record *record, struct program *program)
{
    // null, zero, full, random, urandom, tty, ptmx, the terminals of devpts, and net/tun: VPNs make its node themselves, and
    // using it needs CAP_NET_ADMIN over the pod's network. Not the console, which is the host's: a container's /dev/console is a
    // terminal of its devpts.
    static const uint32_t defaults[][2] = {{1, 3}, {1, 5}, {1, 7}, {1, 8}, {1, 9}, {5, 0}, {5, 2}, {136, ANY}, {10, 200}};
    program->length = 0;
    add(program, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_2, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
    add(program, BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_2, 0, 0);
    add(program, BPF_ALU64 | BPF_AND | BPF_K, BPF_REG_2, 0, 0, 0xffff);
    add(program, BPF_ALU64 | BPF_RSH | BPF_K, BPF_REG_3, 0, 0, 16);
    add(program, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_4, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
    add(program, BPF_LDX | BPF_MEM | BPF_W, BPF_REG_5, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
    // Making a node is harmless, and CAP_MKNOD decides about it.
    add(program, BPF_JMP | BPF_JNE | BPF_K, BPF_REG_3, 0, 2, BPF_DEVCG_ACC_MKNOD);
    add_return(program, 1);
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
        allow(program, BPF_DEVCG_DEV_CHAR, defaults[i][0], defaults[i][1]);
    }
    // With rules, the rules decide about a node, not its presence.
    for (size_t i = 0; i < record->devices.count && record->device_rules.count == 0; i++) {
        const struct swl_device *device = &record->devices.items[i].fixed;
        if (device->type != 'p') {
            allow(program, device->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK, device->major, device->minor);
        }
    }
    for (size_t i = record->device_rules.count; i > 0; i--) {
        follow(program, &record->device_rules.items[i - 1]);
    }
    add_return(program, 0);
}

// Several filters may be attached (the service manager's in a cgroup above): all must allow. A filter in this cgroup comes from
// an earlier start in it; left there, such filters would reach the kernel's limit.
static int attach_filter(int cgroup, int loaded)
{
    uint32_t earlier[PROGRAMS_MAX];
    union bpf_attr query = {.query = {.target_fd = (uint32_t)cgroup,
                                      .attach_type = BPF_CGROUP_DEVICE,
                                      .prog_ids = (uint64_t)(uintptr_t)earlier,
                                      .prog_cnt = sizeof earlier / sizeof *earlier}};
    if (syscall(SYS_bpf, BPF_PROG_QUERY, &query, sizeof query) != 0) {
        return -1;
    }
    union bpf_attr attach_to = {
        .target_fd = (uint32_t)cgroup,
        .attach_bpf_fd = (uint32_t)loaded,
        .attach_type = BPF_CGROUP_DEVICE,
        .attach_flags = BPF_F_ALLOW_MULTI,
    };
    for (uint32_t i = 0; i < query.query.prog_cnt; i++) {
        union bpf_attr by_id = {.prog_id = earlier[i]};
        OWNED int old = (int)syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, &by_id, sizeof by_id);
        if (old < 0) {
            return -1;
        }
        union bpf_attr detach = {.target_fd = (uint32_t)cgroup, .attach_bpf_fd = (uint32_t)old, .attach_type = BPF_CGROUP_DEVICE};
        // There is never a moment without a filter: the last one is replaced, the others are detached before.
        if (i + 1 < query.query.prog_cnt) {
            if (syscall(SYS_bpf, BPF_PROG_DETACH, &detach, sizeof detach) != 0) {
                return -1;
            }
            continue;
        }
        attach_to.attach_flags |= BPF_F_REPLACE;
        attach_to.replace_bpf_fd = (uint32_t)old;
        return (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attach_to, sizeof attach_to);
    }
    return (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attach_to, sizeof attach_to);
}

int limit_devices(const struct child *child, struct fault *fault)
{
    const struct record *record = child->record;
    struct program program;
    if (record->host_devices) {
        return 0; // privileged
    }
    if (child->cgroup < 0) {
        refuse(fault, SWL_STEP_DEVICES, EOPNOTSUPP,
               "the container's access to devices is not limited: it has no cgroup of its own");
        child_warn(child, fault);
        return 0;
    }
    size_t count = record->devices.count + record->device_rules.count;
    if (count > RULES_MAX) {
        return refuse(fault, SWL_STEP_DEVICES, E2BIG, "%zu devices and rules, at most %d are supported", count, RULES_MAX);
    }
    build(record, &program);
    union bpf_attr load = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .insn_cnt = program.length,
        .insns = (uint64_t)(uintptr_t)program.code,
        .license = (uint64_t)(uintptr_t) "Apache-2.0",
    };
    OWNED int loaded = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load);
    if (loaded < 0) {
        return fail(fault, SWL_STEP_DEVICES, "load the device filter");
    }
    if (attach_filter(child->cgroup, loaded) != 0) {
        return fail(fault, SWL_STEP_DEVICES, "attach the device filter to the cgroup");
    }
    return 0;
}
