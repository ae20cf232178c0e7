/* SPDX-License-Identifier: MIT */
/* Addresses and parameters as an application gives them. Input: lines; the first octet of each says whether it is a
 * reverse-path ("<"), a list of parameters ("=") or a forward-path (anything else). */
#include "message/address.h"
#include "message/parameters.h"

#include "fuzz.h"

#include <envoi/error.h>
#include <string.h>

/* Where a server that knows only quoting finds the end of the path: at the ">" that is neither quoted nor escaped. */
static size_t path_end(const char *path)
{
    bool quoted = false;
    size_t i = 0;

    for (; path[i] && (quoted || path[i] != '>'); i++) {
        if (path[i] == '"')
            quoted = !quoted;
        else if (quoted && path[i] == '\\' && path[i + 1])
            i++;
    }
    return i;
}

/* Where the domain begins: behind the first "@" that is not quoted; the end when there is none. */
static size_t domain_start(const char *path)
{
    bool quoted = false;

    for (size_t i = 0; path[i]; i++) {
        if (path[i] == '"')
            quoted = !quoted;
        else if (quoted && path[i] == '\\' && path[i + 1])
            i++;
        else if (!quoted && path[i] == '@')
            return i + 1;
    }
    return strlen(path);
}

static bool is_ascii(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] >= 0x80)
            return false;
    return true;
}

static void check_path(const struct address *a, bool null_allowed)
{
    const char *path = address_path(a);
    size_t len = strlen(path), domain = domain_start(path);
    size_t local = domain < len || (domain && path[domain - 1] == '@') ? domain - 1 : len;

    FUZZ_CHECK(!fuzz_has_control(path), "a control character");
    FUZZ_CHECK(fuzz_is_utf8(path, len), "not UTF-8");
    FUZZ_CHECK(len || null_allowed, "an empty forward-path");
    FUZZ_CHECK(local <= ADDRESS_LOCAL_MAX && len - domain <= ADDRESS_DOMAIN_MAX, "%zu and %zu octets", local,
               len - domain);
    FUZZ_CHECK(path_end(path) == len, "the path ends at %zu of %zu for a server", path_end(path), len);
    FUZZ_CHECK(is_ascii(path + domain, len - domain), "a domain that is not ASCII");
    FUZZ_CHECK(!strpbrk(path + domain, path[domain] == '[' ? " <>\\" : " <>\"\\,;()@"),
               "a domain with something odd: %s", path + domain);
    FUZZ_CHECK(a->utf8 == !is_ascii(path, local), "SMTPUTF8 is%s asked for", a->utf8 ? "" : " not");
    if (len && path[0] != '"')
        FUZZ_CHECK(strcspn(path, " <>\"\\,:;()[]") >= local, "a local part with something odd");
}

static void check_address(const char *text, bool null_allowed)
{
    struct envoi_errctx fault = {0}, other;
    struct address a, again;
    struct fuzz_bytes with = {0};
    const char *path;
    char *bracketed;
    int rc = address_parse(text, null_allowed, &fault, &a);

    FUZZ_CHECK(rc == ENVOI_OK || rc == ENVOI_E_ADDRESS, "the result is %d", rc);
    FUZZ_CHECK(fault.code == rc && !fault.text[0] == !rc && fuzz_is_printable(fault.text), "the fault \"%s\"",
               fault.text);
    if (rc)
        return;
    check_path(&a, null_allowed);
    path = address_path(&a);
    /* What goes on the wire is taken as it is. */
    FUZZ_CHECK(address_parse(path, null_allowed, &other, &again) == ENVOI_OK, "%s: %s", path, other.text);
    FUZZ_CHECK(strcmp(address_path(&again), path) == 0 && again.utf8 == a.utf8, "%s became %s", path,
               address_path(&again));
    address_free(&again);
    fuzz_add(&with, "<", 1);
    fuzz_add(&with, path, strlen(path));
    fuzz_add(&with, ">", 1);
    bracketed = fuzz_string(with.data, with.len);
    FUZZ_CHECK(address_parse(bracketed, null_allowed, &other, &again) == ENVOI_OK, "%s: %s", bracketed, other.text);
    FUZZ_CHECK(strcmp(address_path(&again), path) == 0, "%s became %s", bracketed, address_path(&again));
    fuzz_free(bracketed);
    fuzz_bytes_free(&with);
    address_free(&again);
    address_free(&a);
}

/* esmtp-param of RFC 5321 section 4.1.2, with the characters of RFC 6531. */
static bool is_parameter(const char *word, size_t len)
{
    size_t name = strspn(word, "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    if (name > len)
        name = len;
    if (!name || word[0] == '-')
        return false;
    if (name == len)
        return true;
    return word[name] == '=' && len > name + 1 && !memchr(word + name + 1, '=', len - name - 1);
}

static void check_parameters(const char *text)
{
    struct envoi_errctx fault = {0};
    int rc = parameters_check(text, &fault);

    FUZZ_CHECK(rc == ENVOI_OK || rc == ENVOI_E_USAGE, "the result is %d", rc);
    FUZZ_CHECK(fault.code == rc && !fault.text[0] == !rc && fuzz_is_printable(fault.text), "the fault \"%s\"",
               fault.text);
    if (rc)
        return;
    FUZZ_CHECK(strlen(text) <= PARAMETERS_MAX && !fuzz_has_control(text), "too long, or a control character");
    for (const char *at = text; *(at += strspn(at, " ")); at += strcspn(at, " "))
        FUZZ_CHECK(is_parameter(at, strcspn(at, " ")), "\"%s\" is no parameter", at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};

    while (in.len) {
        char *line = fuzz_line(&in);

        if (*line == '=')
            check_parameters(line + 1);
        else
            check_address(line + (*line == '<'), *line == '<');
        fuzz_free(line);
    }
    return 0;
}
