// The decoder of record fields; read.c gives it the bytes and the memory.
#pragma once

#include "record/record.h"
#include "wire/wire.h"

// Fills `record`, whose kind and memory are set, from its fields.
int record_decode(struct record *record, struct fields all, struct fault *fault);
