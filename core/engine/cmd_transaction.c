/* SPDX-License-Identifier: MIT */
/* A transaction (RFC 5321 section 3.3): MAIL, RCPT for each recipient, DATA, the content, and RSET behind a refused one. */
#include "engine/message.h"
#include "engine/state.h"

#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- MAIL ---- */

static int mail_write(struct engine *e, struct job *job, const struct position *at)
{
    struct buf *text = &e->output.text;
    size_t from = text->len;
    int rc;

    (void)at;
    if (buf_append_text(text, "MAIL FROM:<") || buf_append_text(text, job->message->sender.path) ||
        buf_append(text, ">", 1))
        return ENVOI_E_MEMORY;
    if ((rc = parameters_of_mail(e, job->message, text))) {
        text->len = from; /* it is not sent: take back what was appended */
        return rc;
    }
    return engine_end_line(e, from, NULL);
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
        verdict_all_from_reply(job->message, ENVOI_PHASE_MAIL, reply);
        return engine_refused(e, ENVOI_E_SENDER_REFUSED, ENVOI_PHASE_MAIL, reply, "sender <%s> is refused",
                              job->message->sender.path);
    }
}

static void mail_next(struct engine *e, struct job *job, struct position *at)
{
    (void)e;
    (void)job;
    *at = (struct position){.row = &command_rcpt};
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

    if (buf_append_text(text, "RCPT TO:<") || buf_append_text(text, r->address.path) || buf_append(text, ">", 1) ||
        parameters_append(e, r->options, text))
        return ENVOI_E_MEMORY;
    return engine_end_line(e, from, NULL);
}

static int rcpt_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    struct envoi_message *m = job->message;
    struct recipient *r = &m->recipients[at->recipient];

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
        verdict_from_reply(r, ENVOI_PHASE_RCPT, reply);
    }
    if (at->recipient + 1 < m->count || job->accepted)
        return ENVOI_OK;
    return engine_refused(e, ENVOI_E_RECIPIENTS_REFUSED, ENVOI_PHASE_RCPT, reply, "%s <%s> is refused",
                          m->count > 1 ? "all recipients are refused, the last," : "recipient", r->address.path);
}

static void rcpt_next(struct engine *e, struct job *job, struct position *at)
{
    (void)e;
    if (++at->recipient == job->message->count)
        *at = (struct position){.row = &command_data};
}

const struct command command_rcpt = {
    .name = "RCPT",
    .phase = ENVOI_PHASE_RCPT,
    .write = rcpt_write,
    .answer = rcpt_answer,
    .next = rcpt_next,
};

/* ---------------------------------------------------------------------------------------------------------- DATA ---- */

static int data_write(struct engine *e, struct job *job, const struct position *at)
{
    size_t from = e->output.text.len;

    (void)job;
    (void)at;
    if (buf_append_text(&e->output.text, "DATA"))
        return ENVOI_E_MEMORY;
    return engine_end_line(e, from, NULL);
}

/* Was somebody accepted for whom the content is meant? Without a message the application knows. */
static bool is_wanted(const struct job *job)
{
    return !job->message || (!job->mail_refused && job->accepted);
}

static int data_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    int rc;

    (void)at;
    if (reply->code == 354) {
        if (!is_wanted(job) && e->settings->lmtp) /* nobody can say how many replies a dot would bring now */
            return engine_die_of(e, ENVOI_E_PROTOCOL, "DATA is answered with 354, but no recipient was accepted");
        job->content_open = true;
        if (is_wanted(job) && (rc = content_begin(job->content, CONTENT_DOT)))
            return engine_die_of(e, rc, "the content cannot be read from its beginning");
        return ENVOI_OK;
    }
    if (reply_class(reply) < 4)
        return engine_die_of(e, ENVOI_E_PROTOCOL, "DATA is answered with %d", reply->code);
    if (!is_wanted(job))
        return ENVOI_OK;
    if (job->message)
        verdict_pending_from_reply(job->message, ENVOI_PHASE_DATA, reply);
    return engine_refused(e, ENVOI_E_DATA, ENVOI_PHASE_DATA, reply, "DATA is refused");
}

static void data_next(struct engine *e, struct job *job, struct position *at)
{
    (void)e;
    (void)job;
    *at = (struct position){.row = &command_content};
}

const struct command command_data = {
    .name = "DATA",
    .phase = ENVOI_PHASE_DATA,
    .ends_group = true,
    .write = data_write,
    .answer = data_answer,
    .next = data_next,
};

/* ------------------------------------------------------------------------------------------------------- content ---- */

/* A 354 without a valid recipient wants an end all the same (RFC 2920 section 3.1): a lone dot. */
static int write_lone_dot(struct engine *e, struct job *job)
{
    size_t from = e->output.text.len;

    if (buf_append(&e->output.text, ".", 1))
        return ENVOI_E_MEMORY;
    job->content_done = true;
    return engine_end_line(e, from, NULL);
}

static int content_failed(struct engine *e, int rc)
{
    const char *why =
        rc == ENVOI_E_MEMORY ? "out of memory" : "the source failed, has a NUL octet, or is not as long as it said";

    return engine_die_of(e, rc,
                         "the content broke off (%s); the connection is closed before the final dot, nothing is "
                         "delivered",
                         why);
}

static int content_write(struct engine *e, struct job *job, const struct position *at)
{
    (void)at;
    if (job->failed)
        return write_lone_dot(e, job);
    if (e->phase != ENVOI_PHASE_CONTENT)
        engine_arm(e, ENVOI_PHASE_CONTENT);
    while (e->output.lent < 2 && output_has_room(&e->output)) {
        const uint8_t *data;
        size_t len;
        bool last;
        int rc = content_next(job->content, &data, &len, &last);

        if (rc == ENVOI_E_AGAIN) {
            e->waiting = ENGINE_WANT_CONTENT;
            return rc;
        }
        if (rc)
            return content_failed(e, rc);
        if (e->trace_level > 1 && len && e->env.trace)
            e->env.trace(e->env.driver, ENVOI_TRACE_SENT, (const char *)data, len);
        if (len)
            output_lend(&e->output, data, len, last, last ? &job->content_left : NULL);
        if (last) {
            job->content_done = true;
            engine_trace(e, ENVOI_TRACE_SENT, "[content: %llu octets]", (unsigned long long)job->content->taken);
            return ENVOI_OK;
        }
    }
    return ENVOI_E_AGAIN;
}

/* LMTP (RFC 2033 section 4.2): one reply for each accepted recipient, in order. */
static int answer_one(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    struct envoi_message *m = job->message;
    bool more = false;

    while (!m->recipients[at->recipient].pending)
        at->recipient++;
    verdict_from_reply(&m->recipients[at->recipient], ENVOI_PHASE_FINAL, reply);
    for (size_t i = at->recipient; i < m->count && !more; i++)
        more = m->recipients[i].pending;
    if (reply_class(reply) != 2)
        engine_refused(e, ENVOI_E_DATA, ENVOI_PHASE_FINAL, reply, "the content is refused for <%s>",
                       m->recipients[at->recipient].address.path);
    return more ? ENVOI_E_AGAIN : envoi_message_result(m) == ENVOI_RESULT_REFUSED ? ENVOI_E_DATA : ENVOI_OK;
}

static int content_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    if (!is_wanted(job)) /* the lone dot: whatever comes, nothing was sent */
        return ENVOI_OK;
    if (reply_class(reply) == 3)
        return engine_die_of(e, ENVOI_E_PROTOCOL, "the content is answered with %d", reply->code);
    if (!job->message)
        return e->settings->lmtp && ++at->recipient < e->line_accepted ? ENVOI_E_AGAIN : ENVOI_OK;
    if (e->settings->lmtp)
        return answer_one(e, job, at, reply);
    verdict_pending_from_reply(job->message, ENVOI_PHASE_FINAL, reply);
    if (reply_class(reply) == 2)
        return ENVOI_OK;
    return engine_refused(e, ENVOI_E_DATA, ENVOI_PHASE_FINAL, reply, "the content is refused");
}

static void content_next_row(struct engine *e, struct job *job, struct position *at)
{
    (void)e;
    (void)job;
    *at = (struct position){0};
}

const struct command command_content = {
    .name = "content",
    .phase = ENVOI_PHASE_FINAL,
    .ends_group = true,
    .write = content_write,
    .answer = content_answer,
    .next = content_next_row,
};

/* ---------------------------------------------------------------------------------------------------------- RSET ---- */

static int rset_write(struct engine *e, struct job *job, const struct position *at)
{
    size_t from = e->output.text.len;

    (void)at;
    job->rset_done = true;
    if (buf_append_text(&e->output.text, "RSET"))
        return ENVOI_E_MEMORY;
    return engine_end_line(e, from, NULL);
}

/* The verdicts stand: what the server says to this changes nothing. */
static int rset_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    (void)e;
    (void)job;
    (void)at;
    (void)reply;
    return ENVOI_OK;
}

const struct command command_rset = {
    .name = "RSET",
    .phase = ENVOI_PHASE_COMMAND,
    .ends_group = true,
    .write = rset_write,
    .answer = rset_answer,
    .next = content_next_row,
};
