// The child's end of its report socket: reports to the shim, and waiting for it.
#include "child/steps.h"

void child_report(const struct child *child, uint32_t kind, const struct fault *fault, int descriptor)
{
    struct report report = {.kind = kind};
    if (fault) {
        report.fault = *fault;
    }
    send_packet(child->report, &report, sizeof report, descriptor);
}

void child_wait(const struct child *child)
{
    char go_on;
    ssize_t got;
    while ((got = read(child->report, &go_on, sizeof go_on)) < 0 && errno == EINTR) {
    }
    if (got != sizeof go_on) {
        _exit(1);
    }
}

void child_await(const struct child *child)
{
    child_report(child, REPORT_WAITING, NULL, -1);
    child_wait(child);
}

void child_ready(const struct child *child)
{
    struct report ready = {.kind = REPORT_READY};
    ssize_t written;
    while ((written = write(child->report, &ready, sizeof ready)) < 0 && errno == EINTR) {
    }
    if (written < 0) {
        _exit(1); // the shim died before child_die_with_shim() took effect
    }
}

void child_warn(const struct child *child, const struct fault *fault)
{
    child_report(child, REPORT_WARNING, fault, -1);
}

_Noreturn void child_fail(const struct child *child, const struct fault *fault)
{
    // By write(), like READY: the last faults come from behind the seccomp filter.
    struct report report = {.kind = REPORT_FAULT, .fault = *fault};
    while (write(child->report, &report, sizeof report) < 0 && errno == EINTR) {
    }
    _exit(1);
}
