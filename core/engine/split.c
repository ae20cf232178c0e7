/* SPDX-License-Identifier: MIT */
#include "engine/split.h"

#include "base/text.h"
#include "engine/settle.h"
#include "engine/state.h"

#include <string.h>

/* ---- before a transaction ---- */

/* A message that cannot be sent again, or must not go in parts, goes whole unless LIMITS forbids that. */
static uint64_t split_most(const struct engine *e, const struct envoi_message *m)
{
    uint64_t announced = extensions_limit(&e->extensions, "RCPTMAX");
    uint64_t taken = m->require_all || !content_is_repeatable(&m->content) ? 0 : e->rcpt_taken;

    return taken && (!announced || taken < announced) ? taken : announced;
}

int split_pick(const struct engine *e, struct envoi_message *m, struct envoi_errctx *why)
{
    message_due_pick(m, split_most(e, m), extensions_limit(&e->extensions, "RCPTDOMAINMAX"));
    if (!m->require_all || !message_has_more(m))
        return ENVOI_OK;
    return fault_set(why, ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_MAIL,
                     "all recipients are required, but the server takes only a part of them in one transaction: it "
                     "announces LIMITS %s",
                     extensions_get(&e->extensions, "LIMITS"));
}

int split_begin(struct engine *e, struct job *job)
{
    struct envoi_message *m = job->message;
    int rc;

    if (m->pooled || !(e->extensions.limits || e->rcpt_taken))
        return ENVOI_OK;
    if (!(rc = split_pick(e, m, e->fault)))
        job->more = message_has_more(m);
    return rc;
}

/* ---- replies to RCPT ---- */

/* Old servers say 552 instead of 452. (552 alone is a full mailbox.) */
static bool is_too_many(const struct envoi_reply *reply)
{
    const char *text = envoi_reply_text(reply);

    if (reply->enhanced[0])
        return strcmp(reply->enhanced + 1, ".5.3") == 0;
    return (reply->code == 452 || reply->code == 552) && text_has_word(text, "too") && text_has_word(text, "many");
}

static void split_off(struct job *job, struct recipient *r)
{
    r->again = !job->message->require_all;
    job->more = job->more || r->again;
}

void split_rcpt(struct engine *e, struct job *job, size_t index, const struct envoi_reply *reply)
{
    struct recipient *r = &job->message->recipients[index];

    settle_one(job->message, index, ENVOI_PHASE_RCPT, reply);
    if (!job->accepted || !is_too_many(reply))
        return;
    r->verdict = ENVOI_VERDICT_DEFERRED;
    split_off(job, r);
    if (!e->rcpt_taken || job->accepted < e->rcpt_taken)
        e->rcpt_taken = job->accepted;
}

/* A server that counts refuses all that follow, and with the same code. If it was a full mailbox after all, the next
 * transaction shows it. */
void split_surplus(struct engine *e, struct job *job)
{
    struct envoi_message *m = job->message;
    const struct recipient *last = &m->recipients[m->due_end - 1];

    if ((last->code != 452 && last->code != 552) || last->enhanced[0])
        return;
    for (size_t i = m->due_end; i-- > m->due_begin;) {
        struct recipient *r = &m->recipients[i];

        if (!r->due)
            continue;
        if (r->code != last->code || r->enhanced[0])
            return;
        split_off(job, r);
    }
}

/* ---- behind a transaction ---- */

void split_end(struct job *job)
{
    if (job->more && !job->message->pooled)
        message_due_pick(job->message, 0, 0);
    job->more = false;
}

bool split_goes_on(struct engine *e, struct job *job)
{
    struct envoi_message *m = job->message;
    uint64_t mails;

    if (!job->more || m->pooled || !message_has_open(m))
        return false;
    mails = extensions_limit(&e->extensions, "MAILMAX");
    if (!e->open || e->closing) {
        verdict_not_attempted(m, e->fault->phase, e->fault->text);
        return false;
    }
    if (mails && e->mails >= mails) {
        verdict_not_attempted(m, ENVOI_PHASE_MAIL, "the server takes no more transactions on this connection (LIMITS)");
        return false;
    }
    if (!content_is_repeatable(&m->content)) {
        verdict_not_attempted(m, ENVOI_PHASE_CONTENT, "the content cannot be had a second time");
        return false;
    }
    message_due_pick(m, 0, 0);
    return true;
}
