/* SPDX-License-Identifier: MIT */
#include "message/verdict.h"

#include "base/mem.h"
#include "base/text.h"

#include <envoi/session.h>
#include <stdio.h>
#include <string.h>

/* ---- of a recipient ---- */

int envoi_message_verdict(const struct envoi_message *message, size_t index)
{
    const struct recipient *r = message_recipient(message, index);

    return r ? r->verdict : ENVOI_VERDICT_NOT_ATTEMPTED;
}

int envoi_message_verdict_code(const struct envoi_message *message, size_t index)
{
    const struct recipient *r = message_recipient(message, index);

    return r ? r->code : 0;
}

const char *envoi_message_verdict_enhanced(const struct envoi_message *message, size_t index)
{
    const struct recipient *r = message_recipient(message, index);

    return r ? r->enhanced : "";
}

const char *envoi_message_verdict_reason(const struct envoi_message *message, size_t index)
{
    const struct recipient *r = message_recipient(message, index);

    return r ? recipient_reason(r) : "";
}

int envoi_message_verdict_phase(const struct envoi_message *message, size_t index)
{
    const struct recipient *r = message_recipient(message, index);

    return r ? r->phase : 0;
}

const char *envoi_message_verdict_text(struct envoi_message *message, size_t index)
{
    struct recipient *r = message_recipient(message, index);
    const char *reason = envoi_message_verdict_reason(message, index);
    char code[8] = "";
    size_t room;

    if (!r)
        return NULL;
    if (r->code)
        (void)snprintf(code, sizeof code, "%d ", r->code);
    room = strlen(address_path(&r->address)) + strlen(reason) + sizeof r->enhanced + 64;
    mem_free(r->line);
    if (!(r->line = mem_alloc(room)))
        return NULL;
    (void)snprintf(r->line, room, "%s: %s%s%s%s%s%s", address_path(&r->address), envoi_verdict_name(r->verdict),
                   r->code || *reason ? ": " : "", code, r->enhanced, *r->enhanced ? " " : "", reason);
    text_make_printable(r->line, strlen(r->line), "");
    return r->line;
}

const char *envoi_verdict_name(int verdict)
{
    static const char *const names[] = {"not attempted", "accepted", "deferred", "refused", "unknown"};

    return verdict >= 0 && verdict < (int)(sizeof names / sizeof names[0]) ? names[verdict] : "?";
}

/* ---- of a message ---- */

/* seen: how many of `count` recipients have each verdict. */
static int verdict_sum(const size_t *seen, size_t count)
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
    return verdict_sum(seen, message->count);
}

int verdict_of_transaction(const struct envoi_message *m)
{
    size_t seen[ENVOI_VERDICT_UNKNOWN + 1] = {0};

    for_each_due (m, i)
        seen[m->recipients[i].verdict]++;
    return verdict_sum(seen, m->due_count);
}

int verdict_of_send(const struct envoi_message *m)
{
    return m->pooled ? verdict_of_transaction(m) : envoi_message_result(m);
}

/* The codes of a message that is refused, by the phase of the verdict that says so. */
static const struct {
    int phase, code;
} refusals[] = {
    {ENVOI_PHASE_MAIL, ENVOI_E_SENDER_REFUSED}, {ENVOI_PHASE_RCPT, ENVOI_E_RECIPIENTS_REFUSED},
    {ENVOI_PHASE_DATA, ENVOI_E_DATA},           {ENVOI_PHASE_CONTENT, ENVOI_E_DATA},
    {ENVOI_PHASE_FINAL, ENVOI_E_DATA},
};

static const struct recipient *verdict_first(const struct envoi_message *m, int verdict)
{
    for_each_due (m, i)
        if (m->recipients[i].verdict == verdict)
            return &m->recipients[i];
    return NULL;
}

bool verdict_tell_both(const struct envoi_message *m, char *text, size_t room)
{
    const struct recipient *good = verdict_first(m, ENVOI_VERDICT_REFUSED),
                           *now = verdict_first(m, ENVOI_VERDICT_DEFERRED);

    if (!good || !now)
        return false;
    (void)snprintf(text, room, "<%.64s> for good (%d %.100s) and <%.64s> for now (%d %.100s)",
                   address_path(&good->address), good->code, recipient_reason(good), address_path(&now->address),
                   now->code, recipient_reason(now));
    return true;
}

bool verdict_is_refusal(int code)
{
    bool found = code == ENVOI_E_TOO_LARGE;

    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        found = found || refusals[i].code == code;
    return found;
}

static int verdict_refusal(int phase)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++)
        if (refusals[i].phase == phase)
            return refusals[i].code;
    return ENVOI_E_DATA;
}

/* The code of a refused message. A 421 is both a refusal and the end of the connection: as a verdict it counts as the
 * refusal. If the connection was lost without one before all were asked, that is the failure: another try may reach the
 * others. */
static int verdict_of_refused(const struct envoi_message *m, int failure)
{
    for (size_t i = 0; i < m->count && !verdict_is_refusal(failure); i++)
        if (m->recipients[i].verdict == ENVOI_VERDICT_DEFERRED && m->recipients[i].code == 421)
            return verdict_refusal(m->recipients[i].phase);
    return failure ? failure : ENVOI_E_DISCONNECTED;
}

int verdict_result(const struct envoi_message *m, int result, int failure)
{
    switch (result) {
    case ENVOI_RESULT_UNKNOWN:
        return ENVOI_E_UNKNOWN;
    case ENVOI_RESULT_SENT:
    case ENVOI_RESULT_PARTIAL:
        return ENVOI_OK;
    case ENVOI_RESULT_REFUSED:
        return verdict_of_refused(m, failure);
    default:
        /* a refusal that ended the connection is that of another message */
        return failure && !verdict_is_refusal(failure) ? failure : ENVOI_E_DISCONNECTED;
    }
}

void verdict_not_attempted(struct envoi_message *m, int phase, const char *why)
{
    struct reason *reason = reason_new(m, why);

    for (size_t i = 0; i < m->count; i++) {
        struct recipient *r = &m->recipients[i];

        if (r->verdict != ENVOI_VERDICT_NOT_ATTEMPTED)
            continue;
        r->pending = false;
        r->phase = phase;
        recipient_set_reason(r, reason);
    }
    reason_drop(reason);
}

void verdict_not_all(struct envoi_message *m)
{
    verdict_not_attempted(m, ENVOI_PHASE_RCPT, "not every recipient was accepted");
}

void verdict_not_begun(struct envoi_message *const *messages, size_t count, const char *why)
{
    for (size_t i = 0; messages && i < count; i++) {
        struct envoi_message *m = messages[i];

        if (!m || message_is_busy(m))
            continue;
        message_begin(m);
        verdict_not_attempted(m, ENVOI_PHASE_NONE, why);
    }
}

const char *envoi_result_name(int result)
{
    static const char *const names[] = {"not sent", "sent", "partial", "refused", "unknown"};

    return result >= 0 && result < (int)(sizeof names / sizeof names[0]) ? names[result] : "?";
}
