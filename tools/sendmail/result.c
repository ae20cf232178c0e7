/* SPDX-License-Identifier: MIT */
#include "sendmail/result.h"

#include "accounts/exit_code.h"
#include "fault.h"
#include "sendmail/arguments.h"
#include "text.h"

#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

/* A line of syslog that is longer may be cut on its way. */
#define LOG_LINE   1800
#define LOG_VALUES 900 /* of it for the verdicts */

static const struct {
    int from, to;
} exits[] = {
    {EXIT_NO_HOST, EXIT_DEFERRED}, /* DNS comes back */
    {EXIT_CONNECTION, EXIT_DEFERRED},
    {EXIT_PARTIAL, EXIT_REFUSED},
    {EXIT_UNKNOWN, EXIT_PROTOCOL},
};

int result_exit(int exit)
{
    for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
        if (exits[i].from == exit)
            return exits[i].to;
    return exit;
}

/* What to do, where the text does not say it. */
static const char *advice_of(const struct result *result)
{
    const struct fault *fault = &result->fault;

    static const struct {
        int error;
        const char *text;
    } advice[] = {
        {ENVOI_E_UNKNOWN, "look before you send it again"},
        {ENVOI_E_CERTIFICATE, "'envoi probe' shows the certificates"},
        {ENVOI_E_TLS, "'envoi probe' shows what the server announces"},
        {ENVOI_E_AUTH, "are user and password of the account right?"},
        {ENVOI_E_NO_MECHANISM, "'envoi probe' shows what the server announces"},
        {ENVOI_E_PLUGIN, "'envoi plugins --why' shows what is there"},
    };

    for (size_t i = 0; i < sizeof advice / sizeof *advice; i++)
        if (advice[i].error == fault->error)
            return advice[i].text;
    if (result_exit(fault->exit) != EXIT_DEFERRED || result->has_queue)
        return NULL;
    return "this program has no queue: send it again later";
}

static size_t count_missing(const struct envoi_message *message)
{
    size_t missing = 0;

    for (size_t i = 0; i < envoi_message_recipients(message); i++)
        missing += envoi_message_verdict(message, i) != ENVOI_VERDICT_ACCEPTED;
    return missing;
}

void result_print(const struct result *result)
{
    const struct fault *fault = &result->fault;
    const char *advice = advice_of(result), *server = result->server;
    size_t count = result->is_complete ? envoi_message_recipients(result->message) : 0;

    if (!result->exit)
        return;
    if (server && !strncmp(fault->text, server, strlen(server)))
        server = NULL;
    if (fault->exit)
        complain("%s%s%s%s%s", server ? server : "", server ? ": " : "", fault->text, advice ? "; " : "",
                 advice ? advice : "");
    else
        complain("%s: %zu of %zu recipients did not get the mail", result->server, count_missing(result->message),
                 count);
    for (size_t i = 0; i < count; i++) {
        const char *verdict = envoi_message_verdict_text(result->message, i);

        if (envoi_message_verdict(result->message, i) != ENVOI_VERDICT_ACCEPTED && verdict)
            complain("%s", verdict);
    }
}

static const struct {
    const char *word;
    int facility;
} facilities[] = {
    {"mail", LOG_MAIL},     {"user", LOG_USER},     {"daemon", LOG_DAEMON}, {"local0", LOG_LOCAL0},
    {"local1", LOG_LOCAL1}, {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3}, {"local4", LOG_LOCAL4},
    {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6}, {"local7", LOG_LOCAL7},
};

static int facility_of(const char *word)
{
    for (size_t i = 0; word && i < sizeof facilities / sizeof *facilities; i++)
        if (!strcmp(word, facilities[i].word))
            return facilities[i].facility;
    return LOG_MAIL;
}

/* "a@b: accepted: 250 ok, c@d: refused: 550 who?", or "a@b: queued as 17, c@d: queued as 17"; cut if it is long. */
static void log_verdicts(const struct result *result, char text[LOG_VALUES])
{
    size_t count = envoi_message_recipients(result->message), len = 0;

    *text = '\0';
    for (size_t i = 0; i < count && len < LOG_VALUES; i++) {
        const char *verdict = result->queued_as ? envoi_message_recipient(result->message, i)
                                                : envoi_message_verdict_text(result->message, i);
        int n = snprintf(text + len, LOG_VALUES - len, "%s%s%s%s", i ? ", " : "", verdict ? verdict : "?",
                         result->queued_as ? ": queued as " : "", result->queued_as ? result->queued_as : "");

        text_mark_cut(text + len, LOG_VALUES - len, n);
        len += n > 0 ? (size_t)n : 0;
    }
}

void result_log(const struct result *result)
{
    char line[LOG_LINE], verdicts[LOG_VALUES], *clean;

    if (result->facility && !strcmp(result->facility, "none"))
        return;
    log_verdicts(result, verdicts);
    (void)snprintf(line, sizeof line,
                   "exit=%d uid=%ld account=%.60s server=%.120s from=<%.260s> octets=%llu"
                   " recipients=%zu to=[%s] error=%.300s",
                   result->exit, (long)getuid(), result->account ? result->account : "-",
                   result->server ? result->server : "-", result->sender ? result->sender : "",
                   (unsigned long long)result->octets, envoi_message_recipients(result->message), verdicts,
                   result->fault.exit ? result->fault.text : "-");
    clean = text_clean(line, ' ');
    openlog(SENDMAIL, LOG_PID, facility_of(result->facility));
    syslog(result->exit ? LOG_ERR : LOG_INFO, "%s", clean ? clean : line);
    closelog();
    free(clean);
}
