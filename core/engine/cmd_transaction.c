/* SPDX-License-Identifier: MIT */
/* A transaction (RFC 5321 section 3.3): MAIL, RCPT for each recipient, and RSET around it. The content is in
 * cmd_content.c. */
#include "engine/mail_parameters.h"
#include "engine/settle.h"
#include "engine/split.h"
#include "engine/state.h"

#include <string.h>

/* ---- MAIL ---- */

static int mail_write(struct engine *e, struct job *job, const struct position *at)
{
    const struct address *sender = &job->message->sender;
    struct buf *text = &e->output.text;
    size_t from = text->len;
    int rc = split_begin(e, job);

    if (rc)
        return rc;
    job->chunked = e->extensions.chunking && e->settings->chunk_size && e->proof == ENGINE_PROOF_PASSED;
    buf_append_text(text, "MAIL FROM:<");
    buf_append(text, address_path(sender), sender->len);
    if (buf_append(text, ">", 1))
        return ENVOI_E_MEMORY; /* a buffer that has failed must not be cut below */
    if ((rc = parameters_of_mail(e, job->message, job->chunked, text))) {
        text->len = from; /* MAIL is not sent: remove the beginning of its line */
        return rc;
    }
    e->begun = true;
    e->mails++;
    e->telemetry.transactions++;
    return engine_end_line(e, from, NULL);
}

/* The transaction was sent before the one before it was answered, and the server refused it for that reason. If the
 * content can be read again, it is sent once more, alone. */
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
    return engine_refused(e, ENVOI_E_CONTENT, ENVOI_PHASE_MAIL, reply, "%s, and the content cannot be read again", why);
}

static int mail_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    switch (reply_class(reply)) {
    case 2:
        return ENVOI_OK;
    case 3:
        job->mail_refused = true;
        return engine_die_of_reply(e, reply, "the reply to MAIL");
    default:
        job->mail_refused = true;
        if (job->doubted && !e->closing)
            return refused_unseen(e, job, reply);
        split_end(job);
        settle_all(job->message, ENVOI_PHASE_MAIL, reply);
        return engine_refused(e, ENVOI_E_SENDER_REFUSED, ENVOI_PHASE_MAIL, reply, "sender <%s> is refused",
                              address_path(&job->message->sender));
    }
}

static void mail_next(struct engine *e, struct job *job, struct position *at)
{
    *at = (struct position){.row = &command_rcpt, .recipient = job->message->due_begin};
}

const struct command command_mail = {
    .name = "MAIL",
    .phase = ENVOI_PHASE_MAIL,
    .write = mail_write,
    .answer = mail_answer,
    .next = mail_next,
};

/* ---- RCPT ---- */

static __attribute__((noinline)) int rcpt_write_any(struct engine *e, const struct recipient *r)
{
    struct buf *text = &e->output.text;
    size_t from = text->len;

    buf_append_text(text, "RCPT TO:<");
    buf_append(text, address_path(&r->address), r->address.len);
    buf_append(text, ">", 1);
    parameters_append(e, r->options, text);
    return engine_end_line(e, from, NULL);
}

/* In one piece, because there may be thousands. */
static int rcpt_write(struct engine *e, struct job *job, const struct position *at)
{
    static const char before[] = "RCPT TO:<", after[] = ">\r\n";
    const size_t head = sizeof before - 1, tail = sizeof after - 1;
    const struct recipient *r = &job->message->recipients[at->recipient];
    const struct address *a = &r->address;
    struct buf *text = &e->output.text;
    size_t from = text->len;
    uint8_t *to;

    if (r->options || a->longer || e->trace_level || buf_reserve(text, head + sizeof a->own + tail, &to))
        return rcpt_write_any(e, r);
    memcpy(to, before, head);
    memcpy(to + head, a->own, sizeof a->own); /* of constant length: `tail` and later lines go over its end */
    memcpy(to + head + a->len, after, tail);
    text->len += head + a->len + tail;
    output_add_text(&e->output, from, true);
    return ENVOI_OK;
}

/* The last RCPT is answered, not all were accepted, and the message requires it. The reply may be a good one, so the
 * failure quotes the first refusal. */
static int rcpt_not_all(struct engine *e, struct job *job)
{
    struct envoi_message *m = job->message;
    size_t first = m->due_begin;
    const struct recipient *r;

    while (m->recipients[first].verdict == ENVOI_VERDICT_NOT_ATTEMPTED)
        first = message_next_due(m, first + 1);
    job->accepted = 0;
    verdict_not_all(m);
    r = &m->recipients[first];
    return fault_set(e->fault, ENVOI_E_RECIPIENTS_REFUSED, ENVOI_PHASE_RCPT,
                     "not every recipient is accepted, as the message requires: <%s> is refused: %d %s%s%s",
                     address_path(&r->address), r->code, r->enhanced, *r->enhanced ? " " : "", recipient_reason(r));
}

/* The last RCPT is answered, and not all were accepted. */
static __attribute__((noinline)) int rcpt_conclude(struct engine *e, struct job *job, const struct recipient *last,
                                                   const struct envoi_reply *reply)
{
    struct envoi_message *m = job->message;
    char both[FAULT_TEXT_MAX];

    if (job->accepted && e->closing) /* the end of the connection settles the others */
        return ENVOI_OK;
    if (job->accepted && m->require_all)
        return rcpt_not_all(e, job);
    if (job->accepted) {
        split_surplus(e, job);
        return ENVOI_OK;
    }
    if (verdict_tell_both(m, both, sizeof both))
        return fault_set(e->fault, ENVOI_E_RECIPIENTS_REFUSED, ENVOI_PHASE_RCPT, "all recipients are refused: %s",
                         both);
    return engine_refused(e, ENVOI_E_RECIPIENTS_REFUSED, ENVOI_PHASE_RCPT, reply, "%s <%s> is refused",
                          m->due_count > 1 ? "all recipients are refused, the last," : "recipient",
                          address_path(&last->address));
}

static int rcpt_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    struct envoi_message *m = job->message;
    struct recipient *r = &m->recipients[at->recipient];

    job->rcpt_answered++;
    if (job->mail_refused) /* the reply to MAIL was the verdict */
        return ENVOI_OK;
    if (reply_accepts(reply)) {
        r->pending = true;
        job->accepted++;
    } else if (reply_class(reply) == 3) {
        return engine_die_of_reply(e, reply, "the reply to RCPT");
    } else {
        split_rcpt(e, job, at->recipient, reply);
    }
    if (job->rcpt_answered < m->due_count || job->accepted == m->due_count)
        return ENVOI_OK;
    return rcpt_conclude(e, job, r, reply);
}

static void rcpt_next(struct engine *e, struct job *job, struct position *at)
{
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

/* ---- RSET ---- */

static int rset_write(struct engine *e, struct job *job, const struct position *at)
{
    return engine_put_command(e, "RSET");
}

static int rset_after_write(struct engine *e, struct job *job, const struct position *at)
{
    job->rset_done = true;
    return rset_write(e, job, at);
}

/* After a refused transaction, as smtplib does. The verdicts stand, whatever the reply is. */
const struct command command_rset = {
    .name = "RSET",
    .phase = ENVOI_PHASE_COMMAND,
    .ends_group = true,
    .write = rset_after_write,
};

static void remember_window(struct engine *e, int window)
{
    e->window = window;
    if (e->env.set_window)
        e->env.set_window(e->env.driver, window);
}

/* The first RSET after content that is not answered yet. If the server accepts it, it will accept a transaction there,
 * too. If it says "503 pipelined after end of DATA", it gets one message at a time from now on. In both cases nothing
 * has to be undone. */
static int rset_probe_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    bool open = reply_class(reply) == 2;

    if (e->closing)
        return ENVOI_OK;
    remember_window(e, open ? ENGINE_WINDOW_OPEN : ENGINE_WINDOW_CLOSED);
    engine_trace(e, ENVOI_TRACE_INFO, "the server takes %s",
                 open ? "transactions behind one another" : "one message at a time");
    return ENVOI_OK;
}

static int rset_between_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    if (reply_class(reply) != 2 && !e->closing) {
        remember_window(e, ENGINE_WINDOW_CLOSED);
        job->doubted = true;
    }
    return ENVOI_OK;
}

static void rset_before_next(struct engine *e, struct job *job, struct position *at)
{
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
