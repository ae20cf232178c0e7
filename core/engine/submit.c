/* SPDX-License-Identifier: MIT */
/* The verbs: each checks its arguments, puts a job into the queue, and lets the cursors carry it. */
#include "base/mem.h"
#include "base/text.h"
#include "engine/cmd_line.h"
#include "engine/mail_parameters.h"
#include "engine/proof.h"
#include "engine/split.h"
#include "message/parameters.h"
#include "message/verdict.h"

#include <string.h>

#define VERB_MAX        64
#define LINE_MAX_OCTETS 4000
/* Between two verbs so much memory for commands is kept: those of one message mostly fit. */
#define TEXT_KEPT       2048

/* Begins a verb, if there is a connection and no other verb in progress. */
static int submit_begin_any(struct engine *e)
{
    if (e->head)
        return ENVOI_E_BUSY; /* the fault belongs to the verb in progress */
    if (!e->open && e->lost_idle && e->fault->code) {
        e->lost_idle = false;
        e->fault->code = ENVOI_E_DISCONNECTED;
        fault_prefix(e->fault, "not connected any more");
        return ENVOI_E_DISCONNECTED;
    }
    if (!e->open)
        return fault_set(e->fault, ENVOI_E_DISCONNECTED, ENVOI_PHASE_NONE, "not connected; connect first");
    fault_clear(e->fault);
    e->result = ENVOI_OK;
    return ENVOI_OK;
}

/* Not while a challenge of a login by hand waits for its answer. */
static int submit_begin(struct engine *e)
{
    int rc = submit_begin_any(e);

    if (!rc && e->login.by_hand)
        return fault_misuse(e->fault, ENVOI_DETAIL_ORDER, ENVOI_PHASE_AUTH,
                            "the server waits for the answer to its challenge: docmd sends it, or \"*\"");
    return rc;
}

static int submit_run(struct engine *e, struct job *job, const struct command *first, unsigned needs)
{
    job_init(job, first, needs);
    queue_append(e, job);
    engine_go(e);
    return engine_result(e);
}

static int submit_refuse(struct engine *e, int code, const char *text)
{
    return fault_set(e->fault, code, ENVOI_PHASE_NONE, "%s", text);
}

static int submit_misuse(struct engine *e, int detail, const char *text)
{
    return fault_misuse(e->fault, detail, ENVOI_PHASE_NONE, "%s", text);
}

/* ---- connection ---- */

/* Clears away the connection before. If messages wait for this one, they and the secrets that may be repeated stay. */
static void connect_clear(struct engine *e)
{
    struct job *waiting = e->head;
    struct echo kept = {0};

    if (waiting)
        echo_move(&kept, &e->echo);
    e->head = NULL;
    e->orphaned = false;
    engine_close(e);
    echo_move(&e->echo, &kept);
    e->head = waiting;
    e->orphaned = waiting != NULL;
    fault_clear(e->fault);
    reply_clear(e->reply);
}

/* A connection of its own. One for messages that wait keeps to the promises of the one before: the settings may have
 * changed since. */
static void connect_begin(struct engine *e, const struct engine_peer *peer)
{
    e->result = ENVOI_OK;
    e->tls = peer->tls;
    e->lmtp = e->settings->lmtp;
    mem_free(e->hello_name); /* of an earlier connection */
    mem_free(e->hello_said);
    e->hello_name = e->hello_said = NULL;
    e->repeatable = peer->repeatable;
    e->begun = e->proof_lost = false;
}

int engine_connect(struct engine *e, const struct engine_peer *peer)
{
    if (e->open)
        return ENVOI_E_BUSY;
    connect_clear(e);
    if (!e->orphaned)
        connect_begin(e, peer);
    e->host = mem_strdup(peer->host);
    e->helo_default = mem_strdup(peer->helo_name);
    if (!e->host || !e->helo_default)
        return submit_refuse(e, ENVOI_E_MEMORY, "out of memory while connecting");
    e->host_is_ip = peer->host_is_ip;
    e->unix_socket = peer->unix_socket;
    e->tls_verified = false;
    e->open = true;
    e->window = e->env.window ? e->env.window(e->env.driver) : ENGINE_WINDOW_UNPROVED;
    e->greeting_late = false;
    e->mails = e->rcpt_taken = 0;
    e->closing = e->lost_idle = e->tls_declined = e->authenticated = e->orphaned = false;
    job_init(&e->connect_job, e->tls == ENVOI_TLS_IMPLICIT ? &command_handshake : &command_greeting, 0);
    queue_prepend(e, &e->connect_job);
    engine_go(e);
    return engine_result(e);
}

int engine_starttls(struct engine *e)
{
    int rc = submit_begin(e);

    if (rc)
        return rc;
    if (e->stack.transport)
        return submit_misuse(e, ENVOI_DETAIL_ORDER, "the connection is already protected by TLS");
    if (e->login.layered)
        return submit_misuse(e, ENVOI_DETAIL_ORDER, "the login has brought a security layer: TLS cannot go under it");
    e->repeatable = e->repeatable && engine_tls_policy(e) == ENVOI_TLS_REQUIRED;
    return submit_run(e, &e->tls_job, &command_starttls, NEED_HELLO);
}

int engine_quit(struct engine *e)
{
    int rc = submit_begin_any(e);

    if (rc != ENVOI_E_BUSY)
        reply_clear(e->reply); /* if QUIT is not answered, no older reply stands for its own */
    return rc ? rc : submit_run(e, &e->verb_job, &command_quit, 0);
}

/* ---- hello ---- */

static int submit_hello(struct engine *e, const char *name, bool helo)
{
    int rc = submit_begin(e);

    if (rc)
        return rc;
    if (name && (rc = text_hello_misuse(name)))
        return submit_misuse(e, rc, "the name for EHLO is empty or too long, or has a blank or a control character");
    if ((rc = mem_replace(&e->hello_name, name)))
        return submit_refuse(e, rc, "out of memory");
    e->helo = helo;
    e->hello_only = true;
    return submit_run(e, &e->hello_job, &command_hello, 0);
}

int engine_ehlo(struct engine *e, const char *name)
{
    return submit_hello(e, name, false);
}

int engine_helo(struct engine *e, const char *name)
{
    return submit_hello(e, name, true);
}

int engine_hello_if_needed(struct engine *e)
{
    int rc = submit_begin(e);

    if (rc || e->hello)
        return rc;
    e->helo = e->hello_only = false;
    return submit_run(e, &e->hello_job, &command_hello, 0);
}

/* ---- login ---- */

/* The explicit verbs, too, send nothing in clear that the policy protects. */
static int check_policy(struct engine *e)
{
    if (engine_tls_policy(e) != ENVOI_TLS_REQUIRED || e->stack.secure)
        return ENVOI_OK;
    return submit_refuse(e, ENVOI_E_TLS, "TLS is required by the settings of this session; call starttls first");
}

static int check_login(struct engine *e)
{
    int rc = check_policy(e);

    if (rc)
        return rc;
    if (e->tls == ENVOI_TLS_OPPORTUNISTIC && !e->stack.secure)
        return submit_refuse(e, ENVOI_E_TLS, "with a login opportunistic TLS means required; call starttls first");
    if (e->login.layered) /* RFC 4954 section 4 forbids it, and the mechanism still protects the connection */
        return submit_misuse(e, ENVOI_DETAIL_ORDER,
                             "the login has brought a security layer: there is no other one on this connection");
    return ENVOI_OK;
}

int engine_login(struct engine *e, const char *mechanism, envoi_auth_fn *step, void *ctx, bool safe)
{
    int rc = submit_begin(e);

    if (rc || (rc = check_login(e)))
        return rc;
    if (login_ask(&e->login, mechanism, step, ctx, safe))
        return submit_misuse(e, ENVOI_DETAIL_MECHANISM, "not the name of a mechanism");
    e->repeatable = e->repeatable && !mechanism && !step;
    return submit_run(e, &e->login_job, &command_auth, login_needs_no_announcement(&e->login) ? 0 : NEED_HELLO);
}

int engine_prepare(struct engine *e)
{
    int rc = submit_begin(e);

    return rc ? rc : submit_run(e, &e->verb_job, &command_ready, NEED_HELLO | NEED_TLS | NEED_LOGIN);
}

/* ---- one-line commands ---- */

static int submit_line(struct engine *e, const struct command *row, unsigned needs, const char *const *parts)
{
    buf_reset(&e->line);
    for (; *parts; parts++) {
        if (!text_is_line(*parts, strlen(*parts)))
            return submit_misuse(e, ENVOI_DETAIL_CONTROL, "the command has a line end or a control character");
        buf_append_text(&e->line, *parts);
    }
    if (buf_failed(&e->line))
        return submit_refuse(e, ENVOI_E_MEMORY, "out of memory");
    if (e->line.len > LINE_MAX_OCTETS)
        return submit_misuse(e, ENVOI_DETAIL_LENGTH, "the command is too long");
    return submit_run(e, &e->verb_job, row, needs);
}

static bool is_verb_name(const char *verb)
{
    size_t len = strlen(verb);

    return len && len <= VERB_MAX && text_keyword_length(verb, len) == len;
}

/* AUTH by docmd, if the application has asked for that. */
static int submit_auth_line(struct engine *e, const char *arguments)
{
    struct login_peer peer;
    int rc = submit_begin(e);

    if (rc || (rc = check_login(e)))
        return rc;
    peer = engine_login_peer(e);
    if ((rc = by_hand_begin(&e->login, &peer, arguments, &e->line)))
        return rc;
    e->repeatable = false;
    return submit_run(e, &e->verb_job, &command_line_auth, 0);
}

/* The answer to a challenge, by docmd: the verb is base64, or "*". */
static int submit_auth_answer(struct engine *e, const char *verb, const char *arguments)
{
    bool cancel = strcmp(verb, "*") == 0;
    int rc = submit_begin_any(e);

    if (rc)
        return rc;
    if (arguments && *arguments)
        return submit_misuse(e, ENVOI_DETAIL_FORM, "the answer to a challenge is one word of base64, or \"*\"");
    if ((rc = by_hand_answer(&e->login, verb, &e->line)))
        return rc;
    return submit_run(e, &e->verb_job, cancel ? &command_line_cancel : &command_line_response, 0);
}

/* An application that logs in by docmd may answer a challenge that did not come. */
static const struct command *row_of_word(const struct engine *e, const char *verb)
{
    static const char known[] = "EHLO HELO LHLO NOOP RSET HELP QUIT MAIL RCPT VRFY EXPN ETRN TURN";

    return e->settings->docmd_auth && !text_has_word(known, verb) ? &command_line_masked : &command_line;
}

int engine_simple_command(struct engine *e, const char *verb, const char *arguments)
{
    int rc = submit_begin(e);

    if (rc)
        return rc;
    if (!is_verb_name(verb))
        return submit_misuse(e, ENVOI_DETAIL_FORM, "a verb is made of letters, digits and \"-\"");
    if (text_has_word("DATA BDAT STARTTLS AUTH", verb))
        return submit_misuse(e, ENVOI_DETAIL_OWN_CALL,
                             "DATA, BDAT, STARTTLS and AUTH change what follows: use the calls for them");
    if (!text_has_word("EHLO HELO LHLO NOOP RSET HELP QUIT", verb) && (rc = check_policy(e)))
        return rc;
    e->repeatable = e->repeatable && text_has_word("NOOP RSET HELP QUIT", verb); /* it may be XCLIENT */
    if (!arguments || !*arguments)
        return submit_line(e, row_of_word(e, verb), 0, (const char *const[]){verb, NULL});
    return submit_line(e, &command_line, 0, (const char *const[]){verb, " ", arguments, NULL});
}

int engine_command(struct engine *e, const char *verb, const char *arguments)
{
    if (e->login.by_hand)
        return submit_auth_answer(e, verb, arguments);
    if (e->settings->docmd_auth && text_equal(verb, "AUTH"))
        return submit_auth_line(e, arguments);
    return engine_simple_command(e, verb, arguments);
}

int engine_rset(struct engine *e)
{
    int rc = submit_begin(e);

    return rc ? rc : submit_line(e, &command_line_rset, 0, (const char *const[]){"RSET", NULL});
}

static int submit_lookup(struct engine *e, const char *verb, const char *name)
{
    bool ascii = text_is_ascii(name, strlen(name));

    if (!ascii && !extensions_get(&e->extensions, "SMTPUTF8"))
        return submit_refuse(e, ENVOI_E_NOT_SUPPORTED,
                             "the address needs SMTPUTF8, but the server does not announce it");
    return submit_line(e, &command_line, 0, (const char *const[]){verb, " ", name, ascii ? NULL : " SMTPUTF8", NULL});
}

/* An address goes out as MAIL and RCPT send it, without brackets. Anything else is the name of a user or a list, and
 * goes out as it is. */
int engine_lookup(struct engine *e, const char *verb, const char *name)
{
    struct address parsed;
    int rc = submit_begin(e);

    if (rc || (rc = check_policy(e)))
        return rc;
    if (!*name || !text_is_line(name, strlen(name)) || !text_is_all_safe(name, strlen(name)))
        return submit_refuse(e, ENVOI_E_ADDRESS, "the address is empty, or has a line end or a control character");
    if (!strpbrk(name, "@<>"))
        return submit_lookup(e, verb, name);
    if ((rc = address_parse(name, false, e->fault, &parsed)))
        return rc;
    rc = submit_lookup(e, verb, address_path(&parsed));
    address_free(&parsed);
    return rc;
}

static int submit_path(struct engine *e, const struct command *row, const char *verb, const char *address,
                       const char *options)
{
    bool sender = row == &command_line_mail, some = options && *options;
    struct address parsed;
    int rc = submit_begin(e);

    if (rc || (rc = check_policy(e)) || (rc = parameters_check(options, e->fault)) ||
        (rc = parameters_check_kept(e, options)) || (rc = address_parse(address, sender, e->fault, &parsed)))
        return rc;
    if (parsed.utf8 && !extensions_get(&e->extensions, "SMTPUTF8"))
        rc = submit_refuse(e, ENVOI_E_NOT_SUPPORTED, "the address needs SMTPUTF8, but the server does not announce it");
    else
        rc = submit_line(
            e, row, 0,
            (const char *const[]){verb, address_path(&parsed), some ? "> " : ">", some ? options : NULL, NULL});
    address_free(&parsed);
    return rc;
}

int engine_mail(struct engine *e, const char *sender, const char *options)
{
    return submit_path(e, &command_line_mail, "MAIL FROM:<", sender, options);
}

int engine_rcpt(struct engine *e, const char *recipient, const char *options)
{
    return submit_path(e, &command_line_rcpt, "RCPT TO:<", recipient, options);
}

/* ---- messages ---- */

int engine_data(struct engine *e, const void *content, size_t len)
{
    static const uint8_t empty[1];
    int rc = submit_begin(e);

    if (rc || (rc = check_policy(e)))
        return rc;
    content_free(&e->line_data);
    e->line_data.source.memory = content ? content : empty;
    e->line_data.source.size = content ? (int64_t)len : 0;
    job_init(&e->verb_job, &command_data, 0);
    e->verb_job.content = &e->line_data;
    queue_append(e, &e->verb_job);
    engine_go(e);
    return engine_result(e);
}

static int check_message(struct engine *e, const struct envoi_message *m)
{
    if (m->job)
        return submit_refuse(e, ENVOI_E_BUSY, "the message is being sent already");
    if (m->sticky) {
        (void)fault_set(e->fault, m->sticky, ENVOI_PHASE_NONE,
                        "a setting of the message was refused when it was made: %s", envoi_message_error(m));
        return fault_detail(e->fault, m->sticky_detail);
    }
    if (!m->count)
        return submit_misuse(e, ENVOI_DETAIL_NO_RECIPIENT, "the message has no recipient");
    if (!message_has_content(m))
        return submit_misuse(e, ENVOI_DETAIL_NO_CONTENT, "the message has no content");
    return ENVOI_OK;
}

int engine_queue(struct engine *e, struct envoi_message *message)
{
    bool sending = e->head != NULL;
    int rc;

    for (const struct job *job = e->head; job; job = job->next)
        sending = sending && (job->message || job->next); /* a preparation stands before its message */
    if (!sending && (rc = submit_begin(e)))
        return rc;
    if (!e->open && !e->orphaned)
        return ENVOI_E_DISCONNECTED;
    if ((rc = check_message(e, message)))
        return rc;
    if (queue_claim(e, message, &command_mail)) /* the fault may be that of a message under way */
        return sending ? ENVOI_E_MEMORY : submit_refuse(e, ENVOI_E_MEMORY, "out of memory");
    queue_append(e, message->job);
    return ENVOI_OK;
}

int engine_pick(const struct engine *e, struct envoi_message *message, struct envoi_errctx *why)
{
    return split_pick(e, message, why);
}

bool engine_pipelines(const struct engine *e)
{
    return e->extensions.pipelining && e->window != ENGINE_WINDOW_CLOSED;
}

struct envoi_telemetry *engine_telemetry(struct engine *e)
{
    return &e->telemetry;
}

bool engine_may_prove(const struct engine *e)
{
    return proof_is_open(e);
}

void engine_shrink(struct engine *e, bool idle)
{
    stack_shrink(&e->stack);
    if (!e->output.count)
        output_shrink(&e->output, idle ? 0 : TEXT_KEPT);
    if (!idle)
        return;
    queue_shrink(e);
    if (!reply_parser_busy(&e->parser))
        reply_parser_free(&e->parser);
}

void engine_give_up(struct engine *e, int code, const char *why)
{
    (void)engine_die_of(e, code, "%s", why);
}

/* A message that is in the list twice is busy the second time. */
static int claim_message(struct engine *e, struct envoi_message *m)
{
    int rc;

    if (m->pooled)
        return submit_refuse(e, ENVOI_E_BUSY, "the message belongs to a pool");
    if ((rc = check_message(e, m)))
        return rc;
    if (message_is_served(m))
        return submit_refuse(e, ENVOI_E_USAGE,
                             "all recipients have the message, or may have it, from an earlier send; nothing was sent");
    return queue_claim(e, m, &command_mail) ? submit_refuse(e, ENVOI_E_MEMORY, "out of memory") : ENVOI_OK;
}

int engine_send_all(struct engine *e, struct envoi_message *const *messages, size_t count)
{
    size_t claimed = 0;
    int rc = submit_begin(e);

    while (!rc && claimed < count)
        if (!(rc = claim_message(e, messages[claimed])))
            claimed++;
    if (rc) {
        while (claimed)
            queue_disclaim(e, messages[--claimed]);
        verdict_not_begun(messages, count, e->fault->text);
        return rc;
    }
    for (size_t i = 0; i < count; i++) {
        message_begin(messages[i]);
        queue_append(e, messages[i]->job);
    }
    engine_go(e);
    return engine_result(e);
}

int engine_send(struct engine *e, struct envoi_message *message)
{
    return engine_send_all(e, &message, 1);
}
