/// The language between the agent (Swift) and swiftlet-shim (C): messages on unix sockets, records in files, and the shim's files
/// in the run directory. Both sides compile this header and its parts; the format is described here only.
///
/// Transport: SOCK_SEQPACKET unix sockets (`<run>/spawner.sock`, `<run>/sandboxes/<id>/shim.sock`, mode 0600, peer uid 0).
/// One packet is one message: `swl_header`, then fields. Integers are in the byte order of the machine.
///
/// Field: `swl_field`, then `length` payload bytes, then zero bytes up to the next multiple of 8. A tag may repeat where its
/// description says "list". Strings are raw bytes without a NUL inside or at the end. The strings whose lengths a struct states
/// follow it back to back, without padding between them. A reader skips a tag that it does not know, unless
/// SWL_FIELD_MUST_UNDERSTAND is set: then it refuses the whole message or record. A struct longer than the reader's definition is
/// refused, so new members arrive as new tags.
///
/// Record: parameters too big for a packet (SWL_VERB_CREATE_SANDBOX, _LAUNCH, _EXEC). `swl_record`, then fields, in a file or
/// memfd whose descriptor travels with the request. Read from offset 0, at most SWL_RECORD_MAX bytes.
///
/// Descriptors: SCM_RIGHTS of the packet, at most SWL_FDS_MAX. SWL_TAG_FDS (u32 array) states the role of each, in order; a
/// request whose roles do not match its descriptors is refused.
///
/// Versions: `version` rises only when an existing layout changes. A shim answers the versions 1...SWL_WIRE_VERSION.
/// SWL_VERB_PING reports the version of its build, so an agent can talk to the shims of its predecessor.
#ifndef SWL_WIRE_H
#define SWL_WIRE_H

#include <stdint.h>

#include "swl_record.h"
#include "swl_state.h"
#include "swl_steps.h"
#include "swl_tags.h"
#include "swl_verbs.h"

#define SWL_WIRE_VERSION 1
/// "SWLM" in a little-endian dump.
#define SWL_WIRE_MAGIC 0x4d4c5753u
/// "SWLR"
#define SWL_RECORD_MAGIC 0x524c5753u
/// "SWLS": the state files.
#define SWL_STATE_MAGIC 0x534c5753u
/// "SWLX": the exit files.
#define SWL_EXIT_MAGIC 0x584c5753u

/// Bytes of the longest message, header included, in both directions.
#define SWL_MESSAGE_MAX 65536
/// Bytes of the longest record.
#define SWL_RECORD_MAX 4194304
/// Descriptors of one message (the kernel's SCM_MAX_FD).
#define SWL_FDS_MAX 253
/// Bytes of an explaining text.
#define SWL_TEXT_MAX 512
/// Bytes of a sandbox, container or exec id; the characters are [a-z0-9-].
#define SWL_ID_MAX 64
/// Containers (running or exited and not yet removed), and execs (running), of one sandbox.
#define SWL_CONTAINERS_MAX 128
#define SWL_EXECS_MAX 256
/// Readers of one container's output at the same time, and seconds that a reader may take nothing.
#define SWL_ATTACHED_MAX 16
#define SWL_ATTACH_STALL_SECONDS 10
/// Ranges of a user namespace's mapping.
#define SWL_ID_MAPPINGS_MAX 16

/// Start of every message.
struct swl_header {
    uint32_t magic;    ///< SWL_WIRE_MAGIC
    uint16_t version;  ///< SWL_WIRE_VERSION
    uint16_t type;     ///< enum swl_type
    uint32_t length;   ///< bytes of the whole packet, this header included
    uint32_t sequence; ///< chosen by the client, repeated in the reply; 0 in events
};

/// Start of every record.
struct swl_record {
    uint32_t magic;    ///< SWL_RECORD_MAGIC
    uint16_t version;  ///< SWL_WIRE_VERSION
    uint16_t kind;     ///< enum swl_kind
    uint32_t length;   ///< bytes of the whole record, this header included
    uint32_t reserved; ///< 0
};

/// Start of every field, in messages and records alike.
struct swl_field {
    uint16_t tag;    ///< enum swl_tag
    uint16_t flags;  ///< SWL_FIELD_MUST_UNDERSTAND
    uint32_t length; ///< bytes of the payload without the padding to 8
};

#define SWL_FIELD_MUST_UNDERSTAND 1

enum swl_kind {
    SWL_KIND_SANDBOX = 1, ///< for SWL_VERB_CREATE_SANDBOX
    SWL_KIND_LAUNCH = 2,  ///< for SWL_VERB_LAUNCH
    SWL_KIND_EXEC = 3,    ///< for SWL_VERB_EXEC
};

_Static_assert(sizeof(struct swl_header) == 16, "swl_header");
_Static_assert(sizeof(struct swl_record) == 16, "swl_record");
_Static_assert(sizeof(struct swl_field) == 8, "swl_field");

#endif
