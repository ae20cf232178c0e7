/* SPDX-License-Identifier: MIT */
#include "accounts/moment.h"

#include <stdio.h>
#include <string.h>

/* Begins the text with these characters, `d` being any digit? */
static bool moment_has_form(const char *text, const char *form)
{
    for (; *form; form++, text++)
        if (*form == 'd' ? *text < '0' || *text > '9' : *text != *form)
            return false;
    return true;
}

/* The number that `count` digits are. */
static int moment_digits(const char *text, int count)
{
    int number = 0;

    while (count-- > 0)
        number = 10 * number + (*text++ - '0');
    return number;
}

/* "Z", "+01:00" or "-05:30". */
static bool moment_read_zone(const char *text, int *seconds)
{
    int hours, minutes;

    *seconds = 0;
    if (!strcmp(text, "Z"))
        return true;
    if ((*text != '+' && *text != '-') || !moment_has_form(text + 1, "dd:dd") || text[6])
        return false;
    hours = moment_digits(text + 1, 2);
    minutes = moment_digits(text + 4, 2);
    *seconds = (hours * 60 + minutes) * 60 * (*text == '-' ? -1 : 1);
    return hours < 24 && minutes < 60;
}

/* "2026-12-01T08:00:00": a date and time that there is. */
struct date {
    int year, month, day, hour, minute, second;
};

static bool moment_read_date(const char *text, struct date *m)
{
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap;

    if (!moment_has_form(text, "dddd-dd-ddTdd:dd:dd"))
        return false;
    *m = (struct date){moment_digits(text, 4),      moment_digits(text + 5, 2),  moment_digits(text + 8, 2),
                       moment_digits(text + 11, 2), moment_digits(text + 14, 2), moment_digits(text + 17, 2)};
    if (m->month < 1 || m->month > 12)
        return false;
    leap = m->month == 2 && m->year % 4 == 0 && (m->year % 100 != 0 || m->year % 400 == 0);
    return m->day >= 1 && m->day <= lengths[m->month - 1] + leap && m->hour < 24 && m->minute < 60 && m->second < 60;
}

/* As timegm(), whose result may end in 2038. */
static int64_t moment_seconds(const struct date *m)
{
    static const int64_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t year = m->year, leaps = year - (m->month < 3);
    int64_t days =
        365 * (year - 1970) + leaps / 4 - leaps / 100 + leaps / 400 - 477 + before[m->month - 1] + m->day - 1;

    return ((days * 24 + m->hour) * 60 + m->minute) * 60 + m->second;
}

/* ".5" */
static size_t moment_fraction_length(const char *text)
{
    size_t digits = *text == '.' ? strspn(text + 1, "0123456789") : 0;

    return digits ? 1 + digits : 0;
}

bool moment_read(const char *text, int64_t *seconds)
{
    struct date date;
    int offset;

    if (!moment_read_date(text, &date))
        return false;
    text += strlen("2026-12-01T08:00:00");
    if (!moment_read_zone(text + moment_fraction_length(text), &offset))
        return false;
    *seconds = moment_seconds(&date) - offset;
    return true;
}

const char *moment_write(int64_t seconds, char text[MOMENT_TEXT])
{
    /* The Gregorian calendar repeats after 400 years. Years from 1 March on end with the leap day. */
    const int64_t day = 86400, era_days = 146097, days_to_1970 = 719468;
    int64_t of_day = (seconds % day + day) % day;
    int64_t days = (seconds - of_day) / day + days_to_1970;
    int64_t era = (days >= 0 ? days : days - era_days + 1) / era_days;
    int64_t of_era = days - era * era_days;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / (era_days - 1)) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153;

    year += era * 400 + (month >= 10);
    (void)snprintf(text, MOMENT_TEXT, "%04lld-%02d-%02dT%02d:%02d:%02dZ", (long long)year,
                   (int)(month < 10 ? month + 3 : month - 9), (int)(of_year - (153 * month + 2) / 5 + 1),
                   (int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60));
    return text;
}
