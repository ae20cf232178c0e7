/* SPDX-License-Identifier: MIT */
#include "engine/settle.h"

#include "base/text.h"
#include "engine/state.h"

#include <string.h>

_Static_assert(ENHANCED_MAX == REPLY_ENHANCED_MAX, "a verdict keeps the enhanced status code of its reply");

static int verdict_of_reply(const struct envoi_reply *reply)
{
    switch (reply_class(reply)) {
    case 2:
        return ENVOI_VERDICT_ACCEPTED;
    case 4:
        return ENVOI_VERDICT_DEFERRED;
    default:
        return ENVOI_VERDICT_REFUSED;
    }
}

static void settle(struct recipient *r, int verdict, int phase, const struct envoi_reply *reply, struct reason *reason)
{
    r->verdict = verdict;
    r->pending = false;
    r->code = reply->code;
    r->phase = phase;
    memcpy(r->enhanced, reply->enhanced, sizeof r->enhanced);
    recipient_set_reason(r, reason);
}

void settle_one(struct envoi_message *m, size_t index, int phase, const struct envoi_reply *reply)
{
    struct reason *reason = reason_new(m, envoi_reply_text(reply));

    settle(&m->recipients[index], verdict_of_reply(reply), phase, reply, reason);
    reason_drop(reason);
}

void settle_all(struct envoi_message *m, int phase, const struct envoi_reply *reply)
{
    struct reason *reason = reason_new(m, envoi_reply_text(reply));
    int verdict = verdict_of_reply(reply);

    for_each_due (m, i)
        settle(&m->recipients[i], verdict, phase, reply, reason);
    reason_drop(reason);
}

void settle_pending(struct envoi_message *m, int phase, const struct envoi_reply *reply)
{
    struct reason *reason = reason_new(m, envoi_reply_text(reply));
    int verdict = verdict_of_reply(reply);

    for (size_t i = m->due_begin; i < m->due_end; i++) /* pending implies due */
        if (m->recipients[i].pending)
            settle(&m->recipients[i], verdict, phase, reply, reason);
    reason_drop(reason);
}

void settle_unknown(struct envoi_message *m, int phase)
{
    for_each_due (m, i)
        if (phase == ENVOI_PHASE_NONE || m->recipients[i].phase == phase)
            m->recipients[i].verdict = ENVOI_VERDICT_UNKNOWN;
}

void settle_too_large(struct engine *e, struct envoi_message *m)
{
    struct reason *reason = reason_new(m, e->fault->text);

    for (size_t i = 0; i < m->count; i++) {
        struct recipient *r = &m->recipients[i];

        if (r->verdict != ENVOI_VERDICT_NOT_ATTEMPTED)
            continue;
        r->verdict = ENVOI_VERDICT_REFUSED;
        r->phase = e->fault->phase;
        recipient_set_reason(r, reason);
    }
    reason_drop(reason);
}

void settle_lost(struct engine *e, struct job *job)
{
    const struct envoi_errctx *why = e->loss ? e->loss : e->fault;
    struct envoi_message *m = job->message;
    struct reason *reason = reason_new(m, why->text);
    struct reason *said = e->closing ? reason_new(m, envoi_reply_text(e->reply)) : NULL;

    for_each_due (m, i) {
        struct recipient *r = &m->recipients[i];

        if (r->verdict != ENVOI_VERDICT_NOT_ATTEMPTED)
            continue;
        if (r->pending && e->closing) {
            settle(r, verdict_of_reply(e->reply), why->phase, e->reply, said);
            continue;
        }
        if (engine_content_left(e, job) && !job->mail_refused && !e->closing)
            r->verdict = ENVOI_VERDICT_UNKNOWN;
        r->pending = false;
        r->phase = why->phase;
        recipient_set_reason(r, reason);
    }
    if (job->more && !m->pooled) /* those that were left for a later transaction */
        verdict_not_attempted(m, why->phase, why->text);
    reason_drop(reason);
    reason_drop(said);
}
