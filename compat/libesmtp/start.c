/* SPDX-License-Identifier: MIT */
/* smtp_start_session(): one connection, on which all messages go out that have a recipient left. */
#include "auth.h"
#include "error.h"
#include "files.h"
#include "objects.h"
#include "places.h"
#include "status.h"
#include "tls.h"
#include "transaction.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define LAYER_MAX 256 /* the strongest security layer that is asked for, in bits */

/* ---- what the program sees of the dialogue ---- */

/* Reports that there is a connection, or no longer one. */
static void start_tell_connection(struct smtp_session *s, bool on)
{
    if (s->connected != on)
        EVENT(s, on ? SMTP_EV_CONNECT : SMTP_EV_DISCONNECT, NULL);
    s->connected = on;
}

/* An envoi_trace_fn. Secrets are masked, and content is not shown, as in libESMTP. */
static void start_show(void *ctx, int kind, const char *text, size_t len)
{
    static const char content[] = "[content: ";
    struct smtp_session *s = ctx;
    struct text line = {0};

    if (kind == ENVOI_TRACE_RECEIVED)
        start_tell_connection(s, true);
    if (!s->monitor || kind == ENVOI_TRACE_INFO ||
        (len >= sizeof content - 1 && !memcmp(text, content, sizeof content - 1)))
        return;
    text_add(&line, text, len);
    text_add(&line, "\r\n", 3); /* collectd reads it as a string */
    if (!line.failed)
        s->monitor(line.data, (int)line.len - 1, kind == ENVOI_TRACE_SENT ? SMTP_CB_WRITING : SMTP_CB_READING,
                   s->monitor_arg);
    text_free(&line);
}

/* ---- settings ---- */

static int start_open(struct smtp_session *s)
{
    int rc = ENVOI_OK;

    if (s->envoi)
        return 1;
    if (!s->library)
        rc = envoi_library_new(&s->library);
    if (!rc && places.modules)
        rc = envoi_library_set_module_directory(s->library, places.modules);
    if (!rc && places.descriptors)
        rc = envoi_library_set_descriptor_directories(s->library, places.descriptors, NULL, NULL);
    if (!rc)
        rc = envoi_session_new(s->library, &s->envoi);
    return rc ? error_set_text(rc, "%s", envoi_error_text(rc)) : 1;
}

static void start_timeouts(struct smtp_session *s)
{
    static const struct {
        int timeout, phase;
    } rows[] = {
        {Timeout_GREETING, ENVOI_PHASE_GREETING}, {Timeout_ENVELOPE, ENVOI_PHASE_EHLO},
        {Timeout_ENVELOPE, ENVOI_PHASE_MAIL},     {Timeout_ENVELOPE, ENVOI_PHASE_RCPT},
        {Timeout_ENVELOPE, ENVOI_PHASE_COMMAND},  {Timeout_DATA, ENVOI_PHASE_DATA},
        {Timeout_TRANSFER, ENVOI_PHASE_CONTENT},  {Timeout_DATA2, ENVOI_PHASE_FINAL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (s->timeouts[rows[i].timeout])
            (void)envoi_session_set_timeout(s->envoi, rows[i].phase, s->timeouts[rows[i].timeout]);
}

/* The name after EHLO: the program's, or the machine's, as it is called; envoi's choice if neither is a name. */
static void start_helo_name(struct smtp_session *s)
{
    struct utsname machine = {0};
    const char *name = s->hostname;

    if (!name && uname(&machine) == 0)
        name = machine.nodename;
    if (envoi_session_set_helo_name(s->envoi, name))
        (void)envoi_session_set_helo_name(s->envoi, NULL);
}

/* Each start begins with the settings of the program as they are now. A setter that fails makes connect fail. */
static void start_settings(struct smtp_session *s, const struct auth_answer *answer, const struct tls_plan *plan)
{
    unsigned strength = auth_strength(s->auth);

    start_helo_name(s);
    start_timeouts(s);
    (void)envoi_session_set_tls(s->envoi, plan->policy);
    (void)envoi_session_allow_cleartext_auth(s->envoi, plan->clear);
    (void)envoi_session_set_ca_pem(s->envoi, NULL, 0);
    (void)envoi_session_set_client_certificate_pem(s->envoi, NULL, 0, NULL, 0);
    (void)envoi_session_set_password(s->envoi, answer->user, answer->password);
    (void)envoi_session_set_authzid(s->envoi, answer->external && *answer->external ? answer->external : NULL);
    (void)envoi_session_set_mechanisms(s->envoi, auth_is_login(answer) ? auth_mechanisms(s->auth, answer) : NULL);
    (void)envoi_session_set_security_layer(s->envoi, strength, strength ? LAYER_MAX : 0);
    /* Content goes by DATA, so that no proof is tried between the program's messages; binary content needs BDAT. */
    (void)envoi_session_set_chunking(s->envoi, s->needs & NEEDS_BINARYMIME ? 65536 : 0, 0);
    (void)envoi_session_set_trace(s->envoi, 1, start_show, s);
}

/* ---- the steps of a connection ---- */

/* The port of a service by its name; 0: there is none. */
static unsigned start_port(const char *name)
{
    struct servent entry, *found = NULL;
    char room[1024], *end;
    unsigned long number = strtoul(name, &end, 10);

    if (*name && !*end)
        return number <= 65535 ? (unsigned)number : 0;
    if (getservbyname_r(name, "tcp", &entry, room, sizeof room, &found) || !found)
        return 0;
    return (unsigned)((found->s_port & 0xff) << 8 | (found->s_port >> 8 & 0xff));
}

static int start_connect(struct smtp_session *s, const struct tls_plan *plan)
{
    unsigned port = start_port(s->port);
    char server[512];
    int n, rc;

    if (!port)
        return error_set(SMTP_ERR_EAI_SERVICE);
    if (port == 465 && plan->policy != ENVOI_TLS_OFF && !files_apply(s))
        return 0;
    n = snprintf(server, sizeof server, "%s:%u", *s->host ? s->host : "localhost", port);
    if (n < 0 || n >= (int)sizeof server)
        return error_set(SMTP_ERR_EAI_NONAME);
    rc = envoi_session_connect(s->envoi, server);
    /* The event means that there was a connection, even if nothing was said on it. */
    if (!rc || envoi_session_error_phase(s->envoi) > ENVOI_PHASE_CONNECT)
        start_tell_connection(s, true);
    tls_tell_failure(s, rc);
    if (rc)
        return error_set_envoi(s->envoi, rc);
    return tls_check_peer(s, plan);
}

static int start_hello(struct smtp_session *s)
{
    int rc = envoi_session_ehlo_or_helo_if_needed(s->envoi);

    return rc ? error_set_envoi(s->envoi, rc) : 1;
}

static int start_login(struct smtp_session *s)
{
    int rc = envoi_session_login(s->envoi);

    return rc ? error_set_envoi(s->envoi, rc) : start_hello(s);
}

/* Reports extensions that the program asks for and the server has not. 1; 0: one of them cannot be done without. */
static int start_extensions(struct smtp_session *s)
{
    static const struct {
        const char *name;
        unsigned need;
        int event;
        int ends; /* the session, unless the program says otherwise */
        bool asks;
    } rows[] = {
        {"DSN", NEEDS_DSN, SMTP_EV_EXTNA_DSN, 0, true},
        {"CHUNKING", NEEDS_CHUNKING, SMTP_EV_EXTNA_CHUNKING, 0, true},
        {"BINARYMIME", NEEDS_BINARYMIME, SMTP_EV_EXTNA_BINARYMIME, 1, false},
        {"8BITMIME", NEEDS_8BITMIME, SMTP_EV_EXTNA_8BITMIME, 1, false},
        {"ETRN", NEEDS_ETRN, SMTP_EV_EXTNA_ETRN, 1, true},
    };
    bool missing = false;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int ends = rows[i].ends;

        if (!(s->needs & rows[i].need) || envoi_session_has_extension(s->envoi, rows[i].name))
            continue;
        EVENT(s, rows[i].event, rows[i].asks ? &ends : NULL);
        missing = missing || ends;
    }
    return missing ? error_set(SMTP_ERR_EXTENSION_NOT_AVAILABLE) : 1;
}

static int start_etrn(struct smtp_session *s)
{
    bool enhanced = envoi_session_has_extension(s->envoi, "ENHANCEDSTATUSCODES");
    char argument[512];

    if (!envoi_session_has_extension(s->envoi, "ETRN"))
        return 1;
    for (struct smtp_etrn_node *n = s->etrn_nodes; n; n = n->next) {
        int rc;

        (void)snprintf(argument, sizeof argument, "%.1s%s", n->option ? (const char[]){(char)n->option, '\0'} : "",
                       n->domain);
        if ((rc = envoi_session_docmd(s->envoi, "ETRN", argument)))
            return error_set_envoi(s->envoi, rc);
        (void)status_take(&n->status, envoi_session_reply(s->envoi), enhanced);
        EVENT(s, SMTP_EV_ETRNSTATUS, n->option, n->domain);
    }
    return 1;
}

static int start_messages(struct smtp_session *s)
{
    for (struct smtp_message *m = s->messages; m; m = m->next) {
        if (!transaction_is_due(m))
            continue;
        if (!envoi_session_connected(s->envoi)) /* a 421 to the message before */
            return error_set_text(ENVOI_E_DISCONNECTED,
                                  "the server has closed the connection before all messages went");
        if (!transaction_run(m))
            return 0;
    }
    return 1;
}

static int start_dialogue(struct smtp_session *s, const struct auth_answer *answer, const struct tls_plan *plan)
{
    return start_hello(s) && tls_start(s, plan) && (!auth_is_login(answer) || start_login(s)) && start_extensions(s) &&
           start_etrn(s) && start_messages(s);
}

/* ---- all of it ---- */

/* 1: there is something to do; 0: the error is set. */
static int start_check(const struct smtp_session *s)
{
    bool due;

    if (!s || !s->host)
        return error_set(SMTP_ERR_INVAL);
    due = s->etrn_nodes;
    for (const struct smtp_message *m = s->messages; m; m = m->next) {
        if (!m->content)
            return error_set(SMTP_ERR_INVAL);
        due = due || transaction_is_due(m);
    }
    return due ? 1 : error_set(SMTP_ERR_NOTHING_TO_DO);
}

int smtp_start_session(smtp_session_t session)
{
    struct auth_answer answer;
    struct tls_plan plan;
    int done;

    if (!start_check(session) || !start_open(session))
        return 0;
    answer = auth_ask(session->auth);
    if (!tls_plan(session, auth_is_login(&answer), &plan))
        return 0;
    session->give_up = false;
    start_settings(session, &answer, &plan);
    done = start_connect(session, &plan) && start_dialogue(session, &answer, &plan);
    (void)envoi_session_quit(session->envoi);
    start_tell_connection(session, false);
    (void)envoi_session_set_password(session->envoi, NULL, NULL);
    return done;
}
