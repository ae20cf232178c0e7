/* SPDX-License-Identifier: MIT */
#include "text.h"

#include "date.h"
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REPORT_MAX 512 /* octets of the text of a failure, NUL included */

struct backend_text backend_text_lent(char *buf, size_t cap)
{
    buf[0] = '\0';
    return (struct backend_text){.data = buf, .cap = cap};
}

struct backend_text backend_text_heap(const struct envoi_host *host)
{
    struct backend_text text = {.host = host};

    backend_text_add(&text, "");
    return text;
}

/* Makes room for `more` octets and a NUL. Returns false if there is none. */
static bool text_room(struct backend_text *text, size_t more)
{
    size_t cap;
    char *data;

    if (text->failed)
        return false;
    if (more < text->cap - text->len)
        return true;
    cap = text->len + more + 1 + text->cap;
    data = text->host ? text->host->realloc(text->data, cap) : NULL;
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->cap = cap;
    return true;
}

static void text_append(struct backend_text *text, const char *data, size_t len)
{
    if (!text_room(text, len)) {
        if (text->host || !text->cap)
            return;
        len = text->cap - text->len - 1;
    }
    memcpy(text->data + text->len, data, len);
    text->len += len;
    text->data[text->len] = '\0';
}

void backend_text_add(struct backend_text *text, const char *str)
{
    text_append(text, str, strlen(str));
}

void backend_text_add_foreign(struct backend_text *text, const void *data, size_t len, const char *special)
{
    static const char hex[] = "0123456789ABCDEF";
    const unsigned char *octets = data;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = octets[i];
        char pair[3] = {(char)c};
        size_t n = 1;
        if (c < 0x20 || c > 0x7e || strchr(special, c)) {
            pair[0] = '\\';
            pair[1] = hex[c >> 4];
            pair[2] = hex[c & 15];
            n = sizeof pair;
        }
        text_append(text, pair, n);
    }
}

void backend_text_add_time(struct backend_text *text, int64_t seconds)
{
    struct backend_date d = backend_date_of(seconds);
    char buf[64];

    (void)snprintf(buf, sizeof buf, "%04" PRId64 "-%02u-%02u %02u:%02u:%02u UTC", d.year, d.month, d.day, d.hour,
                   d.minute, d.second);
    backend_text_add(text, buf);
}

void backend_text_add_ip(struct backend_text *text, const void *addr, size_t len)
{
    char buf[INET6_ADDRSTRLEN];

    if ((len == 4 || len == 16) && inet_ntop(len == 4 ? AF_INET : AF_INET6, addr, buf, sizeof buf))
        backend_text_add(text, buf);
    else
        backend_text_add_foreign(text, addr, len, " \\");
}

void backend_text_hex(char *out, const uint8_t *data, size_t len)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        *out++ = hex[data[i] >> 4];
        *out++ = hex[data[i] & 15];
    }
    *out = '\0';
}

char *backend_text_take(struct backend_text *text)
{
    char *data = text->data;

    if (text->failed) {
        text->host->free(data);
        data = NULL;
    }
    *text = (struct backend_text){0};
    return data;
}

int32_t backend_text_report(const struct envoi_host *host, struct envoi_errctx *errctx, int32_t code, int64_t library,
                            const char *what, const char *detail)
{
    char buf[REPORT_MAX];
    struct backend_text text = backend_text_lent(buf, sizeof buf);

    backend_text_add(&text, what);
    if (detail) {
        backend_text_add(&text, ": ");
        backend_text_add_foreign(&text, detail, strlen(detail), "");
    }
    host->set_error(host, errctx, code, library, buf);
    return code;
}
