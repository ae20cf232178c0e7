/* SPDX-License-Identifier: MIT */
#include "transaction.h"

#include "content.h"
#include "error.h"
#include "objects.h"
#include "status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct transaction {
    struct smtp_message *message;
    struct smtp_session *session;
    struct envoi_message *envoi;
    struct content content;
    struct smtp_recipient **recipients; /* by the index that envoi has for them */
    size_t count;
    size_t accepted;  /* by RCPT */
    bool bad_address; /* of a recipient */
    bool open;        /* MAIL was accepted */
    bool enhanced;
};

bool transaction_is_due(const struct smtp_message *message)
{
    const struct smtp_recipient *r = message->recipients;

    while (r && r->complete)
        r = r->next;
    return r;
}

/* ---- what the server says ---- */

static void transaction_take(struct transaction *t, struct smtp_status *status, const struct envoi_reply *reply)
{
    struct smtp_session *s = t->session;
    int quit = 0;

    if (!status_take(status, reply, t->enhanced))
        return;
    EVENT(s, SMTP_EV_SYNTAXWARNING, &quit);
    if (quit) {
        s->give_up = true;
        envoi_session_interrupt(s->envoi);
    }
}

static void transaction_mail(struct transaction *t, size_t index, const struct envoi_reply *reply)
{
    transaction_take(t, &t->message->reverse_path_status, reply);
    t->open = envoi_reply_code(reply) / 100 == 2;
    EVENT(t->session, SMTP_EV_MAILSTATUS, t->message->reverse_path, t->message);
}

static void transaction_rcpt(struct transaction *t, size_t index, const struct envoi_reply *reply)
{
    struct smtp_recipient *r = t->recipients[index];
    int kind = envoi_reply_code(reply) / 100;

    transaction_take(t, &r->status, reply);
    t->accepted += kind == 2;
    r->complete = r->complete || kind == 5;
    EVENT(t->session, SMTP_EV_RCPTSTATUS, r->mailbox, r);
}

/* DATA, or the content. Whoever refused all recipients has nothing more to say. */
static void transaction_data(struct transaction *t, size_t index, const struct envoi_reply *reply)
{
    if (!t->accepted)
        return;
    transaction_take(t, &t->message->transfer_status, reply);
    if (envoi_reply_code(reply) / 100 != 3)
        EVENT(t->session, SMTP_EV_MESSAGESENT, t->message);
}

/* A 2yz completes the recipients that RCPT took, a 5yz all of them. */
static void transaction_content(struct transaction *t, size_t index, const struct envoi_reply *reply)
{
    int kind = envoi_reply_code(reply) / 100;

    for (struct smtp_recipient *r = t->message->recipients; t->accepted && r; r = r->next)
        r->complete = r->complete || kind == 5 || (kind == 2 && r->status.code / 100 == 2);
    transaction_data(t, index, reply);
}

/* An envoi_message_reply_fn. With PIPELINING a server that refuses MAIL refuses what is behind it, which means
 * nothing. */
static void transaction_told(void *ctx, struct envoi_message *envoi, int phase, size_t index,
                             const struct envoi_reply *reply)
{
    static void (*const rows[ENVOI_PHASES])(struct transaction *, size_t, const struct envoi_reply *) = {
        [ENVOI_PHASE_MAIL] = transaction_mail,
        [ENVOI_PHASE_RCPT] = transaction_rcpt,
        [ENVOI_PHASE_DATA] = transaction_data,
        [ENVOI_PHASE_FINAL] = transaction_content,
    };
    struct transaction *t = ctx;

    if (rows[phase] && (t->open || phase == ENVOI_PHASE_MAIL))
        rows[phase](t, index, reply);
}

/* ---- the parameters ---- */

/* RFC 3461 section 4: xtext. */
static void options_xtext(struct text *out, const char *value)
{
    char octet[4];

    for (; *value; value++) {
        bool plain = *value > 0x20 && *value < 0x7f && *value != '+' && *value != '=';

        (void)snprintf(octet, sizeof octet, plain ? "%c" : "+%02X", (unsigned char)*value);
        text_add_all(out, octet, (char *)NULL);
    }
}

static void options_of_mail(const struct smtp_message *m, struct text *out)
{
    static const char *const ret[] = {"", " RET=FULL", " RET=HDRS"};
    static const char *const body[] = {"", " BODY=7BIT", " BODY=8BITMIME", ""}; /* envoi adds BINARYMIME */
    static const char *const by[] = {"", "N", "R"};
    char number[32];

    text_add_all(out, ret[m->ret % 3], body[m->body], (char *)NULL);
    if (m->envid) {
        text_add_all(out, " ENVID=", (char *)NULL);
        options_xtext(out, m->envid);
    }
    if (m->by_mode != By_NOTSET) {
        (void)snprintf(number, sizeof number, " BY=%ld;", m->by_time);
        text_add_all(out, number, by[m->by_mode % 3], m->by_trace ? "T" : "", (char *)NULL);
    }
    text_add(out, "", 1);
}

static void options_of_rcpt(const struct smtp_recipient *r, struct text *out)
{
    static const struct {
        int flag;
        const char *name;
    } flags[] = {{Notify_SUCCESS, "SUCCESS"}, {Notify_FAILURE, "FAILURE"}, {Notify_DELAY, "DELAY"}};
    const char *before = " NOTIFY=";

    if (r->notify == Notify_NEVER)
        text_add_all(out, " NOTIFY=NEVER", (char *)NULL);
    for (size_t i = 0; r->notify > 0 && i < sizeof flags / sizeof flags[0]; i++)
        if (r->notify & flags[i].flag) {
            text_add_all(out, before, flags[i].name, (char *)NULL);
            before = ",";
        }
    if (r->orcpt) {
        text_add_all(out, " ORCPT=", r->orcpt_type, ";", (char *)NULL);
        options_xtext(out, r->orcpt);
    }
    text_add(out, "", 1);
}

/* ---- the message for envoi ---- */

/* An address that is none never gets to the server. */
static void transaction_bad_address(struct transaction *t, struct smtp_status *status)
{
    status_set(status, 553, "5.1.3 not a mail address", t->enhanced);
}

static int transaction_add(struct transaction *t, struct smtp_recipient *r)
{
    struct text options = {0};
    struct envoi_message *probe;
    int rc;

    /* An error of a setter would stick to the message, so the address is tried apart. */
    rc = envoi_message_new(r->mailbox, &probe);
    envoi_message_free(probe);
    if (rc == ENVOI_E_ADDRESS || !*r->mailbox) {
        transaction_bad_address(t, &r->status);
        r->complete = t->bad_address = true;
        EVENT(t->session, SMTP_EV_RCPTSTATUS, r->mailbox, r);
        return ENVOI_OK;
    }
    options_of_rcpt(r, &options);
    if (!rc)
        rc = options.failed ? ENVOI_E_MEMORY : envoi_message_add_recipient_with(t->envoi, r->mailbox, options.data);
    text_free(&options);
    t->recipients[t->count++] = r;
    return rc;
}

static int transaction_recipients(struct transaction *t)
{
    size_t count = 0;
    int rc = ENVOI_OK;

    for (const struct smtp_recipient *r = t->message->recipients; r; r = r->next)
        count++;
    if (!(t->recipients = calloc(count + 1, sizeof(struct smtp_recipient *))))
        return ENVOI_E_MEMORY;
    for (struct smtp_recipient *r = t->message->recipients; !rc && r; r = r->next)
        if (!r->complete)
            rc = transaction_add(t, r);
    return rc;
}

static int transaction_settings(struct transaction *t)
{
    const struct smtp_message *m = t->message;
    struct text options = {0};
    int rc;

    options_of_mail(m, &options);
    rc = options.failed ? ENVOI_E_MEMORY : envoi_message_set_options(t->envoi, options.data);
    text_free(&options);
    if (rc)
        return rc;
    /* The program was told by an event of what is not announced, and what it did not declare is not declared. */
    (void)envoi_message_set_drop_options(t->envoi, 1);
    (void)envoi_message_set_body(t->envoi, m->body == E8bitmime_BINARYMIME ? ENVOI_BODY_BINARY : ENVOI_BODY_7BIT);
    (void)envoi_message_set_require_all(t->envoi, t->session->require_all);
    (void)envoi_message_set_size_estimate(t->envoi, m->size_estimate);
    (void)envoi_message_set_reply_callback(t->envoi, transaction_told, t);
    return envoi_message_set_callback(t->envoi, content_pull, NULL, &t->content, -1);
}

static int transaction_build(struct transaction *t)
{
    int rc = envoi_message_new(t->message->reverse_path, &t->envoi);

    if (!rc)
        rc = transaction_recipients(t);
    return rc ? rc : transaction_settings(t);
}

/* ---- sending it ---- */

/* A reply that libESMTP's programs expect, and no server gave. */
static void transaction_answer(struct transaction *t, struct smtp_status *status, int code, const char *text)
{
    status_set(status, code, text, t->enhanced);
    if (status == &t->message->transfer_status)
        EVENT(t->session, SMTP_EV_MESSAGESENT, t->message);
    else
        EVENT(t->session, SMTP_EV_MAILSTATUS, t->message->reverse_path, t->message);
}

/* No recipient is left: if all are required, the message is not sent, and else it is refused. */
static int transaction_without_recipients(struct transaction *t)
{
    if (t->session->require_all)
        status_reset(&t->message->transfer_status);
    else
        transaction_answer(t, &t->message->transfer_status, 554, "5.5.1 no valid recipients");
    return 1;
}

static int transaction_result(struct transaction *t, int rc)
{
    struct smtp_session *s = t->session;

    switch (rc) {
    case ENVOI_OK:
    case ENVOI_E_SENDER_REFUSED:
    case ENVOI_E_DATA:
        if (!envoi_session_connected(s->envoi)) /* behind a 421; an answer it was all the same */
            error_set(SMTP_ERR_DROPPED_CONNECTION);
        return 1;
    case ENVOI_E_RECIPIENTS_REFUSED:
        return transaction_without_recipients(t);
    case ENVOI_E_TOO_LARGE:
        transaction_answer(t, &t->message->reverse_path_status, 552, "5.3.4 larger than the server takes");
        return 1;
    case ENVOI_E_CANCELLED:
        return s->give_up ? error_set(SMTP_ERR_INVALID_RESPONSE_SYNTAX) : error_set_envoi(s->envoi, rc);
    case ENVOI_E_CONTENT:
        return t->content.source.error ? error_set_errno(t->content.source.error) : error_set_envoi(s->envoi, rc);
    default:
        return error_set_envoi(s->envoi, rc);
    }
}

static int transaction_send(struct transaction *t)
{
    int rc = transaction_build(t);

    if (rc == ENVOI_E_ADDRESS) {
        transaction_bad_address(t, &t->message->reverse_path_status);
        EVENT(t->session, SMTP_EV_MAILSTATUS, t->message->reverse_path, t->message);
        return 1;
    }
    if (rc == ENVOI_E_MEMORY)
        return error_set_errno(ENOMEM);
    if (rc)
        return error_set_text(rc, "%s", envoi_message_error(t->envoi));
    if (!t->count || (t->bad_address && t->session->require_all))
        return transaction_without_recipients(t);
    return transaction_result(t, envoi_session_send(t->session->envoi, t->envoi));
}

int transaction_run(struct smtp_message *message)
{
    struct transaction t = {.message = message, .session = message->session};
    int done;

    if (!fields_init(&message->fields))
        return 0;
    t.enhanced = envoi_session_has_extension(t.session->envoi, "ENHANCEDSTATUSCODES");
    content_begin(&t.content, message);
    done = transaction_send(&t);
    if (message->transfer_status.code / 100 == 3) /* the answer to the content did not come */
        status_reset(&message->transfer_status);
    envoi_message_free(t.envoi);
    content_end(&t.content);
    free(t.recipients);
    return done;
}
