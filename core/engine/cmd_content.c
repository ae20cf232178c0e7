/* SPDX-License-Identifier: MIT */
/* The content of a transaction: by DATA (RFC 5321 section 4.1.1.4) or in chunks by BDAT (RFC 3030). */
#include "base/text.h"
#include "engine/proof.h"
#include "engine/settle.h"
#include "engine/state.h"

#include <envoi/library.h>
#include <string.h>

/* Is there a recipient for the content? Without a message the application has to know. */
static bool is_wanted(const struct job *job)
{
    return !job->message || (!job->mail_refused && job->accepted);
}

static int content_failed(struct engine *e, const struct content *content, int rc)
{
    return engine_die_of(e, rc,
                         "the content broke off: %s; the connection is closed before its end, nothing is delivered",
                         rc == ENVOI_E_MEMORY || !content->why ? envoi_error_text(rc) : content->why);
}

/* Line by line; a line that the end of a piece cuts is shown as two. */
static void trace_content(struct engine *e, const char *text, size_t len)
{
    while (len) {
        const char *end = memchr(text, '\n', len);
        size_t line = end ? (size_t)(end - text) : len;
        size_t shown = line && text[line - 1] == '\r' ? line - 1 : line;

        engine_trace_line(e, ENVOI_TRACE_SENT, text, shown);
        line += end ? 1 : 0;
        text += line;
        len -= line;
    }
}

/* Adds a chunk to the output, after its command if it has one. */
static void put_chunk(struct engine *e, struct job *job, const struct content_chunk *chunk)
{
    struct content *c = job->content;

    for (size_t i = 0; i < chunk->count; i++) {
        const struct iovec *piece = &chunk->pieces[i];

        if (e->trace_level > 1 && e->env.trace)
            trace_content(e, piece->iov_base, piece->iov_len);
        output_lend(&e->output, piece->iov_base, piece->iov_len);
    }
    if (chunk->last) {
        job->content_done = true;
        if (e->trace_level)
            engine_trace(e, ENVOI_TRACE_SENT, "[content: %llu octets]", (unsigned long long)c->taken);
    }
}

/* Is the reply about an address (RFC 3463 section 3.2)? Then it is one to MAIL or RCPT: the replies are out of step,
 * which they cannot be after a 354. A refusal of the only recipient is one, whatever it answers. */
static bool is_about_address(const struct job *job, const struct envoi_reply *reply)
{
    const char *enhanced = envoi_reply_enhanced(reply);

    return job->chunked && *enhanced && strncmp(enhanced + 1, ".1.", 3) == 0 &&
           (reply_class(reply) == 2 || job->message->due_count > 1);
}

static int verdict_in_doubt(struct engine *e, struct job *job, const struct envoi_reply *reply)
{
    struct envoi_message *m = job->message;

    settle_pending(m, ENVOI_PHASE_FINAL, reply);
    settle_unknown(m, ENVOI_PHASE_FINAL);
    proof_set(e, ENGINE_PROOF_FAILED); /* a server that always says so gets DATA */
    return engine_die_of(e, ENVOI_E_PROTOCOL, "the reply to the content is one to MAIL or RCPT: %d %s %s", reply->code,
                         envoi_reply_enhanced(reply), envoi_reply_text(reply));
}

/* The reply to the whole content: one for each recipient (LMTP), or one for all. */
static int take_verdict(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    struct envoi_message *m = job->message;
    const char *whom;
    bool more = false;

    if (reply_class(reply) == 2 && !engine_content_left(e, job)) /* a layer still holds the end of it */
        return engine_die_of_reply(e, reply, "the content is accepted before its end has left");
    if (!m) /* the verb data: LMTP sends a reply for each recipient that the verb rcpt got accepted */
        return e->lmtp && ++at->recipient < e->line_accepted ? ENVOI_E_AGAIN : ENVOI_OK;
    if (is_about_address(job, reply))
        return verdict_in_doubt(e, job, reply);
    if (!e->lmtp) {
        settle_pending(m, ENVOI_PHASE_FINAL, reply);
        return reply_class(reply) == 2
                   ? ENVOI_OK
                   : engine_refused(e, ENVOI_E_DATA, ENVOI_PHASE_FINAL, reply, "the content is refused");
    }
    while (!m->recipients[at->recipient].pending) /* RFC 2033 section 4.2: in the order of RCPT */
        at->recipient++;
    whom = address_path(&m->recipients[at->recipient].address);
    settle_one(m, at->recipient, ENVOI_PHASE_FINAL, reply);
    if (reply_class(reply) != 2)
        engine_refused(e, ENVOI_E_DATA, ENVOI_PHASE_FINAL, reply, "the content is refused for <%s>", whom);
    for (size_t i = at->recipient; i < m->due_end && !more; i++)
        more = m->recipients[i].pending;
    if (more)
        return ENVOI_E_AGAIN;
    return verdict_of_transaction(m) == ENVOI_RESULT_REFUSED ? ENVOI_E_DATA : ENVOI_OK;
}

/* ---- DATA ---- */

static int data_write(struct engine *e, struct job *job, const struct position *at)
{
    return engine_put_command(e, "DATA");
}

static int data_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    int rc;

    if (reply->code == 354) {
        if (!is_wanted(job) && e->lmtp) /* how many replies would follow a dot is not defined */
            return engine_die_of_reply(e, reply, "the server wants content, but no recipient was accepted");
        job->content_open = true;
        if (is_wanted(job) && (rc = content_begin(job->content, CONTENT_DOT, CONTENT_BLOCK)))
            return engine_die_of(e, rc, "the content cannot be read from its beginning");
        return ENVOI_OK;
    }
    if (reply_class(reply) < 4)
        return engine_die_of_reply(e, reply, "the reply to DATA");
    if (!is_wanted(job))
        return ENVOI_OK;
    if (job->message)
        settle_pending(job->message, ENVOI_PHASE_DATA, reply);
    return engine_refused(e, ENVOI_E_DATA, ENVOI_PHASE_DATA, reply, "DATA is refused");
}

static void data_next(struct engine *e, struct job *job, struct position *at)
{
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

/* ---- the content after a 354 ---- */

/* A 354 although no recipient is valid: the server still waits for an end (RFC 2920 section 3.1). */
static int put_lone_dot(struct engine *e, struct job *job)
{
    job->content_done = true;
    return engine_put_command(e, ".");
}

static int content_write(struct engine *e, struct job *job, const struct position *at)
{
    struct content_chunk chunk;
    int rc;

    if (job->failed)
        return put_lone_dot(e, job);
    if (e->phase != ENVOI_PHASE_CONTENT)
        engine_arm(e, ENVOI_PHASE_CONTENT);
    while (content_may_go_on(job->content) && output_has_room(&e->output)) {
        rc = content_next(job->content, &chunk);
        if (rc == ENVOI_E_AGAIN)
            e->waiting = ENGINE_WANT_CONTENT;
        if (rc)
            return rc == ENVOI_E_AGAIN ? rc : content_failed(e, job->content, rc);
        put_chunk(e, job, &chunk);
        if (chunk.last) {
            output_end_command(&e->output, &job->content_end);
            return ENVOI_OK;
        }
        if (job->content->own) /* a lent chunk that leaves late would set the mark of a later own one */
            output_mark(&e->output, &job->content->gone_at);
    }
    return ENVOI_E_AGAIN;
}

static int content_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    if (!is_wanted(job)) /* the lone dot: nothing was sent, whatever the reply is */
        return ENVOI_OK;
    if (reply_class(reply) == 3)
        return engine_die_of_reply(e, reply, "the reply to the content");
    return take_verdict(e, job, at, reply);
}

const struct command command_content = {
    .name = "content",
    .phase = ENVOI_PHASE_FINAL,
    .write = content_write,
    .answer = content_answer,
};

/* ---- BDAT ---- */

/* At most one chunk goes ahead of the replies to RCPT. RFC 3030 section 2 asks to collect them before, but servers take
 * it, and it saves a round trip. A setting makes the first chunk wait. */
static bool is_too_early(const struct engine *e, const struct job *job)
{
    bool ahead = job->rcpt_answered < job->message->due_count;

    return ahead && (job->chunks || e->settings->chunk_waits);
}

static int begin_chunks(struct engine *e, struct job *job)
{
    enum content_mode mode = job->message->body == ENVOI_BODY_BINARY ? CONTENT_BINARY : CONTENT_PLAIN;
    int rc = content_begin(job->content, mode, e->settings->chunk_size);

    job->content_open = true;
    return rc ? engine_die_of(e, rc, "the content cannot be read from its beginning") : ENVOI_OK;
}

/* Where to note that the chunk has left; NULL: not needed. */
static uint64_t *chunk_mark(struct job *job, const struct content_chunk *chunk)
{
    if (chunk->last)
        return &job->content_end;
    return job->content->own ? &job->content->gone_at : NULL;
}

/* The chunk is made before its command is written, because the command says how long it is. */
static int bdat_write(struct engine *e, struct job *job, const struct position *at)
{
    struct content_chunk chunk = {0};
    struct buf *text = &e->output.text;
    size_t from;
    char digits[TEXT_NUMBER_MAX];
    int rc;

    if (is_too_early(e, job))
        return ENVOI_E_AGAIN;
    if (!job->content_open && (rc = begin_chunks(e, job)))
        return rc;
    if (!content_may_go_on(job->content))
        return ENVOI_E_AGAIN;
    if (!e->unanswered && e->phase != ENVOI_PHASE_CONTENT)
        engine_arm(e, ENVOI_PHASE_CONTENT);
    while (!chunk.total && !chunk.last && !(rc = content_next(job->content, &chunk)))
        ;
    if (rc == ENVOI_E_AGAIN)
        e->waiting = ENGINE_WANT_CONTENT;
    if (rc)
        return rc == ENVOI_E_AGAIN ? rc : content_failed(e, job->content, rc);
    from = text->len;
    buf_append_text(text, "BDAT ");
    buf_append(text, digits, text_put_number(digits, chunk.total));
    if (chunk.last)
        buf_append_text(text, " LAST");
    if (engine_put_line(e, from))
        return ENVOI_E_MEMORY;
    if (chunk.last && !chunk.total && !e->unanswered) /* no octets are on their way: the reply comes next */
        engine_arm(e, ENVOI_PHASE_FINAL);
    put_chunk(e, job, &chunk);
    output_end_command(&e->output, chunk_mark(job, &chunk));
    job->chunks++;
    return ENVOI_OK;
}

/* Does the server not know BDAT, or miss a command that it has accepted? 503 behind a refused sender, refused
 * recipients or a refused chunk is what a server that knows BDAT says. */
static bool denies_bdat(const struct job *job, const struct envoi_reply *reply)
{
    return reply->code == 500 || reply->code == 502 || (reply->code == 503 && is_wanted(job) && !job->failed);
}

/* Transactions that have not begun with their content go on with DATA. Binary content cannot. */
static void withdraw_bdat(struct engine *e)
{
    proof_strike(e, ENVOI_LOG_INFO, "500, 502 or 503 to BDAT");
    for (struct job *job = e->head; job; job = job->next) {
        if (!job->chunked || job->content_open || job->message->body == ENVOI_BODY_BINARY)
            continue;
        job->chunked = false;
        if (job->written.row == &command_bdat)
            job->written.row = &command_data;
    }
}

static int bdat_answer(struct engine *e, struct job *job, struct position *at, const struct envoi_reply *reply)
{
    bool last = job->content_done && at->chunk + 1 == job->chunks;

    if (denies_bdat(job, reply))
        withdraw_bdat(e);
    if (reply_class(reply) == 3)
        return engine_die_of_reply(e, reply, "the reply to BDAT");
    if (reply_class(reply) == 2 && last && !is_wanted(job)) {
        settle_unknown(job->message, ENVOI_PHASE_NONE);
        return engine_die_of(e, ENVOI_E_PROTOCOL,
                             "the content is accepted although its sender or all of its recipients were refused");
    }
    if (reply_class(reply) == 2 && last && job->failed) {
        settle_unknown(job->message, ENVOI_PHASE_CONTENT);
        return engine_die_of_reply(e, reply, "the content is accepted although a part of it was refused");
    }
    if (reply_class(reply) == 2)
        return last ? take_verdict(e, job, at, reply) : ENVOI_OK;
    if (!is_wanted(job) || job->failed) /* this refusal follows from an earlier one */
        return ENVOI_OK;
    if (last)
        return take_verdict(e, job, at, reply);
    settle_pending(job->message, ENVOI_PHASE_CONTENT, reply);
    return engine_refused(e, ENVOI_E_DATA, ENVOI_PHASE_CONTENT, reply, "the content is refused on the way");
}

static void bdat_next(struct engine *e, struct job *job, struct position *at)
{
    if (++at->chunk == job->chunks && job->content_done)
        *at = (struct position){0};
}

const struct command command_bdat = {
    .name = "BDAT",
    .phase = ENVOI_PHASE_FINAL,
    .write = bdat_write,
    .answer = bdat_answer,
    .next = bdat_next,
};
