/* SPDX-License-Identifier: MIT */
/* The queue of jobs and the two cursors. Everything that changes a cursor is here, but for what a reply decides (answer). */
#include "base/mem.h"
#include "engine/settle.h"
#include "engine/state.h"

/* So many jobs are kept for the messages to come. */
#define SPARE_MAX 64

void job_init(struct job *job, const struct command *first, unsigned needs)
{
    *job = (struct job){.first = first, .needs = needs, .written = {.row = first}};
}

void queue_append(struct engine *e, struct job *job)
{
    if (e->head)
        e->tail->next = job;
    else
        e->head = job;
    e->tail = job;
    job->next = NULL;
    if (!e->writing)
        e->writing = job;
}

/* ---- the jobs of messages ---- */

static void queue_ready(struct job *job, struct envoi_message *m)
{
    job_init(job, &command_mail, NEED_HELLO | NEED_TLS | NEED_LOGIN);
    job->message = m;
    job->content = &m->content;
    m->job = job;
}

int queue_claim(struct engine *e, struct envoi_message *m)
{
    struct job *job = e->spare;

    if (job) {
        e->spare = job->next;
        e->spare_count--;
    } else if (!(job = mem_alloc(sizeof *job))) {
        return ENVOI_E_MEMORY;
    }
    queue_ready(job, m);
    return ENVOI_OK;
}

void queue_disclaim(struct engine *e, struct envoi_message *m)
{
    struct job *job = m->job;

    m->job = NULL;
    if (e->spare_count == SPARE_MAX) {
        mem_free(job);
        return;
    }
    job->next = e->spare;
    e->spare = job;
    e->spare_count++;
}

void queue_shrink(struct engine *e)
{
    while (e->spare) {
        struct job *job = e->spare;

        e->spare = job->next;
        mem_free(job);
    }
    e->spare_count = 0;
}

void queue_prepend(struct engine *e, struct job *job)
{
    if (!e->head)
        e->tail = job;
    job->next = e->head;
    e->head = e->writing = job;
}

/* The application's verbs begin with a job of their own; what prepare_job puts in front has no right to fail alone. */
static bool is_helper(const struct engine *e, const struct job *job)
{
    return job->next && (job == &e->hello_job || job == &e->tls_job || job == &e->login_job);
}

/* The message may be gone when this returns. */
static void leave(struct engine *e, struct job *job, int rc)
{
    struct envoi_message *message = job->message;

    if (message)
        content_idle(&message->content);
    else if (job->content)
        content_free(job->content);
    job->next = NULL;
    if (!message)
        return;
    queue_disclaim(e, message);
    if (e->env.done)
        e->env.done(e->env.driver, message, rc);
}

/* Of many messages the first failure counts; a helper's success is nobody's result. */
static void keep_result(struct engine *e, int rc)
{
    if (e->result || !rc)
        return;
    e->result = rc;
    e->first = *e->fault;
}

/* ... and at the end its words are told, whatever was said of others since. */
static void tell_first(struct engine *e)
{
    if (!e->head && e->result && e->first.code)
        *e->fault = e->first;
}

/* Takes the finished job at the head out of the queue. */
static void finish(struct engine *e)
{
    struct job *job = e->head;
    bool helper = is_helper(e, job);
    int rc = job->message ? verdict_result(verdict_of_transaction(job->message), job->result) : job->result;

    e->head = job->next;
    if (e->writing == job)
        e->writing = e->head;
    if (job->again && job->message) {
        content_idle(job->content);
        queue_ready(job, job->message);
        queue_append(e, job);
        return;
    }
    keep_result(e, rc);
    leave(e, job, rc);
    tell_first(e);
    if (!e->head)
        engine_arm(e, ENVOI_PHASE_NONE);
    if (helper && rc)
        queue_abort(e, rc);
    else if (e->closing) /* the reply said so: nothing more will be answered */
        engine_die(e, rc);
}

void queue_abort(struct engine *e, int code)
{
    bool idle = !e->head; /* what is over keeps its result */
    /* Of a content that broke off, or a callback that has nothing, the others have only lost their connection. */
    bool own = code == ENVOI_E_CONTENT || code == ENVOI_E_USAGE;
    const struct job *culprit = own ? e->writing : NULL;

    e->waiting = 0;
    while (e->head) {
        struct job *job = e->head;
        int rc = engine_content_left(e, job) && job->owed ? ENVOI_E_UNKNOWN : code;

        e->head = job->next;
        if (job->message) {
            settle_lost(e, job);
            rc = verdict_result(verdict_of_transaction(job->message), job->result ? job->result : code);
        }
        keep_result(e, rc);
        leave(e, job, own && rc == code && job != culprit ? ENVOI_E_DISCONNECTED : rc);
    }
    tell_first(e);
    if (!idle && e->result == ENVOI_E_UNKNOWN && e->fault->code != ENVOI_E_UNKNOWN) {
        e->fault->code = ENVOI_E_UNKNOWN;
        fault_prefix(e->fault, "the message may have been delivered");
    }
    engine_arm(e, ENVOI_PHASE_NONE); /* also of what never went out */
    e->writing = e->answering = NULL;
    e->owed = e->left = 0;
    e->group_closed = e->switching = false;
    e->answered = (struct position){0};
}

/* --------------------------------------------------------------------------------------------- the written cursor ---- */

/* A failed job has nothing more to say, but for the content that a 354 waits for and the RSET behind a refused transaction. */
static void redirect_failed(struct job *job)
{
    bool transaction = job->first == &command_mail;

    if (job->content_open && !job->content_done && !job->chunked)
        job->written.row = &command_content;
    else if (transaction && job->written.row != &command_rset && !job->rset_done)
        job->written.row = &command_rset;
    else if (job->rset_done || !transaction)
        job->written.row = NULL;
}

/* Its first command never went out: there is nothing to take back. */
static void fail_unsent(struct engine *e, struct job *job, int rc)
{
    job->result = rc;
    job->failed = job->rset_done = true;
    job->written.row = NULL;
    if (job->message)
        settle_lost(e, job);
}

/* Dovecot 2.3's submission service, known by BURL, dies of whatever follows a MAIL that its relay has refused when a RCPT
 * overtook the refusal. */
static bool closes_group(const struct engine *e, const struct command *row)
{
    return row->ends_group || (row == &command_mail && e->extensions.burl);
}

/* Counts a command that is in the output whole. */
static void count_written(struct engine *e, struct job *job, const struct command *row)
{
    if (row->silent) {
        engine_arm(e, ENVOI_PHASE_NONE);
        return;
    }
    if (job->owed++ == 0)
        job->start = job->written;
    if (e->owed++ == 0) {
        e->answering = job;
        e->answered = job->written;
    }
    e->group_closed = closes_group(e, row);
}

/* Writes the command at the written cursor. False: not now. */
static bool write_command(struct engine *e, struct job *job)
{
    const struct command *row = job->written.row;
    int rc;

    if (e->owed == 0 && e->phase == ENVOI_PHASE_NONE)
        engine_arm(e, row->phase);
    e->waiting = 0;
    rc = row->write(e, job, &job->written);
    if (!e->open || rc == ENVOI_E_AGAIN)
        return false;
    if (rc == ENVOI_E_MEMORY) { /* what is in the output may be half a command */
        engine_die_of(e, rc, "out of memory (%s)", row->name);
        return false;
    }
    if (rc) {
        fail_unsent(e, job, rc);
        return true;
    }
    count_written(e, job, row);
    row->next(e, job, &job->written);
    return true;
}

static bool may_write(struct engine *e, const struct job *job)
{
    if (e->owed && (e->group_closed || !e->extensions.pipelining || job->failed))
        return false;
    return output_has_room(&e->output);
}

/* May the next job begin although this one, all written, is not answered yet? Only messages follow one another so, and a RSET
 * stands between them: without it a server that refused the first might deliver the second under its sender. */
static bool may_follow(const struct engine *e, const struct job *job)
{
    const struct job *next = job->next;

    return next && job->message && next->message && e->extensions.pipelining && e->window != ENGINE_WINDOW_CLOSED &&
           !e->group_closed;
}

void queue_pump(struct engine *e)
{
    struct job *job;

    while (e->open && e->head && (job = e->writing)) {
        int rc = ENVOI_OK;

        if (job->failed && !job->owed)
            redirect_failed(job);
        if (!e->head->written.row && !e->head->owed) {
            finish(e);
            continue;
        }
        if (!job->written.row) {
            if (!may_follow(e, job))
                return;
            e->writing = job->next;
            e->writing->written.row = e->window == ENGINE_WINDOW_OPEN ? &command_rset_between : &command_rset_probe;
            continue;
        }
        if (!may_write(e, job))
            return;
        if (!e->owed && job->needs && job->written.row == job->first)
            rc = prepare_job(e, job);
        if (rc == ENVOI_E_AGAIN)
            continue;
        if (rc)
            fail_unsent(e, job, rc);
        else if (!write_command(e, job))
            return;
    }
}

/* -------------------------------------------------------------------------------------------- the answered cursor ---- */

/* To the command whose reply comes next. */
static void advance_answered(struct engine *e, struct job *job, struct position at)
{
    e->left--;
    job->owed--;
    if (--e->owed == 0) {
        e->group_closed = false;
        engine_arm(e, ENVOI_PHASE_NONE);
        return;
    }
    if (job->owed) {
        at.row->next(e, job, &at);
        e->answered = at;
    } else {
        e->answering = job->next;
        e->answered = job->next->start;
    }
    engine_arm(e, e->answered.row->phase);
}

/* RFC 5321 section 3.8: what is not answered now was not processed. */
static __attribute__((noinline)) void end_with_421(struct engine *e, const struct job *job, int phase, int rc,
                                                   const struct envoi_reply *reply)
{
    struct envoi_errctx first = *e->fault;
    bool failed = !rc && job->result; /* before: the caller is told that */

    if (!rc && job->message)
        rc = engine_refused(e, ENVOI_E_DISCONNECTED, phase, reply, "the server closes the connection");
    engine_die(e, rc);
    if (failed)
        *e->fault = first;
}

void queue_answer(struct engine *e, const struct envoi_reply *reply)
{
    struct job *job = e->answering;
    struct position at = e->answered;
    int phase = at.row->phase, rc = at.row->answer(e, job, &at, reply);

    if (!e->open)
        return;
    if (rc == ENVOI_E_AGAIN) { /* one more reply to the same command */
        e->answered = at;
        engine_arm(e, phase);
        return;
    }
    if (rc) {
        job->failed = true;
        if (!job->result)
            job->result = rc;
    }
    advance_answered(e, job, at);
    if (e->closing)
        end_with_421(e, job, phase, rc, reply);
}
