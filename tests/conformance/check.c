/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <envoi/error.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct check_options check_options = {.ciphers = CHECK_OTHER_LANGUAGE, .max_tls = 0x0304};
struct check_subject *check_subject;
struct check_report *check_report;
struct check_case *check_cases;
void (*check_cleanup)(void);

void check_add(struct check_case *added)
{
    struct check_case **at = &check_cases;

    while (*at)
        at = &(*at)->next;
    *at = added;
}

void check_enter(const char *slot)
{
    if (check_report)
        snprintf(check_report->slot, sizeof check_report->slot, "%s", slot);
}

void check_leave(void)
{
    if (check_report)
        check_report->slot[0] = '\0';
}

const char *check_result(int32_t rc)
{
    static const struct {
        int32_t number;
        const char *name;
    } rows[] = {{0, "ENVOI_OK"},
#define ROW(name, number, class_, text) {number, "ENVOI_E_" #name},
                ENVOI_ERROR_MAP(ROW)
#undef ROW
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].number == rc)
            return rows[i].name;
    return "no result of envoi";
}

/* Why a case is passed over. */
static const struct {
    uint32_t need;
    const char *why;
} needs[] = {
    {CHECK_TICKETS, "it has no tickets"},
    {CHECK_EXPORTER, "it has no binding tls-exporter"},
    {CHECK_END_POINT, "it has no binding tls-server-end-point"},
    {CHECK_UNIQUE, "it has no binding tls-unique"},
    {CHECK_CLIENT_CERT, "it has no client certificates"},
    {CHECK_MEMORY, "it takes no certificates from memory"},
    {CHECK_SNI, "it sends no other name than the verified one"},
    {CHECK_CHAIN, "it has no ENVOI_VERIFY_CHAIN"},
    {CHECK_PIN, "it has no ENVOI_VERIFY_PIN"},
    {CHECK_SYSTEM_CA, "it takes no other CAs for those of the system"},
    {CHECK_READ_ALL, "it has no read_all"},
    {CHECK_TLS13, "it has no TLS 1.3"},
    {CHECK_ENCRYPTED, "it opens no encrypted keys"},
    {CHECK_ED25519, "it has no Ed25519"},
    {CHECK_KEY_UPDATE, "it has no key updates"},
    {CHECK_EXPORTER12, "it has no binding tls-exporter with TLS 1.2"},
    {CHECK_CIPHERS, "its cipher strings are neither OpenSSL's nor GnuTLS's (--ciphers)"},
    {CHECK_POLICY, "no policy of the system is set (--policy)"},
    {CHECK_KDC, "no KDC is given (--kdc)"},
};

const char *check_lacking(uint32_t need)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        if (need & check_options.lacks & needs[i].need)
            return needs[i].why;
    return NULL;
}

void check_need(uint32_t need)
{
    if (check_lacking(need))
        check_skip("%s", check_lacking(need));
}

void check_with(const char *format, ...)
{
    va_list list;

    va_start(list, format);
    if (check_report)
        vsnprintf(check_report->with, sizeof check_report->with, format, list);
    va_end(list);
}

static void report(enum check_state state, const char *file, int line, const char *text)
{
    const char *base = strrchr(file, '/');

    if (!check_report) {
        fprintf(stderr, "%s:%d: %s\n", file, line, text);
        abort();
    }
    check_report->state = state;
    check_report->line = line;
    snprintf(check_report->file, sizeof check_report->file, "%s", base ? base + 1 : file);
    snprintf(check_report->text, sizeof check_report->text, "%s", text);
    for (char *at = check_report->text; *at; at++) /* it goes to a terminal, and a plugin may have made it */
        if (*at < ' ' || *at > '~')
            *at = '?';
    if (check_cleanup)
        check_cleanup();
    _exit(state == CHECK_SKIPPED ? 0 : 1);
}

void check_failed(const char *file, int line, const char *expression, const char *format, ...)
{
    char text[1024];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    report(CHECK_FAILED, file, line, text[0] && text[1] ? text + 1 : expression);
    abort();
}

void check_differs(const char *file, int line, const char *expression, long long value, const char *relation,
                   const char *other, const char *format, ...)
{
    char said[800], text[1400];
    va_list list;

    va_start(list, format);
    vsnprintf(said, sizeof said, format, list);
    va_end(list);
    snprintf(text, sizeof text, "%s%s%s is %lld%s%s%s, not %s %s", said[1] ? said + 1 : "", said[1] ? ": " : "",
             expression, value, strstr(other, "ENVOI_") ? " (" : "",
             strstr(other, "ENVOI_") ? check_result((int32_t)value) : "", strstr(other, "ENVOI_") ? ")" : "", relation,
             other);
    report(CHECK_FAILED, file, line, text);
    abort();
}

void check_skip(const char *format, ...)
{
    char text[512];
    va_list list;

    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    report(CHECK_SKIPPED, "", 0, text);
    abort();
}
