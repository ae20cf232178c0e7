/* SPDX-License-Identifier: MIT */
/* A transaction (RFC 5321 section 3.3): MAIL, RCPT for each recipient, and RSET around it. The content is in
 * cmd_content.c. */
#include "engine/settle.h"
#include "engine/state.h"
#include "message/message.h"

/* ---------------------------------------------------------------------------------------------------------- MAIL ---- */

static int mail_write(struct engine *e, struct job *job, const struct position *at)
{
    const struct address *sender = &job->message->sender;
    struct buf *text = &e->output.text;
    size_t from = text->len;
    int rc;

    (void)at;
    job->chunked = e->extensions.chunking && e->settings->chunk_size;
    if (buf_append_text(text, "MAIL FROM:<") || buf_append(text, address_path(sender), sender->len) ||
        buf_append(text, ">", 1))
        return ENVOI_E_MEMORY;
    if ((rc = parameters_of_mail(e, job->message, job->chunked, text))) {
        text->len = from; /* it is not sent: take back what was appended */
        return rc;
    }
    return engine_end_line(e, from, NULL);
}

/* A server that was thought to take transactions behind one another refused this one unseen: nobody's fault, nothing lost. */
static int refused_unseen(struct engine *e, struct job *job, const struct envoi_reply *reply)
{
    static const char why[] = "the server takes one message at a time";
    struct envoi_message *m = job->message;

    job->failed = true;
    job->again = content_is_repeatable(&m->content);
    if (job->again) {
        engine_trace(e, ENVOI_TRACE_INFO, "%s: this one goes out once more", why);
        return ENVOI_OK;
    }
    verdict_not_attempted(m, ENVOI_PHASE_MAIL, why);
    return engine_refused(e, ENVOI_E_SENDER_REFUSED, ENVOI_PHASE_MAIL, reply, "%s", why);
}

static int mail_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    (void)at;
    switch (reply_class(reply)) {
    case 2:
        return ENVOI_OK;
    case 3:
        job->mail_refused = true;
        return engine_die_of(e, ENVOI_E_PROTOCOL, "MAIL is answered with %d", reply->code);
    default:
        job->mail_refused = true;
        if (job->doubted && !e->closing)
            return refused_unseen(e, job, reply);
        settle_all(job->message, ENVOI_PHASE_MAIL, reply);
        return engine_refused(e, ENVOI_E_SENDER_REFUSED, ENVOI_PHASE_MAIL, reply, "sender <%s> is refused",
                              address_path(&job->message->sender));
    }
}

static void mail_next(struct engine *e, struct job *job, struct position *at)
{
    (void)e;
    *at = (struct position){.row = &command_rcpt, .recipient = job->message->due_begin};
}

const struct command command_mail = {
    .name = "MAIL",
    .phase = ENVOI_PHASE_MAIL,
    .write = mail_write,
    .answer = mail_answer,
    .next = mail_next,
};

/* ---------------------------------------------------------------------------------------------------------- RCPT ---- */

static int rcpt_write(struct engine *e, struct job *job, const struct position *at)
{
    const struct recipient *r = &job->message->recipients[at->recipient];
    struct buf *text = &e->output.text;
    size_t from = text->len;

    if (buf_append_text(text, "RCPT TO:<") || buf_append(text, address_path(&r->address), r->address.len) ||
        buf_append(text, ">", 1) || (r->options && parameters_append(e, r->options, text)))
        return ENVOI_E_MEMORY;
    return engine_end_line(e, from, NULL);
}

static int rcpt_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    struct envoi_message *m = job->message;
    struct recipient *r = &m->recipients[at->recipient];

    job->asked++;
    if (job->mail_refused) /* its verdict is MAIL's */
        return ENVOI_OK;
    switch (reply_class(reply)) {
    case 2:
        r->pending = true;
        job->accepted++;
        return ENVOI_OK;
    case 3:
        return engine_die_of(e, ENVOI_E_PROTOCOL, "RCPT is answered with %d", reply->code);
    default:
        settle_one(m, at->recipient, ENVOI_PHASE_RCPT, reply);
    }
    if (job->asked < m->due_count || job->accepted)
        return ENVOI_OK;
    return engine_refused(e, ENVOI_E_RECIPIENTS_REFUSED, ENVOI_PHASE_RCPT, reply, "%s <%s> is refused",
                          m->due_count > 1 ? "all recipients are refused, the last," : "recipient",
                          address_path(&r->address));
}

static void rcpt_next(struct engine *e, struct job *job, struct position *at)
{
    (void)e;
    at->recipient = message_next_due(job->message, at->recipient + 1);
    if (at->recipient == job->message->due_end)
        *at = (struct position){.row = job->chunked ? &command_bdat : &command_data};
}

const struct command command_rcpt = {
    .name = "RCPT",
    .phase = ENVOI_PHASE_RCPT,
    .write = rcpt_write,
    .answer = rcpt_answer,
    .next = rcpt_next,
};

/* ---------------------------------------------------------------------------------------------------------- RSET ---- */

static int rset_write(struct engine *e, struct job *job, const struct position *at)
{
    (void)job;
    (void)at;
    return engine_put_command(e, "RSET");
}

static int rset_behind_write(struct engine *e, struct job *job, const struct position *at)
{
    job->rset_done = true;
    return rset_write(e, job, at);
}

/* The verdicts stand: what the server says to this changes nothing. */
static int rset_behind_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    (void)e;
    (void)job;
    (void)at;
    (void)reply;
    return ENVOI_OK;
}

static void rset_behind_next(struct engine *e, struct job *job, struct position *at)
{
    (void)e;
    (void)job;
    *at = (struct position){0};
}

/* Behind a refused transaction, as smtplib does. */
const struct command command_rset = {
    .name = "RSET",
    .phase = ENVOI_PHASE_COMMAND,
    .ends_group = true,
    .write = rset_behind_write,
    .answer = rset_behind_answer,
    .next = rset_behind_next,
};

static void remember(struct engine *e, int window)
{
    e->window = window;
    if (e->env.set_window)
        e->env.set_window(e->env.driver, window);
}

/* The first RSET behind a content that is not answered yet. A server that takes it will take a transaction there too; one
 * that says "503 pipelined after end of DATA" gets one message at a time from now on. Nothing has to be undone. */
static int rset_probe_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    bool open = reply_class(reply) == 2;

    (void)job;
    (void)at;
    if (e->closing)
        return ENVOI_OK;
    remember(e, open ? ENGINE_WINDOW_OPEN : ENGINE_WINDOW_CLOSED);
    engine_trace(e, ENVOI_TRACE_INFO, "the server takes %s",
                 open ? "transactions behind one another" : "one message at a time");
    return ENVOI_OK;
}

static int rset_between_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    (void)at;
    if (reply_class(reply) != 2 && !e->closing) {
        remember(e, ENGINE_WINDOW_CLOSED);
        job->doubted = true;
    }
    return ENVOI_OK;
}

static void rset_before_next(struct engine *e, struct job *job, struct position *at)
{
    (void)e;
    (void)job;
    *at = (struct position){.row = &command_mail};
}

const struct command command_rset_probe = {
    .name = "RSET",
    .phase = ENVOI_PHASE_COMMAND,
    .ends_group = true,
    .write = rset_write,
    .answer = rset_probe_answer,
    .next = rset_before_next,
};

const struct command command_rset_between = {
    .name = "RSET",
    .phase = ENVOI_PHASE_COMMAND,
    .write = rset_write,
    .answer = rset_between_answer,
    .next = rset_before_next,
};
