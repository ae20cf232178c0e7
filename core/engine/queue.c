/* SPDX-License-Identifier: MIT */
#include "engine/queue.h"

#include "base/mem.h"
#include "base/text.h"
#include "engine/proof.h"
#include "engine/settle.h"
#include "engine/split.h"
#include "engine/state.h"

#include <envoi/library.h>
#include <stdarg.h>
#include <stdio.h>

/* The free list keeps at most this many jobs. */
#define SPARE_MAX 128

void job_init(struct job *job, const struct command *first, unsigned needs)
{
    *job = (struct job){.first = first, .needs = needs, .written = {.row = first}};
}

/* ---- the jobs of messages ---- */

static void job_init_for_message(struct job *job, const struct command *first, struct envoi_message *m)
{
    job_init(job, first, NEED_HELLO | NEED_TLS | NEED_LOGIN | NEED_PROOF);
    job->message = m;
    job->content = &m->content;
}

int queue_claim(struct engine *e, struct envoi_message *m, const struct command *first)
{
    struct job *job = e->spare;

    if (job) {
        e->spare = job->next;
        e->spare_count--;
    } else if (!(job = mem_alloc(sizeof *job))) {
        return ENVOI_E_MEMORY;
    }
    job_init_for_message(job, first, m);
    m->job = job;
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

/* ---- the queue ---- */

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

void queue_prepend(struct engine *e, struct job *job)
{
    if (!e->head)
        e->tail = job;
    job->next = e->head;
    e->head = e->writing = job;
}

/* Was the job put in front of another one by prepare_job()? (A verb's own job is the last one.) Such a job must not
 * fail alone: the job after it fails, too. */
static bool is_preparation(const struct engine *e, const struct job *job)
{
    return job->next && (job == &e->hello_job || job == &e->tls_job || job == &e->login_job);
}

/* Ends a job that is out of the queue. The message may be gone when this returns. */
static void queue_leave(struct engine *e, struct job *job, int rc)
{
    struct envoi_message *message = job->message;

    mem_free(job->why);
    job->why = NULL;
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

void queue_keep_reason(const struct engine *e, struct job *job)
{
    if (job == e->head || !(job->why = mem_alloc(sizeof *job->why)))
        return; /* without memory for it, the text of a later failure must do */
    *job->why = *e->fault;
}

/* The first failure is the result of the verb; its fault is kept, because later failures replace the fault. */
static void queue_keep_result(struct engine *e, const struct job *job, int rc)
{
    if (e->result || !rc)
        return;
    e->result = rc;
    e->first = job->why ? *job->why : *e->fault;
}

/* When the queue is empty the fault of the first failure is put back. */
static void queue_restore_fault(struct engine *e)
{
    if (!e->head && e->result && e->first.code)
        *e->fault = e->first;
}

/* Puts both cursors at the beginning of the queue. */
static void queue_rewind(struct engine *e)
{
    engine_arm(e, ENVOI_PHASE_NONE); /* a command that never went out may have armed it */
    e->writing = e->head;
    e->answering = NULL;
    e->unanswered = e->answerable = 0;
    e->group_closed = e->switching = false;
    e->answered = (struct position){0};
}

/* Empties the queue after a failure that ended the connection. */
static void queue_abort(struct engine *e, int code)
{
    bool idle = !e->head; /* a verb that is over keeps its result */
    /* If one message's content or callback ended the connection, only that message gets this code. The others report a
     * lost connection. */
    bool own = code == ENVOI_E_CONTENT || code == ENVOI_E_USAGE;
    const struct job *culprit = own ? e->writing : NULL;

    e->waiting = 0;
    e->orphaned = false;
    while (e->head) {
        struct job *job = e->head;
        int rc = engine_content_left(e, job) && job->unanswered ? ENVOI_E_UNKNOWN : code;

        e->head = job->next;
        if (job->message) {
            settle_lost(e, job);
            rc = verdict_result(job->message, verdict_of_send(job->message), job->result ? job->result : code);
        }
        queue_keep_result(e, job, rc);
        if (job == culprit)
            culprit = NULL; /* the callback may get its memory for another message's job */
        else if (own && rc == code)
            rc = ENVOI_E_DISCONNECTED;
        queue_leave(e, job, rc);
    }
    queue_restore_fault(e);
    if (!idle && e->result == ENVOI_E_UNKNOWN && e->fault->code != ENVOI_E_UNKNOWN) {
        e->fault->code = ENVOI_E_UNKNOWN;
        fault_prefix(e->fault, "the message may have been delivered");
    }
    if (!idle && verdict_is_refusal(e->result)) /* by a 421, which ended the connection too */
        e->fault->code = e->result;
    queue_rewind(e);
}

void queue_finish(struct engine *e)
{
    struct job *job = e->head;
    bool preparation = is_preparation(e, job);
    struct envoi_message *m = job->message;
    int rc;

    if (job->why)
        *e->fault = *job->why;
    e->head = job->next;
    if (e->writing == job)
        e->writing = e->head;
    if (m && (job->again || split_goes_on(e, job))) {
        content_idle(job->content);
        job_init_for_message(job, job->first, job->message);
        queue_append(e, job);
        return;
    }
    rc = m ? verdict_result(m, verdict_of_send(m), job->result) : job->result;
    if (rc == ENVOI_E_UNKNOWN) { /* of an earlier send: this one's connection is not lost */
        e->fault->code = rc;
        fault_prefix(e->fault, "whether a recipient has the message is unknown from an earlier send");
    }
    if (!rc && job->result && !e->result) /* it has arrived by an earlier send */
        fault_clear(e->fault);
    queue_keep_result(e, job, rc);
    queue_leave(e, job, rc);
    queue_restore_fault(e);
    if (!e->head)
        engine_arm(e, ENVOI_PHASE_NONE);
    if (preparation && rc)
        queue_abort(e, rc);
    else if (e->closing) /* after a 421 nothing more is answered */
        engine_die(e, rc);
}

/* ---- the end of the connection ---- */

/* Content whose end the layers still hold counts as not sent. So it must not leave later either, for example with the
 * closing alert. */
static void hold_back_content(struct engine *e)
{
    for (const struct job *job = e->head; job; job = job->next)
        if (job->content_end > e->wire) {
            stack_tear(&e->stack);
            return;
        }
}

/* Is the proof of BDAT under way, all or part of it? */
static bool is_proving(const struct engine *e)
{
    const struct command *row = e->unanswered ? e->answered.row : e->proof_job.written.row;

    return e->head == &e->proof_job && (e->answerable || row != e->proof_job.first);
}

/* Was the connection lost to the proof? Then no message was begun, and they wait for the next connection. */
static bool queue_outlives(struct engine *e, int code)
{
    if (!is_proving(e) || code == ENVOI_E_MEMORY)
        return false;
    engine_log(e, ENVOI_LOG_WARNING, "the server fails the proof of BDAT (%s): connecting again, content goes by DATA",
               e->fault->text);
    proof_set(e, ENGINE_PROOF_FAILED);
    e->proof_lost = e->orphaned = true;
    e->head = e->head->next;
    queue_rewind(e);
    fault_clear(e->fault);
    return true;
}

void engine_die(struct engine *e, int code)
{
    if (!e->open && !e->orphaned)
        return;
    if (e->head && e->head->first->ends_session)
        code = ENVOI_OK;
    e->open = false;
    e->lost_idle = !e->head;
    engine_arm(e, ENVOI_PHASE_NONE);
    hold_back_content(e);
    if (!queue_outlives(e, code))
        queue_abort(e, code);
    output_clear(&e->output);
    reply_parser_reset(&e->parser);
    login_end(&e->login);
    buf_reset(&e->line); /* it may be of a login by hand */
    e->authenticated = false;
    engine_forget(e);
}

bool engine_has_failed(const struct engine *e)
{
    return e->head ? e->head->result : e->fault->code;
}

int engine_die_of(struct engine *e, int code, const char *format, ...)
{
    struct envoi_errctx why = {.code = code, .phase = e->phase};
    va_list args;

    va_start(args, format);
    (void)text_format(why.text, sizeof why.text, "\n", format, args);
    va_end(args);
    engine_explain_end(e, &why);
    code = why.code;
    engine_trace(e, ENVOI_TRACE_INFO, "%s", why.text);
    if (!engine_has_failed(e))
        *e->fault = why;
    if (code == ENVOI_E_PROTOCOL) /* a reply out of step */
        proof_strike(e, ENVOI_LOG_WARNING, why.text);
    e->loss = &why;
    engine_die(e, code);
    e->loss = NULL;
    return code;
}

int engine_die_of_reply(struct engine *e, const struct envoi_reply *reply, const char *which)
{
    char quoted[REPLY_QUOTED_MAX];

    return engine_die_of(e, ENVOI_E_PROTOCOL, "%s: %s", which, reply_quote(reply, quoted));
}
