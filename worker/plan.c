/* SPDX-License-Identifier: MIT */
#include "worker/plan.h"

#include "worker/config.h"
#include "worker/job.h"
#include "worker/outcome.h"
#include <envoi/envoi.h>
#include <stdlib.h>

/* ---- what becomes of a recipient ---- */

enum fate { FATE_DONE, FATE_AGAIN, FATE_POSTPONED, FATE_REFUSED, FATE_EXPIRED, FATE_INVALID, FATE_UNKNOWN, FATES };

static const struct plan_fate {
    enum topology_role role;
    int is_final;
    const char *reason; /* of the copy; NULL: none */
    const char *word;   /* of a job of which none was accepted */
} plan_fates[FATES] = {
    [FATE_DONE] = {TOPOLOGY_RESULTS, 1, NULL, "sent"}, /* no copy is made */
    [FATE_AGAIN] = {TOPOLOGY_WAIT, 0, NULL, "deferred"},
    [FATE_POSTPONED] = {TOPOLOGY_WAIT, 0, NULL, "postponed"},
    [FATE_REFUSED] = {TOPOLOGY_DEAD, 1, "refused", "refused"},
    [FATE_EXPIRED] = {TOPOLOGY_DEAD, 1, "expired", "expired"},
    [FATE_INVALID] = {TOPOLOGY_DEAD, 1, "invalid", "invalid"},
    [FATE_UNKNOWN] = {TOPOLOGY_UNKNOWN, 1, "unknown", "unknown"},
};

static const enum fate plan_by_verdict[] = {
    [ENVOI_VERDICT_NOT_ATTEMPTED] = FATE_AGAIN, /* plan_by_error says more */
    [ENVOI_VERDICT_ACCEPTED] = FATE_DONE,       [ENVOI_VERDICT_DEFERRED] = FATE_AGAIN,
    [ENVOI_VERDICT_REFUSED] = FATE_REFUSED,     [ENVOI_VERDICT_UNKNOWN] = FATE_UNKNOWN,
};

/* Of recipients that were not attempted, by the error; the first row that fits counts. */
static const struct plan_row {
    int error;  /* 0: any of the class */
    int class_; /* ENVOI_CLASS_* */
    enum fate fate;
} plan_by_error[] = {
    {ENVOI_E_CONTENT, 0, FATE_INVALID}, /* a file that is gone, a NUL */
    {ENVOI_E_NOT_SUPPORTED, 0, FATE_REFUSED},  {ENVOI_E_TOO_LARGE, 0, FATE_REFUSED},
    {ENVOI_E_GREETING, 0, FATE_POSTPONED},     {ENVOI_E_HELO, 0, FATE_POSTPONED},
    {0, ENVOI_CLASS_USAGE, FATE_INVALID},      {0, ENVOI_CLASS_CONTROL, FATE_POSTPONED},
    {0, ENVOI_CLASS_LOCAL, FATE_POSTPONED},    {0, ENVOI_CLASS_NETWORK, FATE_POSTPONED},
    {0, ENVOI_CLASS_TLS, FATE_POSTPONED},      {0, ENVOI_CLASS_AUTH, FATE_POSTPONED},
    {0, ENVOI_CLASS_PROTOCOL, FATE_POSTPONED}, {0, ENVOI_CLASS_PLUGIN, FATE_POSTPONED},
};

static enum fate plan_fate_of_error(int error)
{
    for (size_t i = 0; i < sizeof plan_by_error / sizeof *plan_by_error; i++)
        if (plan_by_error[i].error ? plan_by_error[i].error == error
                                   : plan_by_error[i].class_ == envoi_error_class(error))
            return plan_by_error[i].fate;
    return FATE_AGAIN;
}

/* The delay before the next attempt: an index. */
static size_t plan_delay(const struct plan_facts *facts, enum fate fate)
{
    int64_t last = (int64_t)facts->config->delay_count - 1, attempt = facts->job->attempt - 1;

    if (fate == FATE_POSTPONED || attempt < 0)
        return 0;
    return (size_t)(attempt < last ? attempt : last);
}

/* Would another attempt come too late? A job whose first attempt has just ended has its whole max-age before it. */
static int plan_is_too_late(const struct plan_facts *facts, enum fate fate)
{
    const struct job *job = facts->job;
    int64_t next = facts->now + facts->config->delays[plan_delay(facts, fate)] / 1000;

    return (job->not_after && next > job->not_after) ||
           (job->first && next - job->first > facts->config->max_age / 1000);
}

static enum fate plan_fate(const struct plan_facts *facts, size_t index)
{
    static const enum fate by_cause[] = {
        [PLAN_POSTPONED] = FATE_POSTPONED, [PLAN_PARKED] = FATE_UNKNOWN, [PLAN_EXPIRED] = FATE_EXPIRED};
    const struct outcome *outcome = facts->outcome;
    enum fate fate = facts->cause == PLAN_SENT ? FATE_AGAIN : by_cause[facts->cause];

    if (facts->cause == PLAN_SENT) {
        int verdict = outcome->verdicts[index].verdict;

        fate = verdict == ENVOI_VERDICT_NOT_ATTEMPTED ? plan_fate_of_error(outcome->error) : plan_by_verdict[verdict];
        if (fate == FATE_UNKNOWN && facts->config->unknown == CONFIG_UNKNOWN_RETRY)
            fate = FATE_AGAIN;
        if (fate == FATE_POSTPONED && (facts->is_own_fault || outcome_is_answered(outcome)))
            fate = FATE_AGAIN;
    }
    if ((fate == FATE_AGAIN || fate == FATE_POSTPONED) && plan_is_too_late(facts, fate))
        fate = FATE_EXPIRED;
    return fate;
}

/* ---- the copies ---- */

static void plan_add(struct plan *plan, const struct plan_facts *facts, enum fate fate, const unsigned char *keep)
{
    const struct job *job = facts->job;
    struct plan_copy *copy = &plan->copies[plan->count++];
    /* `last` says of a postponed copy, too, that it is another one than the job: see finished.h. */
    *copy = (struct plan_copy){
        .role = plan_fates[fate].role,
        .delay = plan_delay(facts, fate),
        .keep = keep,
        .attempt = job->attempt + (fate == FATE_AGAIN),
        .first = job->first ? job->first : facts->now,
        .last = facts->now,
        .reason = plan_fates[fate].reason,
    };
}

/* A word for the whole: of a job of which nothing was accepted, that of the fate which asks most of a person. */
static const char *plan_word(const size_t counts[FATES], size_t all)
{
    if (counts[FATE_DONE] == all)
        return plan_fates[FATE_DONE].word;
    if (counts[FATE_DONE])
        return "partial";
    for (size_t fate = FATES; --fate > FATE_DONE;)
        if (counts[fate])
            return plan_fates[fate].word;
    return plan_fates[FATE_DONE].word;
}

/* Failures are reported when they are final; `all` reports the end of each attempt. */
static int plan_wants_result(const struct plan_facts *facts, const size_t counts[FATES])
{
    int has_failure = 0;

    for (size_t fate = FATE_DONE + 1; fate < FATES; fate++)
        has_failure = has_failure || (plan_fates[fate].is_final && counts[fate]);
    if (facts->job->results == JOB_RESULTS_ALL)
        return !counts[FATE_POSTPONED];
    return facts->job->results == JOB_RESULTS_FAILURES && has_failure;
}

int plan_blames_account(int error)
{
    return plan_fate_of_error(error) == FATE_POSTPONED && envoi_error_class(error) != ENVOI_CLASS_LOCAL;
}

int plan_is_expired(const struct job *job, int64_t now)
{
    return job->not_after && now > job->not_after;
}

int plan_make(const struct plan_facts *facts, struct plan *plan)
{
    size_t all = facts->job->to_count, counts[FATES] = {0};
    /* For each fate the flags of all recipients. */
    unsigned char *keep = calloc(FATES, all ? all : 1);

    *plan = (struct plan){.keep = keep};
    if (!keep)
        return -1;
    for (size_t i = 0; i < all; i++) {
        enum fate fate = plan_fate(facts, i);

        keep[(size_t)fate * all + i] = 1;
        counts[fate]++;
    }
    for (size_t fate = FATE_DONE + 1; fate < FATES; fate++)
        if (counts[fate])
            plan_add(plan, facts, (enum fate)fate, counts[fate] == all ? NULL : keep + fate * all);
    plan->word = plan_word(counts, all);
    plan->has_result = plan_wants_result(facts, counts);
    return 0;
}

void plan_free(struct plan *plan)
{
    free(plan->keep);
    *plan = (struct plan){0};
}
