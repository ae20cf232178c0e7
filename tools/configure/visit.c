/* SPDX-License-Identifier: MIT */
#include "configure/visit.h"

#include "accounts/apply.h"
#include "accounts/exit_code.h"
#include "fault.h"

#include <envoi/envoi.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* So many seconds may a candidate that does not answer delay the next one. */
#define PATIENCE "10"

/* ---- the connection ---- */

/* The values of the options, below those of the candidate. */
static int visit_set(struct visit *visit, const struct candidate *candidate, const char *tls_name)
{
    const char *tls = candidate->tls == ENVOI_TLS_IMPLICIT ? "implicit" : "required";
    struct values values = {0};
    int failed = values_add(&values, KEY_TLS, tls, VALUES_COMMAND_LINE), rc;

    if (tls_name)
        failed |= values_add(&values, KEY_TLS_NAME, tls_name, VALUES_COMMAND_LINE);
    if (!visit->patient && !values_find(visit->given, KEY_TIMEOUT))
        failed |= values_add(&values, KEY_TIMEOUT, PATIENCE, VALUES_COMMAND_LINE);
    failed |= values_take(&values, visit->given, 1);
    rc = failed ? fault_memory(&visit->fault) : apply_session(&values, visit->session, 1, &visit->fault);
    values_free(&values);
    return rc;
}

int visit_open(struct visit *visit, const struct candidate *candidate, const char *tls_name)
{
    char server[CANDIDATE_SERVER];
    int error, rc;

    visit_close(visit);
    visit->fault = (struct fault){0};
    if ((error = envoi_session_new(visit->library, &visit->session)))
        return fault_set(&visit->fault, EXIT_LOCAL, error, "%s", envoi_error_text(error));
    rc = visit_set(visit, candidate, tls_name);
    if (rc)
        return rc;
    candidate_server(candidate, server);
    error = envoi_session_connect(visit->session, server);
    if (!error)
        error = envoi_session_ehlo_or_helo_if_needed(visit->session);
    if (!error && candidate->tls == ENVOI_TLS_REQUIRED && candidate->port != 465)
        error = envoi_session_starttls(visit->session);
    if (!error)
        error = envoi_session_ehlo_or_helo_if_needed(visit->session);
    if (error)
        rc = fault_from_session(&visit->fault, visit->session, error);
    if (rc)
        visit_close(visit);
    return rc;
}

void visit_close(struct visit *visit)
{
    if (envoi_session_connected(visit->session))
        envoi_session_quit(visit->session);
    envoi_session_free(visit->session);
    visit->session = NULL;
}

/* ---- the login ---- */

const char *visit_mechanisms(const struct visit *visit)
{
    const char *names = envoi_session_extension(visit->session, "AUTH");

    return names ? names : "";
}

static int visit_is_of_tokens(const char *name, size_t len)
{
    return (len == 7 && !strncasecmp(name, "XOAUTH2", 7)) || (len == 11 && !strncasecmp(name, "OAUTHBEARER", 11));
}

int visit_wants_token(const struct visit *visit)
{
    const char *names = visit_mechanisms(visit);
    int tokens = 0;

    for (names += strspn(names, " "); *names; names += strspn(names, " ")) {
        size_t len = strcspn(names, " ");

        if (!visit_is_of_tokens(names, len))
            return 0;
        tokens = 1;
        names += len;
    }
    return tokens;
}

int visit_login(struct visit *visit, const char *user, const char *secret, int is_token)
{
    struct value value = {.key = KEY_USER, .text = (char *)(uintptr_t)user, .place = (char[]){VALUES_COMMAND_LINE}};
    int error = (is_token ? envoi_session_set_token : envoi_session_set_password)(visit->session, user, secret);

    if (error)
        return apply_setter_failed(&value, error, &visit->fault);
    error = envoi_session_login(visit->session);
    return error ? fault_from_session(&visit->fault, visit->session, error) : 0;
}

/* ---- the test ---- */

int visit_test(struct visit *visit, const char *address)
{
    struct envoi_message *message = NULL;
    char text[1024], date[64];
    time_t now = time(NULL);
    struct tm tm;
    int error = envoi_message_new(address, &message);

    if (!localtime_r(&now, &tm) || !strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S %z", &tm))
        *date = '\0';
    snprintf(text, sizeof text,
             "Date: %s\r\nFrom: <%.300s>\r\nTo: <%.300s>\r\nSubject: envoi can send\r\n\r\n"
             "This mail was sent by envoi configure.\r\n",
             date, address, address);
    if (!error)
        error = envoi_message_add_recipient(message, address);
    if (!error)
        error = envoi_message_set_data(message, text, strlen(text));
    if (error)
        fault_set(&visit->fault, EXIT_DATA, error, "'%s': %s", address, envoi_error_text(error));
    else if ((error = envoi_session_send(visit->session, message)))
        fault_from_session(&visit->fault, visit->session, error);
    envoi_message_free(message);
    return error ? visit->fault.exit : 0;
}
