/* SPDX-License-Identifier: MIT */
#include "fault.h"

#include "accounts/exit_code.h"
#include "text.h"
#include <envoi/envoi.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Advice that names options of the command line. Phase NONE and code 0 match any. */
static const struct {
    int error;
    int phase;
    int code;
    const char *about; /* only if the text has these words; NULL: any text */
    const char *hint;
} hints[] = {
    {ENVOI_E_RESOLVE, ENVOI_PHASE_NONE, 0, NULL, "is the name of the host right?"},
    {ENVOI_E_LOOKUP, ENVOI_PHASE_NONE, 0, NULL,
     "try again; is the network up, and are the servers of /etc/resolv.conf right?"},
    {ENVOI_E_TIMEOUT, ENVOI_PHASE_DNS, 0, NULL,
     "try again; is the network up, and are the servers of /etc/resolv.conf right?"},
    {ENVOI_E_TIMEOUT, ENVOI_PHASE_GREETING, 0, NULL, "see --tls and --timeout"},
    {ENVOI_E_CONNECT, ENVOI_PHASE_NONE, 0, "cannot connect from", "is --source an address of this machine?"},
    {ENVOI_E_DISCONNECTED, ENVOI_PHASE_NONE, 0, NULL, "try again; --trace shows the dialogue up to there"},
    {ENVOI_E_CONNECT, ENVOI_PHASE_NONE, 0, NULL, "are the host and --port right, and is the server running?"},
    {ENVOI_E_TIMEOUT, ENVOI_PHASE_NONE, 0, NULL, "try again, or give a longer --timeout"},
    {ENVOI_E_TLS, ENVOI_PHASE_NONE, 0, "asked for a client certificate", "see --cert and --key"},
    {ENVOI_E_TLS, ENVOI_PHASE_NONE, 0, "the key is encrypted", "see --passphrase-file"},
    {ENVOI_E_TLS, ENVOI_PHASE_STARTTLS, 0, NULL, "'envoi probe' shows what is announced; see --tls"},
    {ENVOI_E_CERTIFICATE, ENVOI_PHASE_NONE, 0, NULL,
     "'envoi probe' shows the certificates; see --ca, --tls-name and --pin"},
    {ENVOI_E_AUTH, ENVOI_PHASE_NONE, 535, NULL, "are --user and the password or token right?"},
    {ENVOI_E_SERVER_PROOF, ENVOI_PHASE_NONE, 0, NULL, "it does not know the password: is it the right server?"},
    {ENVOI_E_NO_MECHANISM, ENVOI_PHASE_NONE, 0, NULL,
     "'envoi probe' shows what is announced; see --mechanism and --tls"},
    {ENVOI_E_CANCELLED, ENVOI_PHASE_AUTH, 0, NULL, "a token comes from --token-file or --token-command"},
    {ENVOI_E_PLUGIN, ENVOI_PHASE_NONE, 0, NULL, "'envoi plugins --why' shows what is there"},
    {ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_AUTH, 0, NULL,
     "'envoi probe' shows what is announced; without --user nobody logs in"},
    {ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_STARTTLS, 0, NULL, "'envoi probe' shows what is announced; see --tls"},
    {ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_NONE, 0, "8BITMIME",
     "encode the text as quoted-printable or base64, or give it to a server that takes it"},
    {ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_NONE, 0, "SMTPUTF8", "only an address of ASCII can be sent there"},
    {ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_MAIL, 0, NULL, "--drop-options leaves out parameters that are not announced"},
    {ENVOI_E_HELO, ENVOI_PHASE_EHLO, 500, NULL, "--lmtp is for LMTP servers, and only for them"},
    {ENVOI_E_HELO, ENVOI_PHASE_EHLO, 502, NULL, "--lmtp is for LMTP servers, and only for them"},
    {ENVOI_E_PROTOCOL, ENVOI_PHASE_GREETING, 0, NULL,
     "is the --port right? --tls implicit is for ports that begin with TLS"},
    {ENVOI_E_SENDER_REFUSED, ENVOI_PHASE_NONE, 530, NULL, "the server wants a login or TLS; see --user and --tls"},
    {ENVOI_E_UNKNOWN, ENVOI_PHASE_NONE, 0, NULL, "find out whether it has arrived before you send it again"},
};

#define SERVER_ONLY "only the server's administrator can mend that"
#define CLOCK       "is the clock of this machine right? If so, " SERVER_ONLY

/* Advice for a certificate, by the first words of the text, because what follows them is taken from the certificate. */
static const struct {
    const char *begin;
    const char *hint;
} certificate_hints[] = {
    {"issuer unknown", "--ca FILE trusts its CA; --pin and '--trust pin' trust this server alone. "
                       "'envoi probe' shows its pin, which its administrator must confirm"},
    {"self-signed certificate", "--ca FILE trusts it, and so do --pin and '--trust pin'. "
                                "'envoi probe --pem' shows it and its pin, which its administrator must confirm"},
    {"certificate has none of the pinned keys", "another server, or a new key? "
                                                "'envoi probe' shows the pin, which its administrator must confirm"},
    {"certificate is for ", "is --host right? If so, --tls-name takes the name in the certificate"},
    {"certificate names no host", SERVER_ONLY "; until then there is --pin with '--trust pin'"},
    {"certificate has expired", CLOCK},
    {"certificate is not valid before", CLOCK},
    {"issuer is not a certificate authority", "is the certificate in --ca a CA's? If so, " SERVER_ONLY},
    {"certificate is not meant for TLS servers", SERVER_ONLY},
    {"certificate has a weak key or signature", SERVER_ONLY},
};

static const char *complainer = "envoi";

void complain_as(const char *program)
{
    complainer = program;
}

void complain(const char *format, ...)
{
    char line[2560], *clean;
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    text_mark_cut(line, sizeof line, n);
    clean = text_clean(line, ' ');
    fprintf(stderr, "%s: %s\n", complainer, clean ? clean : "out of memory");
    free(clean);
}

/* Of the mechanisms that were not tried: PLAIN, by which every server can check a password, else the first. */
static void suggest_mechanism(struct fault *fault, const char *left)
{
    const char *plain = strstr(left, "PLAIN");
    size_t len = strcspn(left, " ");

    if (plain && (plain == left || plain[-1] == ' ') && (!plain[5] || plain[5] == ' '))
        snprintf(fault->mechanism, sizeof fault->mechanism, "PLAIN");
    else
        snprintf(fault->mechanism, sizeof fault->mechanism, "%.*s", (int)len, left);
}

int fault_from_session(struct fault *fault, const struct envoi_session *session, int error)
{
    const struct envoi_reply *reply = envoi_session_reply(session);
    const char *text = envoi_session_error(session);

    fault_set(fault, 0, error, "%s", text && *text ? text : envoi_error_text(error));
    fault->phase = envoi_session_error_phase(session);
    /* The last reply is the cause only if it was a refusal. A lost connection has no reply. */
    if (envoi_reply_code(reply) >= 400 && envoi_error_class(error) != ENVOI_CLASS_NETWORK) {
        fault->code = envoi_reply_code(reply);
        snprintf(fault->enhanced, sizeof fault->enhanced, "%s", envoi_reply_enhanced(reply));
    }
    suggest_mechanism(fault, envoi_session_mechanisms_left(session));
    fault->exit = exit_code_of_error(error, fault->phase, fault->code);
    return fault->exit;
}

int fault_from_setter(struct fault *fault, const char *what, const char *value, int error)
{
    int exit = exit_code_of_error(error, ENVOI_PHASE_NONE, 0);
    char shown[TEXT_QUOTED];

    text_quote(value, shown);
    return fault_set(fault, exit, error, "%s %s: %s", what, shown, envoi_error_text(error));
}

int fault_from_message(struct fault *fault, const char *what, const struct envoi_message *message, int error)
{
    return fault_set(fault, exit_code_of_error(error, ENVOI_PHASE_NONE, 0), error, "%s: %s", what,
                     envoi_message_error(message));
}

static const char *hint_of(const struct fault *fault)
{
    for (size_t i = 0; i < sizeof certificate_hints / sizeof *certificate_hints; i++)
        if (fault->error == ENVOI_E_CERTIFICATE &&
            !strncmp(fault->text, certificate_hints[i].begin, strlen(certificate_hints[i].begin)))
            return certificate_hints[i].hint;
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        if (hints[i].error == fault->error && (!hints[i].phase || hints[i].phase == fault->phase) &&
            (!hints[i].code || hints[i].code == fault->code) &&
            (!hints[i].about || strstr(fault->text, hints[i].about)))
            return hints[i].hint;
    return NULL;
}

void fault_print(const struct fault *fault, const char *where)
{
    const char *hint = hint_of(fault);

    if (!fault->exit)
        return;
    /* Some texts begin with the server's name already. */
    if (where && !strncmp(fault->text, where, strlen(where)))
        where = NULL;
    complain("%s%s%s%s%s%s%s", where ? where : "", where ? ": " : "", fault->text, hint ? "; " : "", hint ? hint : "",
             *fault->mechanism ? "; another way to log in: --mechanism " : "", fault->mechanism);
}
