/// The system bus (D-Bus), by functions of libsystemd that are looked up when they are first needed: a machine without systemd has neither the
/// library nor a use for it. All calls return 0 or more, or -1 with errno; a refusal of the other side has its text in `swl_bus_error`.
#pragma once

#include <stdbool.h>
#include <stdint.h>

typedef struct swl_bus swl_bus;

/// The text of the last refusal on this thread; empty when there was none.
const char *swl_bus_error(void);

/// ENOSYS without the library.
int swl_bus_open_system(swl_bus **bus);
void swl_bus_close(swl_bus *bus);

/// A descriptor that is readable when messages wait. It belongs to the bus.
int swl_bus_descriptor(swl_bus *bus);

/// Has signals of this interface and name delivered to swl_bus_next_boolean.
int swl_bus_subscribe(swl_bus *bus, const char *path, const char *interface, const char *member);

/// Takes one message off the queue. 2: it is the signal, with its argument in `value`; 1: another message; 0: no message is left.
int swl_bus_next_boolean(swl_bus *bus, const char *interface, const char *member, bool *value);

/// Reads a property of type `t`.
int swl_bus_get_uint64(swl_bus *bus, const char *service, const char *path, const char *interface, const char *property,
                       uint64_t *value);

/// Calls a method with four strings that answers with a descriptor, which the caller closes. Returns the descriptor.
int swl_bus_call_for_descriptor(swl_bus *bus, const char *service, const char *path, const char *interface, const char *member,
                                const char *const arguments[4]);

/// Sends a signal to the processes of a systemd unit.
int swl_bus_kill_unit(swl_bus *bus, const char *unit, int32_t signal);
