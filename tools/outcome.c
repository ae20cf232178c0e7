/* SPDX-License-Identifier: MIT */
#include "outcome.h"

#include <envoi/envoi.h>
#include <stdio.h>
#include <string.h>

void outcome_tally(const struct envoi_message *message, struct tally *tally)
{
    size_t counts[ENVOI_VERDICT_UNKNOWN + 1] = {0};
    size_t count = envoi_message_recipients(message);

    for (size_t i = 0; i < count; i++) {
        int verdict = envoi_message_verdict(message, i);

        counts[verdict >= 0 && verdict <= ENVOI_VERDICT_UNKNOWN ? verdict : ENVOI_VERDICT_UNKNOWN]++;
    }
    *tally = (struct tally){
        .accepted = counts[ENVOI_VERDICT_ACCEPTED],
        .deferred = counts[ENVOI_VERDICT_DEFERRED],
        .refused = counts[ENVOI_VERDICT_REFUSED],
        .unknown = counts[ENVOI_VERDICT_UNKNOWN],
        .not_attempted = counts[ENVOI_VERDICT_NOT_ATTEMPTED],
    };
}

void outcome_complete_fault(const struct envoi_message *message, struct fault *fault)
{
    size_t count = envoi_message_recipients(message);

    if (envoi_error_class(fault->error) != ENVOI_CLASS_REFUSED)
        return;
    for (size_t i = 0; i < count; i++) {
        int code = envoi_message_verdict_code(message, i);

        if (code < 400 || envoi_message_verdict_phase(message, i) != fault->phase)
            continue;
        fault->code = code;
        snprintf(fault->enhanced, sizeof fault->enhanced, "%s", envoi_message_verdict_enhanced(message, i));
        return;
    }
}

/* Appends "; x@y: refused: 550 5.1.1 who?, and 2 more". */
static void outcome_add(struct envoi_message *message, int verdict, char *text, size_t cap)
{
    size_t count = envoi_message_recipients(message), first = count, found = 0;
    size_t len = strlen(text);

    for (size_t i = count; i-- > 0;)
        if (envoi_message_verdict(message, i) == verdict) {
            first = i;
            found++;
        }
    if (found)
        len += (size_t)snprintf(text + len, cap - len, "; %.400s", envoi_message_verdict_text(message, first));
    if (found > 1)
        snprintf(text + len, cap - len, ", and %zu more", found - 1);
}

void outcome_summary(struct envoi_message *message, char *text, size_t cap)
{
    static const int kinds[] = {ENVOI_VERDICT_REFUSED, ENVOI_VERDICT_DEFERRED, ENVOI_VERDICT_NOT_ATTEMPTED};
    struct tally tally;

    outcome_tally(message, &tally);
    snprintf(text, cap, "accepted for %zu of %zu recipients", tally.accepted, envoi_message_recipients(message));
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        outcome_add(message, kinds[i], text, cap);
}
