/* SPDX-License-Identifier: MIT */
#include "engine/cursor.h"

#include "engine/prepare.h"
#include "engine/proof.h"
#include "engine/settle.h"
#include "engine/state.h"

static void position_next(struct engine *e, struct job *job, struct position *at)
{
    if (at->row->next)
        at->row->next(e, job, at);
    else
        at->row = NULL;
}

/* ---- the written cursor ---- */

/* A failed job writes only the commands that the server still expects: the content after a 354, and RSET after a
 * refused transaction. */
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

/* A command cannot be sent. None of its job went out before, or only AUTH commands that were refused, so there is
 * nothing to take back. */
static void fail_unsent(struct engine *e, struct job *job, int rc)
{
    job->result = rc;
    queue_keep_reason(e, job);
    job->failed = job->rset_done = true;
    job->written.row = NULL;
    if (job->message && rc == ENVOI_E_TOO_LARGE)
        settle_too_large(e, job->message);
    else if (job->message)
        settle_lost(e, job);
    job->more = false;
}

/* Content of a message that requires all recipients must not overtake a reply to RCPT: after a 354 it can no longer be
 * held back. */
static bool is_last_required(const struct job *job, const struct command *row)
{
    const struct envoi_message *m = job->message;

    return row == &command_rcpt && m->require_all && message_next_due(m, job->written.recipient + 1) == m->due_end;
}

/* Dovecot 2.3's submission service, recognisable by BURL, crashes on any command after a MAIL that its relay refuses,
 * if RCPT overtook that refusal. It also crashes, or refuses the next MAIL, if BDAT and RSET of the proof overtook the
 * acceptance. So with BURL nothing follows MAIL before its reply. */
static bool closes_group(const struct engine *e, const struct job *job, const struct command *row)
{
    bool alone = e->extensions.burl && (row == &command_mail || row == &command_proof_mail);

    return row->ends_group || alone || is_last_required(job, row);
}

/* Counts a command that is in the output whole. */
static void count_written(struct engine *e, struct job *job, const struct command *row)
{
    if (row->silent) {
        engine_arm(e, ENVOI_PHASE_NONE);
        return;
    }
    if (job->unanswered++ == 0)
        job->start = job->written;
    if (e->unanswered++ == 0) {
        e->answering = job;
        e->answered = job->written;
    }
    e->group_closed = closes_group(e, job, row);
}

static bool may_write(struct engine *e, const struct job *job)
{
    if (e->unanswered && (e->group_closed || !e->extensions.pipelining || job->failed))
        return false;
    return output_has_room(&e->output);
}

/* Writes the command at the written cursor, and those of the same row that follow it. False: not now. */
static bool write_commands(struct engine *e, struct job *job)
{
    const struct command *row = job->written.row;
    int rc;

    if (e->unanswered == 0 && e->phase == ENVOI_PHASE_NONE)
        engine_arm(e, row->phase);
    e->waiting = 0;
    do {
        rc = row->write(e, job, &job->written);
        if (!e->open || rc == ENVOI_E_AGAIN)
            return false;
        if (rc)
            break;
        count_written(e, job, row);
        position_next(e, job, &job->written);
    } while (job->written.row == row && may_write(e, job));
    if (rc == ENVOI_E_MEMORY) { /* half a command may be in the output */
        engine_die_of(e, rc, "out of memory (%s)", row->name);
        return false;
    }
    if (rc)
        fail_unsent(e, job, rc);
    return true;
}

/* May the next job begin although this one, all written, is not answered yet? Only messages follow one another like
 * that, with RSET between them: without it a server that refused the first message might deliver the second one with
 * the sender of the first. */
static bool may_follow(const struct engine *e, const struct job *job)
{
    const struct job *next = job->next;

    if (!next || !job->message || !next->message || !e->extensions.pipelining || e->group_closed)
        return false;
    /* the proof goes out alone; a RSET that finds out about the window may go ahead of it */
    return e->window == ENGINE_WINDOW_UNPROVED ||
           (e->window == ENGINE_WINDOW_OPEN && !proof_is_wanted(e, next->message));
}

void cursor_pump(struct engine *e)
{
    struct job *job;

    while (e->open && e->head && (job = e->writing)) {
        int rc = ENVOI_OK;

        if (job->failed && !job->unanswered)
            redirect_failed(job);
        if (!e->head->written.row && !e->head->unanswered) {
            queue_finish(e);
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
        if (!e->unanswered && job->needs && job->written.row == job->first)
            rc = prepare_job(e, job);
        if (rc == ENVOI_E_AGAIN)
            continue;
        if (rc)
            fail_unsent(e, job, rc);
        else if (!write_commands(e, job))
            return;
    }
}

/* ---- the answered cursor ---- */

/* Moves to the command whose reply comes next. */
static void advance_answered(struct engine *e, struct job *job, struct position at)
{
    e->answerable--;
    job->unanswered--;
    if (--e->unanswered == 0) {
        e->group_closed = false;
        engine_arm(e, ENVOI_PHASE_NONE);
        return;
    }
    if (job->unanswered) { /* so this row is not the last */
        at.row->next(e, job, &at);
        e->answered = at;
    } else {
        e->answering = job->next;
        e->answered = job->next->start;
    }
    engine_arm(e, e->answered.row->phase);
}

/* RFC 5321 section 3.8: commands that are not answered by now were not processed. */
static __attribute__((noinline)) void end_with_421(struct engine *e, const struct job *job, int phase, int rc,
                                                   const struct envoi_reply *reply)
{
    struct envoi_errctx first = *e->fault;
    bool failed = !rc && job->result; /* the earlier failure is the one to report */

    if (!rc && job->message)
        rc = engine_refused(e, ENVOI_E_DISCONNECTED, phase, reply, "the server closes the connection");
    engine_die(e, rc);
    if (failed)
        *e->fault = first;
}

void cursor_answer(struct engine *e, const struct envoi_reply *reply)
{
    struct job *job = e->answering;
    struct position at = e->answered;
    int phase = at.row->phase;
    int rc;

    if (job->message && job->message->told)
        message_tell(job->message, phase, at.recipient, e->lmtp, reply);
    rc = at.row->answer ? at.row->answer(e, job, &at, reply) : ENVOI_OK;

    if (!e->open)
        return;
    if (rc == ENVOI_E_AGAIN) { /* the same command gets one more reply */
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
    else if (e->unanswered && e->answering != job)
        queue_finish(e); /* before a reply to the next one replaces the fault */
}
