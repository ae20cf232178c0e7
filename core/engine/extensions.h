/* SPDX-License-Identifier: MIT */
/* What the server announced in its last EHLO (RFC 5321 section 4.1.1.1). */
#ifndef ENGINE_EXTENSIONS_H
#define ENGINE_EXTENSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXTENSIONS_MAX 128

struct extension {
    char *name;       /* upper case */
    char *parameters; /* as announced; "" if none */
};

struct extensions {
    struct extension list[EXTENSIONS_MAX];
    size_t count;
    /* What every transaction asks, found once. */
    bool pipelining;
    bool chunking;
    bool eight_bit;
    bool burl;
    bool size;
    uint64_t size_limit; /* octets; UINT64_MAX: none */
};

void extensions_clear(struct extensions *x);
/* The text of the reply to EHLO, lines joined by '\n', the first line being the greeting. What is not a keyword is
 * ignored; a second AUTH or the old "AUTH=" is merged; lines past EXTENSIONS_MAX are ignored. ENVOI_OK or MEMORY. */
int extensions_parse(struct extensions *x, const char *text);
/* What LIMITS (RFC 9422) says of a name: "RCPTMAX"; 0: nothing. */
uint64_t extensions_limit(const struct extensions *x, const char *name);
/* NULL: not announced. Case-blind. */
const char *extensions_get(const struct extensions *x, const char *name);

#endif
