/* SPDX-License-Identifier: MIT */
#include "name.h"

#include <arpa/inet.h>
#include <string.h>

#define LABEL_MAX 63
#define HOST_MAX  253

/* Letter, digit, hyphen; and the underscore, which is no part of a host name by the rules, but occurs in DNS. */
static bool is_ldh(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool is_host_name(const char *text, size_t len)
{
    size_t label = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '.') {
            if (label == 0)
                return false;
            label = 0;
        } else if (!is_ldh(text[i]) || ++label > LABEL_MAX) {
            return false;
        }
    }
    return label > 0;
}

bool backend_name_set(struct backend_name *name, const char *text, bool is_ip)
{
    size_t len = strnlen(text, sizeof name->text);

    *name = (struct backend_name){0};
    if (len > HOST_MAX)
        return false;
    if (!is_ip) {
        if (!is_host_name(text, len))
            return false;
    } else if (inet_pton(AF_INET, text, name->ip) == 1) {
        name->ip_len = 4;
    } else if (inet_pton(AF_INET6, text, name->ip) == 1) {
        name->ip_len = 16;
    } else {
        return false;
    }
    memcpy(name->text, text, len);
    return true;
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static bool same_name(const char *a, size_t a_len, const char *b, size_t b_len)
{
    if (a_len != b_len)
        return false;
    for (size_t i = 0; i < a_len; i++) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

const char *backend_name_to_send(const struct backend_name *name, const struct envoi_conn_params *params)
{
    if (ENVOI_HAS(params, sni) && params->sni)
        return params->sni;
    return name->ip_len ? NULL : name->text;
}

bool backend_name_is_dns(const struct backend_name *name, const void *san, size_t len)
{
    const char *pattern = san;
    const char *host = name->text;
    size_t host_len = strlen(host);
    const char *rest;

    if (name->ip_len != 0)
        return false;
    if (len < 2 || pattern[0] != '*' || pattern[1] != '.')
        return same_name(pattern, len, host, host_len);

    /* The wildcard stands for exactly the left-most label. At least two labels must follow it, so a certificate cannot
     * be for a whole top-level domain. The host has no empty label, so a pattern that equals it has none either. */
    rest = memchr(host, '.', host_len);
    if (!rest || !memchr(pattern + 2, '.', len - 2))
        return false;
    return same_name(pattern + 1, len - 1, rest, host_len - (size_t)(rest - host));
}

bool backend_name_is_ip(const struct backend_name *name, const void *san, size_t len)
{
    return name->ip_len != 0 && len == name->ip_len && memcmp(san, name->ip, len) == 0;
}

bool backend_name_match(void *arg, bool is_ip, const void *data, size_t len)
{
    struct backend_match *match = arg;

    match->seen++;
    match->found = is_ip ? backend_name_is_ip(match->name, data, len) : backend_name_is_dns(match->name, data, len);
    return !match->found;
}

static void name_write(struct backend_text *text, bool is_ip, const void *data, size_t len)
{
    if (is_ip)
        backend_text_add_ip(text, data, len);
    else
        backend_text_add_foreign(text, data, len, " \\");
}

bool backend_name_add(void *arg, bool is_ip, const void *data, size_t len)
{
    struct backend_text *text = arg;

    if (text->len > 0)
        backend_text_add(text, " ");
    name_write(text, is_ip, data, len);
    return true;
}

bool backend_name_list(void *arg, bool is_ip, const void *data, size_t len)
{
    struct backend_text *text = arg;

    if (text->len > text->cap / 2) {
        backend_text_add(text, "...");
        return false;
    }
    name_write(text, is_ip, data, len);
    backend_text_add(text, " ");
    return true;
}
