/* SPDX-License-Identifier: MIT */
#include "date.h"

#define DAY          INT64_C(86400)
#define ERA_DAYS     146097 /* of 400 years, after which the calendar repeats */
#define DAYS_TO_1970 719468 /* from 1 March of the year 0 */

/* ---- the calendar ---- */

/* Years are counted from 1 March, so that the leap day is the last of its year: a month then begins at a day that a
 * line through (153, 5) gives. */
static int64_t days_of(int64_t year, unsigned month, unsigned day)
{
    int64_t from_march = (month + 9) % 12;
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * from_march + 2) / 5 + day - 1;

    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - DAYS_TO_1970;
}

struct backend_date backend_date_of(int64_t seconds)
{
    int64_t of_day = ((seconds % DAY) + DAY) % DAY;
    int64_t days = (seconds - of_day) / DAY + DAYS_TO_1970;
    int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t of_era = days - era * ERA_DAYS;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / (ERA_DAYS - 1)) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t from_march = (5 * of_year + 2) / 153;
    unsigned month = (unsigned)(from_march < 10 ? from_march + 3 : from_march - 9);

    return (struct backend_date){
        .year = year + era * 400 + (month <= 2),
        .month = month,
        .day = (unsigned)(of_year - (153 * from_march + 2) / 5 + 1),
        .hour = (unsigned)(of_day / 3600),
        .minute = (unsigned)(of_day / 60 % 60),
        .second = (unsigned)(of_day % 60),
    };
}

static bool is_date(const struct backend_date *d)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = d->year % 4 == 0 && (d->year % 100 != 0 || d->year % 400 == 0);

    if (d->month < 1 || d->month > 12 || d->day < 1 || d->hour > 23 || d->minute > 59 || d->second > 59)
        return false;
    return d->day <= days[d->month - 1] + (unsigned)(d->month == 2 && leap);
}

/* ---- ASN.1 ---- */

/* Reads two digits for each member. */
static bool read_pairs(const uint8_t *text, unsigned *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = text + 2 * i;

        if (at[0] < '0' || at[0] > '9' || at[1] < '0' || at[1] > '9')
            return false;
        pairs[i] = (unsigned)(at[0] - '0') * 10 + (unsigned)(at[1] - '0');
    }
    return true;
}

bool backend_date_read(const void *text, size_t len, int64_t *seconds)
{
    const uint8_t *octets = text;
    bool general = len == 15;
    unsigned pairs[7] = {0};
    struct backend_date d;

    if ((len != 13 && !general) || octets[len - 1] != 'Z' ||
        !read_pairs(octets, general ? pairs : pairs + 1, (len - 1) / 2))
        return false;
    if (!general)
        pairs[0] = pairs[1] >= 50 ? 19 : 20;
    d = (struct backend_date){(int64_t)pairs[0] * 100 + pairs[1], pairs[2], pairs[3], pairs[4], pairs[5], pairs[6]};
    if (!is_date(&d))
        return false;
    *seconds = days_of(d.year, d.month, d.day) * DAY + d.hour * INT64_C(3600) + d.minute * INT64_C(60) + d.second;
    return true;
}

struct der {
    const uint8_t *at;
    size_t left;
};

/* Takes one element off the front; *value is its content. Returns its tag, or -1 if it is malformed. */
static int der_take(struct der *in, struct der *value)
{
    size_t head = 2, len;
    int tag;

    if (in->left < 2)
        return -1;
    tag = in->at[0];
    len = in->at[1];
    if (len & 0x80) {
        size_t octets = len & 0x7f;

        len = 0;
        if (octets == 0 || octets > sizeof(uint32_t) || in->left < head + octets)
            return -1;
        while (octets-- > 0)
            len = len << 8 | in->at[head++];
    }
    if (len > in->left - head)
        return -1;
    *value = (struct der){in->at + head, len};
    in->at += head + len;
    in->left -= head + len;
    return tag;
}

static bool der_time(struct der *in, int64_t *seconds)
{
    struct der value;
    int tag = der_take(in, &value);

    return (tag == 0x17 || tag == 0x18) && value.left == (tag == 0x17 ? 13 : 15) &&
           backend_date_read(value.at, value.left, seconds);
}

bool backend_date_validity(const void *der, size_t len, int64_t *not_before, int64_t *not_after)
{
    enum { SEQUENCE = 0x30, INTEGER = 0x02, VERSION = 0xa0 };
    /* RFC 5280 section 4.1: serialNumber, signature, issuer, validity; before them the version, unless it is 1. */
    static const int tags[] = {INTEGER, SEQUENCE, SEQUENCE, SEQUENCE};
    struct der in = {der, len}, body;
    int tag;

    if (der_take(&in, &body) != SEQUENCE || der_take(&body, &in) != SEQUENCE)
        return false;
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        tag = der_take(&in, &body);
        if (i == 0 && tag == VERSION)
            tag = der_take(&in, &body);
        if (tag != tags[i])
            return false;
    }
    return der_time(&body, not_before) && der_time(&body, not_after);
}
