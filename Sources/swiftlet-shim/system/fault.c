// Why something failed: the step, errno and a text for people.
#include "system/system.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void describe(struct fault *fault, int step, int error, const char *format, va_list arguments, bool with_reason)
{
    fault->step = (uint16_t)step;
    fault->error = error;
    int length = vsnprintf(fault->text, sizeof fault->text, format, arguments);
    size_t used = length < 0 ? 0 : (size_t)length;
    if (with_reason && used < sizeof fault->text) {
        const char *reason = strerrordesc_np(error);
        int more = snprintf(fault->text + used, sizeof fault->text - used, ": %s", reason ? reason : "unknown error");
        used += more < 0 ? 0 : (size_t)more;
    }
    fault->length = (uint16_t)(used < sizeof fault->text ? used : sizeof fault->text - 1);
}

int fail(struct fault *fault, int step, const char *format, ...)
{
    int error = errno ? errno : EIO;
    va_list arguments;
    va_start(arguments, format);
    describe(fault, step, error, format, arguments, true);
    va_end(arguments);
    return -1;
}

int refuse(struct fault *fault, int step, int error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    describe(fault, step, error, format, arguments, false);
    va_end(arguments);
    return -1;
}
