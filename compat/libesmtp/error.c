/* SPDX-License-Identifier: MIT */
#include "error.h"

#include "libesmtp.h"
#include "portable/errno_text.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A failure of envoi is ENVOI_NUMBER - rc. */
#define ENVOI_NUMBER 100

static _Thread_local int last;
static _Thread_local char last_text[512]; /* of a failure of envoi */

/* ---- setting it ---- */

int error_set(int number)
{
    last = number;
    return 0;
}

int error_set_errno(int number)
{
    return error_set(-number);
}

int error_set_text(int rc, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    (void)vsnprintf(last_text, sizeof last_text, format, list);
    va_end(list);
    return error_set(ENVOI_NUMBER - rc);
}

int error_set_envoi(const struct envoi_session *session, int rc)
{
    static const struct {
        int rc, number;
    } known[] = {
        {ENVOI_E_RESOLVE, SMTP_ERR_EAI_NONAME},
        {ENVOI_E_LOOKUP, SMTP_ERR_EAI_AGAIN},
        {ENVOI_E_UNKNOWN, SMTP_ERR_DROPPED_CONNECTION},
        {ENVOI_E_MEMORY, -ENOMEM},
    };
    int64_t number = envoi_session_error_library_code(session);

    if (rc == ENVOI_E_CONNECT && number > 0 && number < INT_MAX)
        return error_set_errno((int)number);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].rc == rc)
            return error_set(known[i].number);
    return error_set_text(rc, "%s", envoi_session_error(session));
}

int smtp_errno(void)
{
    return last;
}

/* ---- its text ---- */

static const char *const texts[] = {
    "No Error",
    "",
    "Nothing to do",
    "SMTP server dropped connection",
    "Invalid SMTP syntax in server response",
    "SMTP Status code mismatch on continuation line",
    "Invalid SMTP status code in server response",
    "Invalid API function argument",
    "Requested SMTP extension not available",
    [SMTP_ERR_UNTERMINATED_RESPONSE] = "Unterminated server response",
    [SMTP_ERR_CLIENT_ERROR] = "Client error",
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

/* EAI_ADDRFAMILY and EAI_NODATA, which libESMTP is built without, are plain numbers there. */
static const int eai[TEXTS] = {
    [SMTP_ERR_EAI_FAIL] = EAI_FAIL,       [SMTP_ERR_EAI_AGAIN] = EAI_AGAIN,       [SMTP_ERR_EAI_MEMORY] = EAI_MEMORY,
    [SMTP_ERR_EAI_FAMILY] = EAI_FAMILY,   [SMTP_ERR_EAI_BADFLAGS] = EAI_BADFLAGS, [SMTP_ERR_EAI_NONAME] = EAI_NONAME,
    [SMTP_ERR_EAI_SERVICE] = EAI_SERVICE, [SMTP_ERR_EAI_SOCKTYPE] = EAI_SOCKTYPE,
};

static const char *error_text(int error)
{
    if (error < TEXTS)
        return eai[error] ? gai_strerror(eai[error]) : texts[error];
    if (error < ENVOI_NUMBER)
        return NULL;
    return error == last ? last_text : envoi_error_text(ENVOI_NUMBER - error);
}

/* syslog-ng reads buf whatever is returned, so the text is always copied. */
char *smtp_strerror(int error, char buf[], size_t buflen)
{
    const char *text;

    if (!buf || !buflen) {
        error_set(SMTP_ERR_INVAL);
        return NULL;
    }
    if (error < -INT_MAX)
        error = -INT_MAX;
    text = error < 0 ? errno_text_of_libc(-error) : error_text(error);
    if (text)
        (void)snprintf(buf, buflen, "%s", text);
    else
        (void)snprintf(buf, buflen, "Error %d", error);
    return buf;
}
