/* SPDX-License-Identifier: MIT */
#include "configure/autoconfig.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Expat 2.9 has another name for it, and warns of the old one. */
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 9
#define LINE_NUMBER XML_GetCurrentLineNumber64
#else
#define LINE_NUMBER XML_GetCurrentLineNumber
#endif

struct reading {
    XML_Parser parser;
    struct candidates *candidates;
    const char *domain;
    int depth, server_depth; /* of the outgoingServer that is read; 0: none */
    struct candidate server;
    int usable;     /* its socketType has TLS */
    int passwords;  /* one of its ways to log in is a password */
    char text[512]; /* of the innermost element */
    size_t len;
    const char *wrong; /* why the file is refused; NULL: it is not */
};

static void autoconfig_refuse(struct reading *r, const char *why)
{
    if (!r->wrong)
        r->wrong = why;
    XML_StopParser(r->parser, XML_FALSE);
}

static const char *autoconfig_attribute(const XML_Char **attributes, const char *name)
{
    for (; *attributes; attributes += 2)
        if (!strcmp(attributes[0], name))
            return attributes[1];
    return "";
}

static void autoconfig_begin(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
    struct reading *r = ctx;

    if (++r->depth > AUTOCONFIG_DEPTH)
        autoconfig_refuse(r, "its elements are nested too deep");
    r->len = 0;
    if (!strcmp(name, "outgoingServer") && !r->server_depth &&
        !strcmp(autoconfig_attribute(attributes, "type"), "smtp")) {
        r->server_depth = r->depth;
        r->server = (struct candidate){.source = "the autoconfig file", .token = 0};
        r->usable = r->passwords = 0;
    }
}

static void autoconfig_add_text(void *ctx, const XML_Char *text, int len)
{
    struct reading *r = ctx;

    if ((size_t)len >= sizeof r->text - r->len)
        autoconfig_refuse(r, "the text of an element is too long");
    else
        memcpy(r->text + r->len, text, (size_t)len);
    r->len += r->wrong ? 0 : (size_t)len;
}

/* ---- the elements of a server ---- */

static void autoconfig_set_host(struct reading *r, const char *text)
{
    snprintf(r->server.host, sizeof r->server.host, "%.255s", text);
}

static void autoconfig_set_port(struct reading *r, const char *text)
{
    size_t digits = strspn(text, "0123456789");

    r->server.port = digits && digits < 6 && !text[digits] ? (unsigned)strtoul(text, NULL, 10) : 0;
}

/* A server without TLS is passed over. */
static void autoconfig_set_socket(struct reading *r, const char *text)
{
    r->usable = 1;
    if (!strcmp(text, "SSL"))
        r->server.tls = ENVOI_TLS_IMPLICIT;
    else if (!strcmp(text, "STARTTLS"))
        r->server.tls = ENVOI_TLS_REQUIRED;
    else
        r->usable = 0;
}

static void autoconfig_set_user(struct reading *r, const char *text)
{
    r->server.user = strcmp(text, "%EMAILLOCALPART%") ? PROVIDER_ADDRESS : PROVIDER_LOCAL;
}

static void autoconfig_set_login(struct reading *r, const char *text)
{
    if (!strcmp(text, "OAuth2"))
        r->server.token = 1;
    else
        r->passwords = 1;
}

static const struct {
    const char *name;
    void (*set)(struct reading *r, const char *text);
} elements[] = {
    {"hostname", autoconfig_set_host},        {"port", autoconfig_set_port},
    {"socketType", autoconfig_set_socket},    {"username", autoconfig_set_user},
    {"authentication", autoconfig_set_login},
};

/* Words with blanks around them; others than these octets are in no host name. */
static int autoconfig_is_host(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");

    return *text && !text[len];
}

static void autoconfig_end_server(struct reading *r)
{
    r->server_depth = 0;
    if (r->passwords)
        r->server.token = 0;
    r->server.outside = !candidate_within(r->server.host, r->domain);
    if (r->usable && r->server.port && r->server.port < 65536 && autoconfig_is_host(r->server.host))
        candidates_add(r->candidates, &r->server);
}

static void autoconfig_end(void *ctx, const XML_Char *name)
{
    struct reading *r = ctx;
    char *text = r->text;

    r->text[r->len] = '\0';
    text += strspn(text, " \t\r\n");
    for (size_t n = strlen(text); n && strchr(" \t\r\n", text[n - 1]); n--)
        text[n - 1] = '\0';
    for (size_t i = 0; r->server_depth == r->depth - 1 && i < sizeof elements / sizeof *elements; i++)
        if (r->server_depth && !strcmp(name, elements[i].name))
            elements[i].set(r, text);
    r->len = 0;
    if (r->depth-- == r->server_depth)
        autoconfig_end_server(r);
}

/* Entities can grow without autoconfig_end, and no autoconfig file needs a document type. */
static void autoconfig_refuse_doctype(void *ctx, const XML_Char *name, const XML_Char *system, const XML_Char *public,
                                      int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    autoconfig_refuse(ctx, "it has a document type");
}

/* ---- reading ---- */

int autoconfig_parse(struct candidates *c, const char *path, const char *text, size_t len, const char *domain,
                     struct fault *fault)
{
    struct reading r = {.parser = XML_ParserCreate(NULL), .candidates = c, .domain = domain};
    size_t before = c->count;
    int rc = 0;

    if (!r.parser)
        return fault_memory(fault);
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, autoconfig_begin, autoconfig_end);
    XML_SetCharacterDataHandler(r.parser, autoconfig_add_text);
    XML_SetStartDoctypeDeclHandler(r.parser, autoconfig_refuse_doctype);
    if (len > AUTOCONFIG_MAX)
        rc = fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "%s: longer than %zu KiB", path, AUTOCONFIG_MAX / 1024);
    else if (XML_Parse(r.parser, text, (int)len, XML_TRUE) != XML_STATUS_OK)
        rc = fault_set(fault, EXIT_DATA, ENVOI_E_CONTENT, "%s:%lu: %s", path, (unsigned long)LINE_NUMBER(r.parser),
                       r.wrong ? r.wrong : XML_ErrorString(XML_GetErrorCode(r.parser)));
    else if (c->count == before)
        rc = fault_set(fault, EXIT_NO_HOST, ENVOI_E_CONTENT, "%s: it names no server for sending with TLS", path);
    XML_ParserFree(r.parser);
    return rc;
}

int autoconfig_read(struct candidates *c, const char *path, const char *domain, struct fault *fault)
{
    int is_input = !strcmp(path, "-");
    FILE *file = is_input ? stdin : fopen(path, "re");
    int error = file ? 0 : errno, rc;
    char *text = malloc(AUTOCONFIG_MAX + 1);
    size_t len = 0;

    if (file && text) {
        len = fread(text, 1, AUTOCONFIG_MAX + 1, file);
        error = ferror(file) ? errno : 0;
    }
    if (file && !is_input)
        fclose(file);
    if (!text)
        rc = fault_memory(fault);
    else if (error)
        rc = fault_set(fault, EXIT_CONFIG, ENVOI_E_SYSTEM, "--autoconfig: cannot read '%s': %s", path, strerror(error));
    else
        rc = autoconfig_parse(c, is_input ? "standard input" : path, text, len, domain, fault);
    free(text);
    return rc;
}
