#include "wire/wire.h"

#include <string.h>

int fields_next(struct fields *fields, struct field *field)
{
    size_t left = (size_t)(fields->end - fields->at);
    if (left == 0) {
        return 0;
    }
    struct swl_field head;
    if (left < sizeof head) {
        return -1;
    }
    memcpy(&head, fields->at, sizeof head);
    if (head.length > left - sizeof head || field_padded(head.length) > left - sizeof head) {
        return -1;
    }
    *field = (struct field){head.tag, head.flags, head.length, fields->at + sizeof head};
    fields->at += sizeof head + field_padded(head.length);
    return 1;
}

bool field_struct(const struct field *field, void *out, size_t size, bool strings_follow)
{
    if (field->length < size || (!strings_follow && field->length != size)) {
        return false;
    }
    memcpy(out, field->payload, size);
    return true;
}

bool field_id(const struct field *field, char *out)
{
    if (!id_is_valid(field->payload, field->length)) {
        return false;
    }
    memcpy(out, field->payload, field->length);
    out[field->length] = 0;
    return true;
}

bool id_is_valid(const void *id, size_t length)
{
    const char *at = id;
    if (length == 0 || length > SWL_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (!((at[i] >= 'a' && at[i] <= 'z') || (at[i] >= '0' && at[i] <= '9') || at[i] == '-')) {
            return false;
        }
    }
    return true;
}
