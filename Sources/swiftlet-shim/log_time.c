#include "log_time.h"

#include <time.h>

// Days since 1970 to a date of the Gregorian calendar, counted in eras of 400 years that begin in March.
static void date_of(long days, struct log_time *time)
{
    days += 719468;
    long era = days / 146097, day_of_era = days % 146097;
    long year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    long month = (5 * day_of_year + 2) / 153;
    time->day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    time->month = (int)(month < 10 ? month + 3 : month - 9);
    time->year = (int)(year_of_era + era * 400 + (time->month <= 2));
}

void log_time_now(struct log_time *time)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    long second = now.tv_sec % 86400;
    date_of(now.tv_sec / 86400, time);
    time->hour = (int)(second / 3600);
    time->minute = (int)(second / 60 % 60);
    time->second = (int)(second % 60);
    time->nanosecond = now.tv_nsec;
}

static char *digits(char *at, long value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + count;
}

size_t log_time_format(const struct log_time *time, char *out)
{
    char *at = digits(out, time->year, 4);
    *at++ = '-';
    at = digits(at, time->month, 2);
    *at++ = '-';
    at = digits(at, time->day, 2);
    *at++ = 'T';
    at = digits(at, time->hour, 2);
    *at++ = ':';
    at = digits(at, time->minute, 2);
    *at++ = ':';
    at = digits(at, time->second, 2);
    *at++ = '.';
    at = digits(at, time->nanosecond, 9);
    *at++ = 'Z';
    return (size_t)(at - out);
}
