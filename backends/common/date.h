/* SPDX-License-Identifier: MIT */
/* The dates of certificates, as seconds since 1970 in 64 bits: no time_t, which ends in 2038 on some machines. */
#ifndef BACKEND_DATE_H
#define BACKEND_DATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A day and a time of day in UTC. */
struct backend_date {
    int64_t year;
    unsigned month, day, hour, minute, second; /* month and day from 1 on */
};

struct backend_date backend_date_of(int64_t seconds);

/* Reads a UTCTime (13 octets) or a GeneralizedTime (15 octets) in the form of RFC 5280 section 4.1.2.5. Returns false
 * if it has another form, or is no date. */
bool backend_date_read(const void *text, size_t len, int64_t *seconds);

/* Finds the validity of a certificate in DER. Returns false if it is malformed. */
bool backend_date_validity(const void *der, size_t len, int64_t *not_before, int64_t *not_after);

#endif
