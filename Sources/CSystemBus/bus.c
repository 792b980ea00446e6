#include "CSystemBus.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

/// As sd-bus.h declares them.
typedef struct {
    const char *name;
    const char *message;
    int need_free;
} bus_error;

typedef struct bus_message bus_message;

/// The functions of libsystemd, under their names without `sd_`.
static struct {
    int (*bus_open_system)(swl_bus **);
    swl_bus *(*bus_flush_close_unref)(swl_bus *);
    int (*bus_get_fd)(swl_bus *);
    int (*bus_process)(swl_bus *, bus_message **);
    int (*bus_call_method)(swl_bus *, const char *, const char *, const char *, const char *, bus_error *, bus_message **,
                           const char *, ...);
    int (*bus_get_property_trivial)(swl_bus *, const char *, const char *, const char *, const char *, bus_error *, char, void *);
    int (*bus_message_is_signal)(bus_message *, const char *, const char *);
    int (*bus_message_read)(bus_message *, const char *, ...);
    bus_message *(*bus_message_unref)(bus_message *);
    void (*bus_error_free)(bus_error *);
} sd;

static once_flag loaded = ONCE_FLAG_INIT;
static bool is_there;
static thread_local char refusal[256];

static void load(void)
{
    // Never closed: the bus keeps memory of the library.
    void *library = dlopen("libsystemd.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        return;
    }
    const struct {
        void **function;
        const char *name;
    } wanted[] = {
        {(void **)&sd.bus_open_system, "sd_bus_open_system"},
        {(void **)&sd.bus_flush_close_unref, "sd_bus_flush_close_unref"},
        {(void **)&sd.bus_get_fd, "sd_bus_get_fd"},
        {(void **)&sd.bus_process, "sd_bus_process"},
        {(void **)&sd.bus_call_method, "sd_bus_call_method"},
        {(void **)&sd.bus_get_property_trivial, "sd_bus_get_property_trivial"},
        {(void **)&sd.bus_message_is_signal, "sd_bus_message_is_signal"},
        {(void **)&sd.bus_message_read, "sd_bus_message_read"},
        {(void **)&sd.bus_message_unref, "sd_bus_message_unref"},
        {(void **)&sd.bus_error_free, "sd_bus_error_free"},
    };
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        *wanted[i].function = dlsym(library, wanted[i].name);
        if (!*wanted[i].function) {
            return;
        }
    }
    is_there = true;
}

/// libsystemd returns negative error numbers.
static int result(int value, bus_error *error)
{
    refusal[0] = 0;
    if (error) {
        if (error->message) {
            snprintf(refusal, sizeof refusal, "%s", error->message);
        }
        sd.bus_error_free(error);
    }
    if (value >= 0) {
        return value;
    }
    errno = -value;
    return -1;
}

const char *swl_bus_error(void)
{
    return refusal;
}

int swl_bus_open_system(swl_bus **bus)
{
    call_once(&loaded, load);
    if (!is_there) {
        return result(-ENOSYS, NULL);
    }
    return result(sd.bus_open_system(bus), NULL);
}

void swl_bus_close(swl_bus *bus)
{
    sd.bus_flush_close_unref(bus);
}

int swl_bus_descriptor(swl_bus *bus)
{
    return result(sd.bus_get_fd(bus), NULL);
}

int swl_bus_subscribe(swl_bus *bus, const char *path, const char *interface, const char *member)
{
    char rule[512];
    int length = snprintf(rule, sizeof rule, "type='signal',path='%s',interface='%s',member='%s'", path, interface, member);
    if (length < 0 || (size_t)length >= sizeof rule) {
        return result(-EINVAL, NULL);
    }
    bus_error error = {0};
    return result(sd.bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch",
                                     &error, NULL, "s", rule),
                  &error);
}

int swl_bus_next_boolean(swl_bus *bus, const char *interface, const char *member, bool *value)
{
    bus_message *message = NULL;
    int outcome = sd.bus_process(bus, &message);
    if (outcome > 0 && message && sd.bus_message_is_signal(message, interface, member) > 0) {
        int found = 0;
        int read = sd.bus_message_read(message, "b", &found);
        if (read > 0) {
            *value = found != 0;
            outcome = 2;
        }
    } else if (outcome > 0) {
        outcome = 1;
    }
    if (message) {
        sd.bus_message_unref(message);
    }
    return result(outcome, NULL);
}

int swl_bus_get_uint64(swl_bus *bus, const char *service, const char *path, const char *interface, const char *property,
                       uint64_t *value)
{
    bus_error error = {0};
    return result(sd.bus_get_property_trivial(bus, service, path, interface, property, &error, 't', value), &error);
}

int swl_bus_call_for_descriptor(swl_bus *bus, const char *service, const char *path, const char *interface, const char *member,
                                const char *const arguments[4])
{
    bus_error error = {0};
    bus_message *reply = NULL;
    int outcome = sd.bus_call_method(bus, service, path, interface, member, &error, &reply, "ssss", arguments[0], arguments[1],
                                     arguments[2], arguments[3]);
    if (outcome >= 0) {
        int descriptor = -1;
        outcome = sd.bus_message_read(reply, "h", &descriptor);
        if (outcome >= 0) {
            // The message's own is closed with it.
            outcome = fcntl(descriptor, F_DUPFD_CLOEXEC, 3);
            if (outcome < 0) {
                outcome = -errno;
            }
        }
    }
    if (reply) {
        sd.bus_message_unref(reply);
    }
    return result(outcome, &error);
}

int swl_bus_kill_unit(swl_bus *bus, const char *unit, int32_t signal)
{
    bus_error error = {0};
    return result(sd.bus_call_method(bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                                     "org.freedesktop.systemd1.Manager", "KillUnit", &error, NULL, "ssi", unit, "all", signal),
                  &error);
}
