/* SPDX-License-Identifier: MIT */
#include "net/target.h"

#include "base/mem.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <envoi/library.h>
#include <envoi/session.h>
#include <idn2.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#define SERVER_MAX ((size_t)1024)
#define NAME_MAX_  ((size_t)253)
#define LABEL_MAX  ((size_t)63)
#define ZONED_MAX  ((size_t)(INET6_ADDRSTRLEN + IF_NAMESIZE + 1))

static int target_wrong(struct envoi_errctx *fault, int detail, const char *text, size_t len, const char *why)
{
    char shown[81];

    if (len >= sizeof shown)
        len = sizeof shown - 1;
    memcpy(shown, text, len);
    shown[len] = '\0';
    text_make_printable(shown, len, "");
    return fault_misuse(fault, detail, ENVOI_PHASE_NONE, "\"%s\": %s", shown, why);
}

static int target_no_memory(struct envoi_errctx *fault)
{
    return fault_set(fault, ENVOI_E_MEMORY, ENVOI_PHASE_NONE, "%s", envoi_error_text(ENVOI_E_MEMORY));
}

/* ---- names ---- */

/* Letters, digits, hyphens (not first or last), and underscores, because some machines have them in their names. */
static bool host_is_label(const char *label, size_t len)
{
    if (len == 0 || len > LABEL_MAX || label[0] == '-' || label[len - 1] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!text_is_alpha(label[i]) && !text_is_digit(label[i]) && label[i] != '-' && label[i] != '_')
            return false;
    return true;
}

static bool host_is_name(const char *name)
{
    if (strlen(name) > NAME_MAX_)
        return false;
    for (;;) {
        size_t len = strcspn(name, ".");

        if (!host_is_label(name, len))
            return false;
        if (!name[len])
            return true;
        name += len + 1;
    }
}

/* Is the last label a number, as in "127.1", "0x7f.1" or "2130706433"? Programs read these as addresses in different
 * ways, and no top-level domain is a number (RFC 1123 section 2.1), so it is neither a name nor an address here. */
static bool host_is_numeric(const char *name)
{
    const char *dot = strrchr(name, '.'), *last = dot ? dot + 1 : name;
    bool hex = last[0] == '0' && (last[1] == 'x' || last[1] == 'X');
    size_t digits = strspn(hex ? last + 2 : last, hex ? "0123456789abcdefABCDEF" : "0123456789");

    return !last[(hex ? 2 : 0) + digits];
}

/* libidn2 has its own allocator, so the result is copied to memory of mem.h. */
static int host_to_a_labels(const char *text, struct envoi_errctx *fault, char **out)
{
    char *labels = NULL;
    int rc = idn2_to_ascii_8z(text, &labels, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);

    if (rc == IDN2_MALLOC)
        return target_no_memory(fault);
    if (rc != IDN2_OK)
        return target_wrong(fault, ENVOI_DETAIL_HOST, text, strlen(text), idn2_strerror(rc));
    *out = mem_strdup(labels);
    idn2_free(labels);
    return *out ? ENVOI_OK : target_no_memory(fault);
}

int host_normalise(const char *text, size_t len, struct envoi_errctx *fault, char **out, bool *absolute)
{
    char *name;
    size_t end;
    bool dot;
    int rc;

    *out = NULL;
    if (len == 0)
        return target_wrong(fault, ENVOI_DETAIL_EMPTY, text, len, "no host name");
    if (!text_is_line(text, len))
        return target_wrong(fault, ENVOI_DETAIL_CONTROL, text, len, "a host name has no control characters");
    if (!(name = mem_strndup(text, len)))
        return target_no_memory(fault);
    if (!text_is_ascii(text, len)) {
        char *labels = NULL;

        rc = host_to_a_labels(name, fault, &labels);
        mem_free(name);
        if (rc || !labels)
            return rc ? rc : target_no_memory(fault);
        name = labels;
    }
    end = strlen(name);
    dot = end > 0 && name[end - 1] == '.';
    if (dot)
        name[end - 1] = '\0';
    if (absolute)
        *absolute = dot;
    if (!host_is_name(name)) {
        mem_free(name);
        return target_wrong(fault, ENVOI_DETAIL_HOST, text, len, "not a host name");
    }
    if (host_is_numeric(name)) {
        mem_free(name);
        return target_wrong(fault, ENVOI_DETAIL_HOST, text, len,
                            "a number at its end is not a host name, nor is this an IP address");
    }
    *out = name;
    return ENVOI_OK;
}

/* ---- addresses ---- */

/* The number of the interface in "fe80::1%eth0"; 0: no such interface. */
static uint32_t target_zone(const char *zone)
{
    uint64_t number;

    if (text_number(zone, strlen(zone), &number))
        return number > UINT32_MAX ? 0 : (uint32_t)number;
    return if_nametoindex(zone);
}

/* True if the text is an IP address. If its zone is unknown, out->len is 0. */
static bool target_parse_ip(const char *text, size_t len, uint16_t port, struct endpoint *out)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    char copy[ZONED_MAX];
    char *zone;

    memset(out, 0, sizeof *out);
    if (len >= sizeof copy || memchr(text, '\0', len))
        return false;
    memcpy(copy, text, len);
    copy[len] = '\0';
    if (inet_pton(AF_INET, copy, &in.sin_addr) == 1)
        return endpoint_set(out, (const struct sockaddr *)&in, sizeof in);
    if ((zone = strchr(copy, '%')))
        *zone++ = '\0';
    if (inet_pton(AF_INET6, copy, &in6.sin6_addr) != 1)
        return false;
    if (zone && !(in6.sin6_scope_id = target_zone(zone)))
        return true;
    return endpoint_set(out, (const struct sockaddr *)&in6, sizeof in6);
}

/* NULL, or why no socket can use an address that was parsed. */
static const char *target_address_problem(const struct endpoint *e)
{
    if (!e->len)
        return "no such network interface";
    if (e->at.any.sa_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&e->at.in6.sin6_addr) && !e->at.in6.sin6_scope_id)
        return "a link-local address needs its network interface, as in fe80::1%eth0";
    return NULL;
}

int host_or_ip_normalise(const char *text, struct envoi_errctx *fault, char **out, bool *is_ip)
{
    struct endpoint address;
    char host[ENDPOINT_TEXT_MAX];

    *is_ip = target_parse_ip(text, strlen(text), 0, &address) && address.len;
    if (!*is_ip)
        return host_normalise(text, strlen(text), fault, out, NULL);
    endpoint_host(&address, host, sizeof host);
    *out = mem_strdup(host);
    return *out ? ENVOI_OK : target_no_memory(fault);
}

/* ---- servers ---- */

struct target_parts {
    const char *host;
    size_t len;
    const char *port; /* NULL: not given */
    bool brackets;
};

/* Returns NULL, or why it cannot be split. More than one colon outside of brackets means an IPv6 address without a
 * port. */
static const char *target_split(const char *server, struct target_parts *p)
{
    const char *colon = strchr(server, ':'), *end;

    *p = (struct target_parts){.host = server, .len = strlen(server)};
    if (server[0] == '[') {
        if (!(end = strchr(server, ']')))
            return "no ] to the [";
        if (end[1] && end[1] != ':')
            return "after ] only : and a port";
        *p = (struct target_parts){server + 1, (size_t)(end - server - 1), end[1] ? end + 2 : NULL, true};
    } else if (colon && !strchr(colon + 1, ':')) {
        *p = (struct target_parts){server, (size_t)(colon - server), colon + 1, false};
    }
    return NULL;
}

static bool target_parse_port(const char *text, uint16_t *port)
{
    uint64_t number;

    if (!text_number(text, strlen(text), &number) || number == 0 || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

int target_address(const char *text, struct envoi_errctx *fault, struct endpoint *out)
{
    struct target_parts parts;
    const char *why = target_split(text, &parts);
    uint16_t port = 0;

    if (!why && parts.port && strcmp(parts.port, "0") != 0 && !target_parse_port(parts.port, &port))
        why = "not a port: 0 to 65535";
    if (!why && !target_parse_ip(parts.host, parts.len, port, out))
        why = "not an IP address";
    if (!why)
        why = target_address_problem(out);
    return why ? target_wrong(fault, ENVOI_DETAIL_HOST, text, strlen(text), why) : ENVOI_OK;
}

static int target_parse_path(const char *path, struct envoi_errctx *fault, struct target *out)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    size_t len = strlen(path);

    if (len >= sizeof un.sun_path)
        return target_wrong(fault, ENVOI_DETAIL_LENGTH, path, len, "too long for a unix socket");
    memcpy(un.sun_path, path, len + 1);
    (void)endpoint_set(&out->address, (const struct sockaddr *)&un,
                       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1));
    out->is_unix = true;
    out->name = mem_strdup("localhost");
    out->label = mem_strdup(path);
    return out->name && out->label ? ENVOI_OK : target_no_memory(fault);
}

static int target_parse_host(const struct target_parts *p, struct envoi_errctx *fault, struct target *out)
{
    char text[ENDPOINT_TEXT_MAX];
    const char *why;

    if (!(out->is_ip = target_parse_ip(p->host, p->len, out->port, &out->address))) {
        if (p->brackets || memchr(p->host, ':', p->len))
            return target_wrong(fault, ENVOI_DETAIL_HOST, p->host, p->len, "not an IPv6 address");
        return host_normalise(p->host, p->len, fault, &out->name, &out->absolute);
    }
    if ((why = target_address_problem(&out->address)))
        return target_wrong(fault, ENVOI_DETAIL_HOST, p->host, p->len, why);
    endpoint_host(&out->address, text, sizeof text);
    out->name = mem_strdup(text);
    return out->name ? ENVOI_OK : target_no_memory(fault);
}

static int target_make_label(struct envoi_errctx *fault, struct target *out)
{
    char text[NAME_MAX_ + sizeof ":65535"];

    if (out->is_ip)
        endpoint_text(&out->address, text, sizeof text);
    else
        (void)snprintf(text, sizeof text, "%s:%u", out->name, (unsigned)out->port);
    out->label = mem_strdup(text);
    return out->label ? ENVOI_OK : target_no_memory(fault);
}

static int target_blame(const char *server, size_t len)
{
    if (len == 0)
        return ENVOI_DETAIL_EMPTY;
    return len > SERVER_MAX ? ENVOI_DETAIL_LENGTH : ENVOI_DETAIL_CONTROL;
}

int target_parse(const char *server, uint16_t default_port, struct envoi_errctx *fault, struct target *out)
{
    struct target_parts parts;
    const char *why;
    size_t len = strlen(server);
    int rc;

    *out = (struct target){.port = default_port};
    if (len == 0 || len > SERVER_MAX || !text_is_line(server, len))
        return target_wrong(fault, target_blame(server, len), server, len,
                            "not a server: host, host:port, [IPv6 address]:port or /path");
    if (server[0] != '/' && strstr(server, "://"))
        return target_wrong(fault, ENVOI_DETAIL_FORM, server, len, "a URL is not a host: write host or host:port");
    if (server[0] == '/') {
        rc = target_parse_path(server, fault, out);
    } else {
        if ((why = target_split(server, &parts)))
            return target_wrong(fault, ENVOI_DETAIL_FORM, server, len, why);
        if (parts.port && !target_parse_port(parts.port, &out->port))
            return target_wrong(fault, ENVOI_DETAIL_PORT, server, len, "not a port: 1 to 65535");
        rc = target_parse_host(&parts, fault, out);
        if (!rc)
            rc = target_make_label(fault, out);
    }
    if (rc)
        target_free(out);
    return rc;
}

void target_free(struct target *t)
{
    mem_free(t->name);
    mem_free(t->label);
    *t = (struct target){0};
}
