/* SPDX-License-Identifier: MIT */
/* The faults that the server makes, and how often. */
#include "mta_inside.h"

unsigned mta_chance(struct mta *m, unsigned below)
{
    m->random = m->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(m->random >> 33) % below;
}

static const struct {
    const char *defer, *refuse; /* NULL: it is never refused so */
    bool ends;                  /* the connection ends with the refusal */
} stages[STAGES] = {
    [AT_GREETING] = {"421 4.3.2 not now", "554 5.3.2 no mail here", true},
    [AT_HELLO] = {"451 4.3.0 not now", "550 5.7.1 not you", false},
    [AT_MAIL] = {"450 4.7.1 not you now", "550 5.7.1 not you", false},
    [AT_RCPT] = {"451 4.2.0 not now", "550 5.1.1 no such user", false},
    [AT_DATA] = {"451 4.3.0 not now", "554 5.5.1 no", false},
    [AT_CHUNK] = {"452 4.3.1 no room", "552 5.3.4 too much", false},
    [AT_CONTENT] = {"451 4.3.0 try again", "554 5.6.0 not this", false},
    [AT_RSET] = {NULL, NULL, false},
    [AT_QUIT] = {NULL, NULL, false},
};

static enum fault draw_fault(struct mta *m)
{
    enum fault f = (enum fault)(1 + mta_chance(m, FAULTS - 1));

    if (f == FAULT_DONE || (f == FAULT_SLEEP && !m->config.sleep_ms))
        f = FAULT_CUT;
    return f;
}

static bool refuse(struct peer *p, const char *reply, bool ends)
{
    if (!reply)
        return false;
    mta_say(p, "%s", reply);
    p->dying = ends;
    return true;
}

bool mta_goes_wrong(struct mta *m, struct peer *p, enum stage stage)
{
    enum fault f;

    p->after = FAULT_NONE;
    if (!m->config.faults || mta_chance(m, 1000) >= m->config.faults)
        return false;
    m->report.faults++;
    f = draw_fault(m);
    p->reset = mta_chance(m, 3) == 0;
    if (f == FAULT_DEFER)
        return refuse(p, stages[stage].defer, stages[stage].ends);
    if (f == FAULT_REFUSE)
        return refuse(p, stages[stage].refuse, stages[stage].ends);
    if (f == FAULT_GOODBYE)
        return refuse(p, "421 4.3.2 going down", true);
    if (f == FAULT_DROP) {
        p->dying = true;
        return true;
    }
    p->after = f;
    return false;
}

static void fall_asleep(struct mta *m, struct peer *p)
{
    bool for_long = m->config.long_sleep_ms && mta_chance(m, 10) == 0;

    p->asleep = true;
    p->holds = mta_chance(m, 2);
    p->awake_at = mta_now() + (for_long ? m->config.long_sleep_ms : 1 + mta_chance(m, m->config.sleep_ms));
    m->sleepers++;
}

void mta_after(struct mta *m, struct peer *p)
{
    enum fault f = p->after;

    p->after = FAULT_NONE;
    if (f == FAULT_NONE || p->dying)
        return;
    if (f == FAULT_SLEEP) {
        fall_asleep(m, p);
        return;
    }
    if (f == FAULT_CUT)
        p->out_len = p->reply_at;
    if (f == FAULT_HALF && p->out_len > p->reply_at)
        p->out_len = p->reply_at + mta_chance(m, (unsigned)(p->out_len - p->reply_at));
    if (f == FAULT_LOSE)
        p->out_len = 0;
    p->dying = true;
}

void mta_draw(struct mta *m, struct peer *p)
{
    const struct mta_config *c = &m->config;

    p->pipelining = !c->no_pipelining && !(c->random_extensions && mta_chance(m, 2));
    p->chunking = !c->no_chunking && !(c->random_extensions && mta_chance(m, 2));
    p->fuse = -1;
    if (c->faults && mta_chance(m, 1000) < 5 * c->faults)
        p->fuse = (long)mta_chance(m, 20000);
}
