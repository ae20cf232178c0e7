/* SPDX-License-Identifier: MIT */
#include "worker/outcome.h"

#include "accounts/exit_code.h"
#include "accounts/text.h"
#include "worker/job.h"
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>

static int outcome_copy(const struct envoi_message *message, size_t index, struct outcome_verdict *verdict)
{
    verdict->verdict = envoi_message_verdict(message, index);
    verdict->code = envoi_message_verdict_code(message, index);
    verdict->phase = envoi_message_verdict_phase(message, index);
    (void)snprintf(verdict->enhanced, sizeof verdict->enhanced, "%s", envoi_message_verdict_enhanced(message, index));
    verdict->text = text_clean(envoi_message_verdict_reason(message, index), '\n');
    return verdict->text ? 0 : -1;
}

/* An outcome for so many recipients, whose verdicts are still to be filled in. */
static struct outcome *outcome_begin(size_t count, int error, const char *text)
{
    struct outcome *outcome = calloc(1, sizeof *outcome);

    if (!outcome)
        return NULL;
    outcome->error = error;
    outcome->text = text_clean(text, '\n');
    outcome->verdicts = calloc(count ? count : 1, sizeof *outcome->verdicts);
    if (!outcome->text || !outcome->verdicts) {
        outcome_free(outcome);
        return NULL;
    }
    outcome->count = count;
    return outcome;
}

struct outcome *outcome_new(const struct envoi_message *message, int error, const char *text)
{
    struct outcome *outcome = outcome_begin(envoi_message_recipients(message), error, text);
    int rc = 0;

    for (size_t i = 0; outcome && i < outcome->count; i++)
        rc = outcome_copy(message, i, &outcome->verdicts[i]) || rc ? -1 : 0;
    if (!rc)
        return outcome;
    outcome_free(outcome);
    return NULL;
}

struct outcome *outcome_same(const struct job *job, int verdict, int error, const char *text)
{
    struct outcome *outcome = outcome_begin(job->to_count, error, text);
    int rc = 0;

    for (size_t i = 0; outcome && i < outcome->count; i++) {
        outcome->verdicts[i].verdict = verdict;
        outcome->verdicts[i].text = text_clean(text, '\n');
        rc = !outcome->verdicts[i].text || rc;
    }
    if (!rc)
        return outcome;
    outcome_free(outcome);
    return NULL;
}

void outcome_free(struct outcome *outcome)
{
    if (!outcome)
        return;
    for (size_t i = 0; i < outcome->count; i++)
        free(outcome->verdicts[i].text);
    free(outcome->verdicts);
    free(outcome->text);
    free(outcome);
}

int outcome_is_answered(const struct outcome *outcome)
{
    for (size_t i = 0; i < outcome->count; i++)
        if (outcome->verdicts[i].verdict != ENVOI_VERDICT_NOT_ATTEMPTED)
            return 1;
    return 0;
}

/* ---- JSON ---- */

static json_t *outcome_row(const struct outcome_verdict *verdict, const char *address)
{
    return json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}", "address", address, "verdict",
                     envoi_verdict_name(verdict->verdict), "code", verdict->code, "enhanced", verdict->enhanced, "text",
                     verdict->text, "phase", verdict->phase ? envoi_phase_name(verdict->phase) : "");
}

json_t *outcome_verdicts(const struct outcome *outcome, const struct job *job, const unsigned char *keep)
{
    json_t *rows = json_array();

    for (size_t i = 0; rows && i < outcome->count; i++)
        if ((!keep || keep[i]) && json_array_append_new(rows, outcome_row(&outcome->verdicts[i], job->to[i].address))) {
            json_decref(rows);
            return NULL;
        }
    return rows;
}

static const char *outcome_word(const struct outcome *outcome)
{
    struct tally tally = {0};
    size_t *const counts[] = {
        [ENVOI_VERDICT_NOT_ATTEMPTED] = &tally.not_attempted,
        [ENVOI_VERDICT_ACCEPTED] = &tally.accepted,
        [ENVOI_VERDICT_DEFERRED] = &tally.deferred,
        [ENVOI_VERDICT_REFUSED] = &tally.refused,
        [ENVOI_VERDICT_UNKNOWN] = &tally.unknown,
    };

    for (size_t i = 0; i < outcome->count; i++)
        ++*counts[outcome->verdicts[i].verdict];
    return exit_code_word(exit_code_of_send(outcome->error, ENVOI_PHASE_NONE, 0, &tally));
}

json_t *outcome_result(const struct outcome *outcome, const struct job *job, const char *account, const char *next)
{
    json_t *verdicts = outcome_verdicts(outcome, job, NULL);
    json_t *result = verdicts ? json_pack("{s:s, s:s, s:I, s:s, s:s, s:o}", "id", job->id, "account", account,
                                          "attempt", (json_int_t)job->attempt, "next", next, "result",
                                          outcome_word(outcome), "recipients", verdicts)
                              : NULL;
    int rc = 0;

    if (result && outcome->error)
        rc = json_object_set_new(
            result, "error", json_pack("{s:s, s:s}", "name", envoi_error_name(outcome->error), "text", outcome->text));
    if (result && job->meta)
        rc = rc || json_object_set(result, "meta", job->meta) ? -1 : 0;
    if (rc) {
        json_decref(result);
        return NULL;
    }
    return result;
}
