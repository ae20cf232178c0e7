/* SPDX-License-Identifier: MIT */
/* A text that is built piece by piece: in the caller's buffer, where it is truncated if it does not fit, or on the
 * host's heap. It remembers its failure, so only the end result has to be checked. */
#ifndef BACKEND_TEXT_H
#define BACKEND_TEXT_H

#include <envoi/plugin.h>
#include <stdbool.h>

struct backend_text {
    const struct envoi_host *host; /* NULL: data is the caller's buffer and does not grow */
    char *data;                    /* NUL-terminated from the first addition on */
    size_t len;
    size_t cap;
    bool failed; /* out of memory, or the text was truncated */
};

struct backend_text backend_text_lent(char *buf, size_t cap);
struct backend_text backend_text_heap(const struct envoi_host *host);

void backend_text_add(struct backend_text *text, const char *str);

/* Adds untrusted octets. Those that are not printable ASCII, or are in `special`, become hex pairs as in RFC 4514
 * (\0A). So the result is safe on a terminal and in a log. */
void backend_text_add_foreign(struct backend_text *text, const void *data, size_t len, const char *special);

/* Adds a time, seconds since 1970, as "2026-01-31 23:59:59 UTC". */
void backend_text_add_time(struct backend_text *text, int64_t seconds);

/* Adds an IPv4 (4 octets) or IPv6 (16 octets) address. */
void backend_text_add_ip(struct backend_text *text, const void *addr, size_t len);

/* Reports a failure to the application: what it is, and behind a colon a detail that may be a stranger's (NULL: none).
 * Returns `code`. */
int32_t backend_text_report(const struct envoi_host *host, struct envoi_errctx *errctx, int32_t code, int64_t library,
                            const char *what, const char *detail);

/* Writes `len` octets as hexadecimal digits and a NUL. */
void backend_text_hex(char *out, const uint8_t *data, size_t len);

/* Returns a text on the heap, which the caller frees by host->free, or NULL if memory ran out. `text` is empty
 * afterwards. */
char *backend_text_take(struct backend_text *text);

#endif
