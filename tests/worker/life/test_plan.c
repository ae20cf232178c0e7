/* SPDX-License-Identifier: MIT */
/* The table of envoi-worker(1): from the verdicts to copies. */
#include "worker/config.h"
#include "worker/job.h"
#include "worker/outcome.h"
#include "worker/plan.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <stdio.h>
#include <string.h>

TestSuite(plan, .timeout = 20);

#define RECIPIENTS_MAX 8
#define NOW            INT64_C(1790000000)
#define DAY            INT64_C(86400)

static struct config config;
static struct job job;
static struct outcome outcome;
static struct plan_facts facts;

static void begin_config(void)
{
    static const char *const names[] = {"1m", "5m", "15m", "1h", "6h"};
    static const int64_t minutes[] = {1, 5, 15, 60, 360};

    config = (struct config){.delay_count = 5, .max_age = 4 * DAY * 1000};
    for (size_t i = 0; i < 5; i++) {
        config.delays[i] = minutes[i] * 60000;
        config.delay_names[i] = names[i];
    }
}

/* verdicts: a letter for each recipient: Accepted, Deferred, Refused, Unknown, Not attempted. */
static void begin(const char *verdicts, int error)
{
    static struct outcome_verdict rows[RECIPIENTS_MAX];
    static const int letters[128] = {['A'] = ENVOI_VERDICT_ACCEPTED,
                                     ['D'] = ENVOI_VERDICT_DEFERRED,
                                     ['R'] = ENVOI_VERDICT_REFUSED,
                                     ['U'] = ENVOI_VERDICT_UNKNOWN,
                                     ['N'] = ENVOI_VERDICT_NOT_ATTEMPTED};

    begin_config();
    job = (struct job){.id = "j", .to_count = strlen(verdicts), .attempt = 1};
    outcome = (struct outcome){.error = error, .count = job.to_count, .verdicts = rows};
    for (size_t i = 0; i < job.to_count; i++)
        rows[i] = (struct outcome_verdict){.verdict = letters[(int)verdicts[i]]};
    facts = (struct plan_facts){.cause = PLAN_SENT, .job = &job, .outcome = &outcome, .now = NOW, .config = &config};
}

/* The plan as a line: "wait.1m 2 [.x..]; dead refused [..x.]" with the attempt and the flags of the recipients. */
static const char *plan_line(void)
{
    static const char *const roles[] = {[TOPOLOGY_JOBS] = "jobs",
                                        [TOPOLOGY_WAIT] = "wait",
                                        [TOPOLOGY_DEAD] = "dead",
                                        [TOPOLOGY_UNKNOWN] = "unknown",
                                        [TOPOLOGY_RESULTS] = "results"};
    static char line[512];
    struct plan plan;
    size_t len = 0;

    cr_assert_eq(plan_make(&facts, &plan), 0);
    len += (size_t)snprintf(line, sizeof line, "%s%s", plan.word, plan.has_result ? "+result" : "");
    for (size_t i = 0; i < plan.count; i++) {
        const struct plan_copy *copy = &plan.copies[i];
        const char *detail = copy->reason;

        if (copy->role == TOPOLOGY_WAIT)
            detail = config.delay_names[copy->delay];
        len += (size_t)snprintf(line + len, sizeof line - len, "; %s %s %d ", roles[copy->role], detail,
                                (int)copy->attempt);
        for (size_t k = 0; k < job.to_count; k++)
            len += (size_t)snprintf(line + len, sizeof line - len, "%c", !copy->keep || copy->keep[k] ? 'x' : '.');
    }
    plan_free(&plan);
    return line;
}

/* ---- verdicts ---- */

static const struct verdict_row {
    const char *verdicts;
    int error;
    const char *plan;
} verdict_rows[] = {
    {"A", ENVOI_OK, "sent"},
    {"AAA", ENVOI_OK, "sent"},
    {"D", ENVOI_E_RECIPIENTS_REFUSED, "deferred; wait 1m 2 x"},
    {"R", ENVOI_E_RECIPIENTS_REFUSED, "refused; dead refused 1 x"},
    {"U", ENVOI_E_UNKNOWN, "unknown; unknown unknown 1 x"},
    {"AD", ENVOI_OK, "partial; wait 1m 2 .x"},
    {"DA", ENVOI_OK, "partial; wait 1m 2 x."},
    {"AR", ENVOI_OK, "partial; dead refused 1 .x"},
    {"AU", ENVOI_E_UNKNOWN, "partial; unknown unknown 1 .x"},
    {"AN", ENVOI_OK, "partial; wait 1m 2 .x"},
    {"ADRUN", ENVOI_E_UNKNOWN, "partial; wait 1m 2 .x..x; dead refused 1 ..x..; unknown unknown 1 ...x."},
    {"DRU", ENVOI_E_UNKNOWN, "unknown; wait 1m 2 x..; dead refused 1 .x.; unknown unknown 1 ..x"},
    {"RD", ENVOI_E_RECIPIENTS_REFUSED, "refused; wait 1m 2 .x; dead refused 1 x."},
    /* Nothing was attempted: the account, the machine, or the job itself. */
    {"N", ENVOI_E_CONNECT, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_RESOLVE, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_LOOKUP, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_TIMEOUT, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_DISCONNECTED, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_TRUNCATED, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_TLS, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_CERTIFICATE, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_STARTTLS, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_AUTH, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_NO_MECHANISM, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_SERVER_PROOF, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_GREETING, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_HELO, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_PROTOCOL, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_PLUGIN, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_CANCELLED, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_MEMORY, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_SYSTEM, "postponed; wait 1m 1 x"},
    {"N", ENVOI_E_CONTENT, "invalid; dead invalid 1 x"},
    {"N", ENVOI_E_ADDRESS, "invalid; dead invalid 1 x"},
    {"N", ENVOI_E_USAGE, "invalid; dead invalid 1 x"},
    {"N", ENVOI_E_NOT_SUPPORTED, "refused; dead refused 1 x"},
    {"N", ENVOI_E_TOO_LARGE, "refused; dead refused 1 x"},
    {"N", ENVOI_E_SENDER_REFUSED, "deferred; wait 1m 2 x"},
    /* The server has said something: an attempt is counted. */
    {"RN", ENVOI_E_DISCONNECTED, "refused; wait 1m 2 .x; dead refused 1 x."},
    {"DN", ENVOI_E_DISCONNECTED, "deferred; wait 1m 2 xx"},
    {"AN", ENVOI_E_CANCELLED, "partial; wait 1m 2 .x"},
};

Test(plan, verdicts)
{
    for (size_t i = 0; i < sizeof verdict_rows / sizeof *verdict_rows; i++) {
        const struct verdict_row *row = &verdict_rows[i];

        begin(row->verdicts, row->error);
        cr_expect_str_eq(plan_line(), row->plan, "%s, %s: %s", row->verdicts, envoi_error_name(row->error),
                         plan_line());
    }
}

/* All combinations of verdicts of four recipients: each that is not accepted is in one copy, and no other one is. */
Test(plan, each_recipient_once)
{
    static const char letters[] = "ADRUN";

    for (int n = 0; n < 5 * 5 * 5 * 5; n++) {
        char verdicts[] = {letters[n % 5], letters[n / 5 % 5], letters[n / 25 % 5], letters[n / 125], '\0'};
        struct plan plan;

        begin(verdicts, strchr(verdicts, 'U') ? ENVOI_E_UNKNOWN : ENVOI_OK);
        cr_assert_eq(plan_make(&facts, &plan), 0);
        for (size_t k = 0; k < 4; k++) {
            size_t copies = 0;

            for (size_t i = 0; i < plan.count; i++)
                copies += !plan.copies[i].keep || plan.copies[i].keep[k];
            cr_expect_eq(copies, verdicts[k] != 'A', "%s: recipient %zu is in %zu copies", verdicts, k, copies);
        }
        plan_free(&plan);
    }
}

Test(plan, own_fault)
{
    begin("N", ENVOI_E_DISCONNECTED);
    facts.is_own_fault = 1;
    cr_expect_str_eq(plan_line(), "deferred; wait 1m 2 x");
}

Test(plan, unknown_may_be_sent_again)
{
    begin("AUU", ENVOI_E_UNKNOWN);
    config.unknown = CONFIG_UNKNOWN_RETRY;
    cr_expect_str_eq(plan_line(), "partial; wait 1m 2 .xx");
}

/* ---- times ---- */

Test(plan, delays)
{
    static const char *const lines[] = {
        "deferred; wait 1m 2 x", "deferred; wait 5m 3 x", "deferred; wait 15m 4 x", "deferred; wait 1h 5 x",
        "deferred; wait 6h 6 x", "deferred; wait 6h 7 x", "deferred; wait 6h 8 x",
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        begin("D", ENVOI_E_RECIPIENTS_REFUSED);
        job.attempt = (int64_t)i + 1;
        cr_expect_str_eq(plan_line(), lines[i], "attempt %zu: %s", i + 1, plan_line());
    }
    begin("N", ENVOI_E_CONNECT);
    job.attempt = 5;
    cr_expect_str_eq(plan_line(), "postponed; wait 1m 5 x");
}

static const struct time_row {
    const char *verdicts;
    int error;
    int64_t attempt, first, not_after; /* before and after NOW; 0: not set */
    const char *plan;
} time_rows[] = {
    {"D", ENVOI_E_RECIPIENTS_REFUSED, 1, 0, 61, "deferred; wait 1m 2 x"},
    {"D", ENVOI_E_RECIPIENTS_REFUSED, 1, 0, 59, "expired; dead expired 1 x"},
    {"D", ENVOI_E_RECIPIENTS_REFUSED, 3, 0, 600, "expired; dead expired 3 x"}, /* the next delay is longer */
    {"N", ENVOI_E_CONNECT, 3, 0, 600, "postponed; wait 1m 3 x"},
    {"N", ENVOI_E_CONNECT, 3, 0, 30, "expired; dead expired 3 x"},
    {"D", ENVOI_E_RECIPIENTS_REFUSED, 9, 3 * DAY, 0, "deferred; wait 6h 10 x"},
    {"D", ENVOI_E_RECIPIENTS_REFUSED, 9, 4 * DAY - 6 * 3600, 0, "deferred; wait 6h 10 x"},
    {"D", ENVOI_E_RECIPIENTS_REFUSED, 9, 4 * DAY - 6 * 3600 + 1, 0, "expired; dead expired 9 x"},
    {"N", ENVOI_E_CONNECT, 1, 4 * DAY, 0, "expired; dead expired 1 x"},
    {"AD", ENVOI_OK, 9, 5 * DAY, 0, "partial; dead expired 9 .x"},
    {"R", ENVOI_E_RECIPIENTS_REFUSED, 9, 5 * DAY, 0, "refused; dead refused 9 x"},
    {"U", ENVOI_E_UNKNOWN, 9, 5 * DAY, 0, "unknown; unknown unknown 9 x"},
};

Test(plan, expiry)
{
    for (size_t i = 0; i < sizeof time_rows / sizeof *time_rows; i++) {
        const struct time_row *row = &time_rows[i];

        begin(row->verdicts, row->error);
        job.attempt = row->attempt;
        job.first = row->first ? NOW - row->first : 0;
        job.not_after = row->not_after ? NOW + row->not_after : 0;
        cr_expect_str_eq(plan_line(), row->plan, "row %zu: %s", i, plan_line());
    }
    begin("A", 0);
    cr_expect_not(plan_is_expired(&job, NOW));
    job.not_after = NOW;
    cr_expect_not(plan_is_expired(&job, NOW));
    cr_expect(plan_is_expired(&job, NOW + 1));
}

Test(plan, first_and_last)
{
    struct plan plan;

    begin("D", ENVOI_E_RECIPIENTS_REFUSED);
    cr_assert_eq(plan_make(&facts, &plan), 0);
    cr_expect_eq(plan.copies[0].first, NOW);
    cr_expect_eq(plan.copies[0].last, NOW);
    plan_free(&plan);
    job.first = NOW - 100;
    job.last = NOW - 50;
    cr_assert_eq(plan_make(&facts, &plan), 0);
    cr_expect_eq(plan.copies[0].first, NOW - 100);
    cr_expect_eq(plan.copies[0].last, NOW);
    plan_free(&plan);
}

/* ---- jobs that were not sent ---- */

Test(plan, causes)
{
    begin("NN", ENVOI_OK);
    facts.cause = PLAN_POSTPONED;
    cr_expect_str_eq(plan_line(), "postponed; wait 1m 1 xx");
    facts.cause = PLAN_EXPIRED;
    cr_expect_str_eq(plan_line(), "expired; dead expired 1 xx");
    facts.cause = PLAN_PARKED;
    cr_expect_str_eq(plan_line(), "unknown; unknown unknown 1 xx");
    facts.cause = PLAN_POSTPONED;
    job.not_after = NOW + 10;
    cr_expect_str_eq(plan_line(), "expired; dead expired 1 xx");
}

/* ---- results ---- */

static const struct result_row {
    const char *verdicts;
    int error;
    int failures, all; /* is there a result? */
} result_rows[] = {
    {"A", ENVOI_OK, 0, 1},        {"AA", ENVOI_OK, 0, 1},
    {"AD", ENVOI_OK, 0, 1},       {"D", ENVOI_E_RECIPIENTS_REFUSED, 0, 1},
    {"AR", ENVOI_OK, 1, 1},       {"RD", ENVOI_E_RECIPIENTS_REFUSED, 1, 1},
    {"U", ENVOI_E_UNKNOWN, 1, 1}, {"N", ENVOI_E_CONTENT, 1, 1},
    {"N", ENVOI_E_CONNECT, 0, 0}, /* that was no attempt */
};

Test(plan, results)
{
    for (size_t i = 0; i < sizeof result_rows / sizeof *result_rows; i++) {
        const struct result_row *row = &result_rows[i];

        begin(row->verdicts, row->error);
        cr_expect_null(strstr(plan_line(), "+result"));
        job.results = JOB_RESULTS_FAILURES;
        cr_expect_eq(strstr(plan_line(), "+result") != NULL, row->failures, "row %zu, failures", i);
        job.results = JOB_RESULTS_ALL;
        cr_expect_eq(strstr(plan_line(), "+result") != NULL, row->all, "row %zu, all", i);
    }
}
