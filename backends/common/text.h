/* SPDX-License-Identifier: MIT */
/* A text that is put together piece by piece: in a lent buffer (what does not fit is cut) or on the host's heap. */
#ifndef BACKEND_TEXT_H
#define BACKEND_TEXT_H

#include <envoi/plugin.h>
#include <stdbool.h>

struct backend_text {
    const struct envoi_host *host; /* NULL: data is lent and does not grow */
    char *data;                    /* NUL-terminated from the first addition on */
    size_t len;
    size_t cap;
    bool failed; /* memory ran out, or something was cut */
};

struct backend_text backend_text_lent(char *buf, size_t cap);
struct backend_text backend_text_heap(const struct envoi_host *host);

void backend_text_add(struct backend_text *text, const char *str);

/* Adds octets that a stranger wrote. What is not printable ASCII, and what is in `special`, becomes the hex pair of RFC
 * 4514 (\0A), so the result is safe on a terminal and in a log. */
void backend_text_add_foreign(struct backend_text *text, const void *data, size_t len, const char *special);

/* Adds a moment as "2026-01-31 23:59:59 UTC". */
void backend_text_add_time(struct backend_text *text, int64_t seconds);

/* Adds an IPv4 (4 octets) or IPv6 (16 octets) address. */
void backend_text_add_ip(struct backend_text *text, const void *addr, size_t len);

/* Gives a heap text away (freed by host->free), or NULL if memory ran out. Nothing remains to be freed. */
char *backend_text_take(struct backend_text *text);

#endif
