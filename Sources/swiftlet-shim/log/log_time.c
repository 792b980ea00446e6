#include "log/log_time.h"
#include "system/system.h"

struct date {
    long year, month, day, hour, minute, second;
};

// Converts days since 1970 to a date of the Gregorian calendar, counted in eras of 400 years that begin in March.
static struct date date_of(int64_t seconds)
{
    long days = (long)(seconds / 86400) + 719468, second = (long)(seconds % 86400);
    long era = days / 146097, day_of_era = days % 146097;
    long year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    long month = (5 * day_of_year + 2) / 153;
    struct date date = {
        .month = month < 10 ? month + 3 : month - 9,
        .day = day_of_year - (153 * month + 2) / 5 + 1,
        .hour = second / 3600,
        .minute = second / 60 % 60,
        .second = second % 60,
    };
    date.year = year_of_era + era * 400 + (date.month <= 2);
    return date;
}

static char *digits(char *at, long value, int count, char after)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    at += count;
    if (after) {
        *at++ = after;
    }
    return at;
}

void log_time_format(int64_t ns, char out[LOG_TIME_LENGTH])
{
    struct date date = date_of(ns / NS_PER_S);
    out = digits(out, date.year, 4, '-');
    out = digits(out, date.month, 2, '-');
    out = digits(out, date.day, 2, 'T');
    out = digits(out, date.hour, 2, ':');
    out = digits(out, date.minute, 2, ':');
    out = digits(out, date.second, 2, '.');
    digits(out, (long)(ns % NS_PER_S), 9, 'Z');
}

void log_second_format(int64_t seconds, char out[LOG_SECOND_LENGTH])
{
    struct date date = date_of(seconds);
    out = digits(out, date.year, 4, 0);
    out = digits(out, date.month, 2, 0);
    out = digits(out, date.day, 2, '-');
    out = digits(out, date.hour, 2, 0);
    out = digits(out, date.minute, 2, 0);
    digits(out, date.second, 2, 0);
}
