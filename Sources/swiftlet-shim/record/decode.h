// The decoder of record fields; read.c supplies the bytes and the memory.
#pragma once

#include "record/record.h"
#include "wire/wire.h"

// Fills `record` from its fields. Its kind and memory are set already.
int record_decode(struct record *record, struct fields all, struct fault *fault);
