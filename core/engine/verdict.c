/* SPDX-License-Identifier: MIT */
/* From replies and losses to a verdict for every recipient. */
#include "base/mem.h"
#include "engine/state.h"
#include "message/message.h"

#include <string.h>

static void set_reason(struct recipient *r, struct reason *reason)
{
    reason_drop(r->reason);
    r->reason = reason_share(reason);
}

static void settle(struct recipient *r, int phase, const struct envoi_reply *reply, struct reason *reason)
{
    int class_ = reply_class(reply);

    r->verdict = class_ == 2 ? ENVOI_VERDICT_ACCEPTED : class_ == 4 ? ENVOI_VERDICT_DEFERRED : ENVOI_VERDICT_REFUSED;
    r->pending = false;
    r->code = reply->code;
    r->phase = phase;
    memcpy(r->enhanced, reply->enhanced, sizeof r->enhanced);
    set_reason(r, reason);
}

void verdict_from_reply(struct envoi_message *m, size_t index, int phase, const struct envoi_reply *reply)
{
    struct reason *reason = reason_new(m, envoi_reply_text(reply));

    settle(&m->recipients[index], phase, reply, reason);
    reason_drop(reason);
}

void verdict_all_from_reply(struct envoi_message *m, int phase, const struct envoi_reply *reply)
{
    struct reason *reason = reason_new(m, envoi_reply_text(reply));

    for (size_t i = m->due_begin; (i = message_next_due(m, i)) < m->due_end; i++)
        settle(&m->recipients[i], phase, reply, reason);
    reason_drop(reason);
}

void verdict_pending_from_reply(struct envoi_message *m, int phase, const struct envoi_reply *reply)
{
    struct reason *reason = reason_new(m, envoi_reply_text(reply));

    for (size_t i = m->due_begin; i < m->due_end; i++)
        if (m->recipients[i].pending)
            settle(&m->recipients[i], phase, reply, reason);
    reason_drop(reason);
}

void verdict_unknown(struct envoi_message *m, int phase)
{
    for (size_t i = m->due_begin; (i = message_next_due(m, i)) < m->due_end; i++)
        if (phase == ENVOI_PHASE_NONE || m->recipients[i].phase == phase)
            m->recipients[i].verdict = ENVOI_VERDICT_UNKNOWN;
}

void verdict_settle_lost(struct engine *e, struct job *job)
{
    const struct envoi_errctx *why = e->loss ? e->loss : e->fault;
    struct envoi_message *m = job->message;
    struct reason *reason = reason_new(m, why->text);

    for (size_t i = m->due_begin; (i = message_next_due(m, i)) < m->due_end; i++) {
        struct recipient *r = &m->recipients[i];

        if (r->verdict != ENVOI_VERDICT_NOT_ATTEMPTED)
            continue;
        if (r->pending && e->closing) {
            verdict_from_reply(m, i, why->phase, e->reply);
            continue;
        }
        if (engine_content_left(e, job) && !job->mail_refused && !e->closing)
            r->verdict = ENVOI_VERDICT_UNKNOWN;
        r->pending = false;
        r->phase = why->phase;
        set_reason(r, reason);
    }
    reason_drop(reason);
}

static int outcome(const size_t *seen, size_t count)
{
    if (seen[ENVOI_VERDICT_UNKNOWN])
        return ENVOI_RESULT_UNKNOWN;
    if (seen[ENVOI_VERDICT_ACCEPTED])
        return seen[ENVOI_VERDICT_ACCEPTED] == count ? ENVOI_RESULT_SENT : ENVOI_RESULT_PARTIAL;
    return seen[ENVOI_VERDICT_DEFERRED] || seen[ENVOI_VERDICT_REFUSED] ? ENVOI_RESULT_REFUSED : ENVOI_RESULT_NOT_SENT;
}

int envoi_message_result(const struct envoi_message *message)
{
    size_t seen[ENVOI_VERDICT_UNKNOWN + 1] = {0};

    if (!message)
        return ENVOI_RESULT_NOT_SENT;
    for (size_t i = 0; i < message->count; i++)
        seen[message->recipients[i].verdict]++;
    return outcome(seen, message->count);
}

int verdict_of_transaction(const struct envoi_message *m)
{
    size_t seen[ENVOI_VERDICT_UNKNOWN + 1] = {0};

    for (size_t i = m->due_begin; (i = message_next_due(m, i)) < m->due_end; i++)
        seen[m->recipients[i].verdict]++;
    return outcome(seen, m->due_count);
}

int verdict_result(int result, int failure)
{
    switch (result) {
    case ENVOI_RESULT_UNKNOWN:
        return ENVOI_E_UNKNOWN;
    case ENVOI_RESULT_SENT:
    case ENVOI_RESULT_PARTIAL:
        return ENVOI_OK;
    default:
        return failure ? failure : ENVOI_E_DISCONNECTED;
    }
}

void verdict_not_attempted(struct envoi_message *m, int phase, const char *why)
{
    struct reason *reason = reason_new(m, why);

    for (size_t i = 0; i < m->count; i++) {
        struct recipient *r = &m->recipients[i];

        if (r->verdict != ENVOI_VERDICT_NOT_ATTEMPTED)
            continue;
        r->phase = phase;
        set_reason(r, reason);
    }
    reason_drop(reason);
}

void verdict_not_begun(struct envoi_message *const *messages, size_t count, const char *why)
{
    for (size_t i = 0; messages && i < count; i++) {
        struct envoi_message *m = messages[i];

        if (!m || m->job.engine || m->pooled)
            continue;
        message_begin(m);
        verdict_not_attempted(m, ENVOI_PHASE_NONE, why);
    }
}

const char *envoi_verdict_name(int verdict)
{
    static const char *const names[] = {"not attempted", "accepted", "deferred", "refused", "unknown"};

    return verdict >= 0 && verdict < (int)(sizeof names / sizeof names[0]) ? names[verdict] : "?";
}

const char *envoi_result_name(int result)
{
    static const char *const names[] = {"not sent", "sent", "partial", "refused", "unknown"};

    return result >= 0 && result < (int)(sizeof names / sizeof names[0]) ? names[result] : "?";
}
