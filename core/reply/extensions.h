/* SPDX-License-Identifier: MIT */
/* The extensions that the server announced in its last reply to EHLO (RFC 5321 section 4.1.1.1). */
#ifndef REPLY_EXTENSIONS_H
#define REPLY_EXTENSIONS_H

#include "base/echo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXTENSIONS_MAX 128

struct extension {
    char *name;       /* upper case */
    char *parameters; /* as announced; "" if none */
};

struct extensions {
    struct extension *list;
    size_t count, room;
    /* looked up once, because every transaction needs them */
    bool pipelining;
    bool chunking;
    bool eight_bit;
    bool burl;
    bool size;
    bool limits;
    uint64_t size_limit; /* octets; UINT64_MAX: none */
};

void extensions_clear(struct extensions *x);
/* Parses the text of the reply to EHLO: lines joined by '\n', the first of which is the greeting. Lines without a
 * keyword, and lines past EXTENSIONS_MAX, are ignored. A second AUTH, and the old "AUTH=", are merged. ENVOI_OK or
 * ENVOI_E_MEMORY. */
int extensions_parse(struct extensions *x, const char *text);
/* Takes these names off the list, as if the server had not announced them: words with blanks between them. */
void extensions_ignore(struct extensions *x, const char *names);
/* Puts stars over secrets that the server repeats, in parameters and in names that are no registered ones. */
void extensions_cover(struct extensions *x, const struct echo *echo);
/* The number that LIMITS (RFC 9422) announces for a name such as "RCPTMAX"; 0: none. */
uint64_t extensions_limit(const struct extensions *x, const char *name);
/* The parameters of an extension, "" if it has none; NULL: not announced. name in upper or lower case. Borrowed until
 * the next extensions_parse() or extensions_clear(). */
const char *extensions_get(const struct extensions *x, const char *name);

#endif
