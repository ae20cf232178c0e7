/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include "exit_code.h"
#include "text.h"
#include <envoi/envoi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What to do, in the words of the command line. Phase NONE: in any phase. */
static const struct {
    int error;
    int phase;
    const char *hint;
} hints[] = {
    {ENVOI_E_RESOLVE, ENVOI_PHASE_NONE, "is the name of the host right?"},
    {ENVOI_E_CONNECT, ENVOI_PHASE_NONE, "are the host and --port right, and is the server running?"},
    {ENVOI_E_TIMEOUT, ENVOI_PHASE_NONE, "try again, or give a longer --timeout"},
    {ENVOI_E_CERTIFICATE, ENVOI_PHASE_NONE, "'envoi probe' shows the certificates; see --ca, --tls-name and --pin"},
    {ENVOI_E_AUTH, ENVOI_PHASE_NONE, "are --user and the password right?"},
    {ENVOI_E_NO_MECHANISM, ENVOI_PHASE_NONE, "'envoi probe' shows what is announced; see --mechanism, --tls"},
    {ENVOI_E_PLUGIN, ENVOI_PHASE_NONE, "'envoi plugins --why' shows what is there"},
    {ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_AUTH, "'envoi probe' shows what is announced; without --user nobody logs in"},
    {ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_STARTTLS, "'envoi probe' shows what is announced; see --tls"},
    {ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_MAIL, "--drop-options leaves out parameters that are not announced"},
    {ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_RCPT, "--drop-options leaves out parameters that are not announced"},
    {ENVOI_E_UNKNOWN, ENVOI_PHASE_NONE, "find out whether it has arrived before you send it again"},
};

void complain(const char *format, ...)
{
    char line[2560];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    char *clean = n < 0 ? NULL : text_clean(line, ' ');
    fprintf(stderr, "envoi: %s\n", clean ? clean : "out of memory");
    free(clean);
}

int fault_set(struct fault *fault, int exit, int error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *fault = (struct fault){.exit = exit, .error = error};
    if (vsnprintf(fault->text, sizeof fault->text, format, args) < 0)
        fault->text[0] = '\0';
    va_end(args);
    return exit;
}

int fault_from_session(struct fault *fault, const struct envoi_session *session, int error)
{
    const struct envoi_reply *reply = envoi_session_reply(session);
    const char *text = envoi_session_error(session);
    fault_set(fault, 0, error, "%s", text && *text ? text : envoi_error_text(error));
    fault->phase = envoi_session_error_phase(session);
    /* The last reply is the cause only if it was a refusal; a lost connection has none. */
    if (envoi_reply_code(reply) >= 400 && envoi_error_class(error) != ENVOI_CLASS_NETWORK) {
        fault->code = envoi_reply_code(reply);
        snprintf(fault->enhanced, sizeof fault->enhanced, "%s", envoi_reply_enhanced(reply));
    }
    fault->exit = exit_code_of_error(error, fault->phase, fault->code);
    return fault->exit;
}

int fault_from_setter(struct fault *fault, const char *what, const char *value, int error)
{
    int exit = exit_code_of_error(error, ENVOI_PHASE_NONE, 0);
    return fault_set(fault, exit, error, "%s '%s': %s", what, value, envoi_error_text(error));
}

static const char *hint_of(const struct fault *fault)
{
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (hints[i].error == fault->error && (!hints[i].phase || hints[i].phase == fault->phase))
            return hints[i].hint;
    return NULL;
}

void fault_print(const struct fault *fault, const char *where)
{
    const char *hint = hint_of(fault);
    if (!fault->exit)
        return;
    complain("%s%s%s%s%s", where ? where : "", where ? ": " : "", fault->text, hint ? "; " : "", hint ? hint : "");
}

json_t *fault_json(const struct fault *fault)
{
    if (!fault->exit)
        return NULL;
    json_t *object = json_object();
    json_object_set_new(object, "name", text_json(envoi_error_name(fault->error)));
    json_object_set_new(object, "text", text_json(fault->text));
    json_object_set_new(object, "phase", text_json(fault->phase ? envoi_phase_name(fault->phase) : ""));
    json_object_set_new(object, "code", json_integer(fault->code));
    json_object_set_new(object, "enhanced", text_json(fault->enhanced));
    return object;
}
