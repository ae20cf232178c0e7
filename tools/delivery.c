/* SPDX-License-Identifier: MIT */
#include "delivery.h"

#include "accounts/exit_code.h"
#include "accounts/moment.h"
#include <envoi/envoi.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The options that are set say so here, too, if they cannot be. */
#define SECONDS_ARE   "it is a whole number of seconds, from 1 to 999999999"
#define DELIVER_BY_IS SECONDS_ARE ", with :return or :trace behind it if you like"
#define TIME_IS       "it is a time such as 2026-12-01T08:00:00Z or 2026-12-01T09:00:00+01:00"
#define PRIORITY_IS   "it is a whole number from -9 to 9"

static int delivery_refuse(struct fault *fault, const char *option, const char *value, const char *what)
{
    return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "--%s %s: %s", option, value, what);
}

/* Reads a decimal number at the head of a text. Returns what is behind it, or NULL if there is none. */
static const char *number_at(const char *text, long long *number)
{
    size_t sign = *text == '-' || *text == '+', digits = strspn(text + sign, "0123456789");
    char *end;

    if (!digits || digits > 9)
        return NULL;
    *number = strtoll(text, &end, 10);
    return end;
}

/* "120", "120:return", "120:trace" or "120:return:trace". Without :return the message is delivered later, too. */
static int set_deliver_by(struct envoi_message *message, const char *value, struct fault *fault)
{
    long long seconds = 0;
    const char *rest = number_at(value, &seconds);
    int mode = ENVOI_DELIVER_BY_NOTIFY, trace = 0;

    if (rest && !strncmp(rest, ":return", strlen(":return"))) {
        mode = ENVOI_DELIVER_BY_RETURN;
        rest += strlen(":return");
    }
    if (rest && !strcmp(rest, ":trace")) {
        trace = 1;
        rest = "";
    }
    if (!rest || *rest || seconds < 1 || envoi_message_set_deliver_by(message, seconds, mode, trace))
        return delivery_refuse(fault, "deliver-by", value, DELIVER_BY_IS);
    return 0;
}

static int set_hold_for(struct envoi_message *message, const char *value, struct fault *fault)
{
    long long seconds = 0;
    const char *rest = number_at(value, &seconds);

    if (!rest || *rest || seconds < 1 || envoi_message_set_hold_for(message, seconds))
        return delivery_refuse(fault, "hold-for", value, SECONDS_ARE);
    return 0;
}

static int set_hold_until(struct envoi_message *message, const char *value, struct fault *fault)
{
    int64_t when;

    if (!moment_read(value, &when) || when <= 0 || envoi_message_set_hold_until(message, when))
        return delivery_refuse(fault, "hold-until", value, TIME_IS);
    return 0;
}

static int set_mt_priority(struct envoi_message *message, const char *value, struct fault *fault)
{
    long long priority = 0;
    const char *rest = number_at(value, &priority);

    if (!rest || *rest || priority < -9 || priority > 9 || envoi_message_set_mt_priority(message, (int)priority))
        return delivery_refuse(fault, "mt-priority", value, PRIORITY_IS);
    return 0;
}

static int set_submitter(struct envoi_message *message, const char *value, struct fault *fault)
{
    int error = envoi_message_set_submitter(message, value);

    return error ? fault_from_message(fault, "--submitter", message, error) : 0;
}

static int set_long_lines(struct envoi_message *message, const char *value, struct fault *fault)
{
    static const char *const words[] = {
        [ENVOI_LONG_LINES_PASS] = "pass", [ENVOI_LONG_LINES_REFUSE] = "refuse", [ENVOI_LONG_LINES_TELL] = "warn"};

    for (int i = ENVOI_LONG_LINES_PASS; i <= ENVOI_LONG_LINES_TELL; i++)
        if (!strcmp(value, words[i])) {
            int error = envoi_message_set_long_lines(message, i);

            return error ? fault_from_message(fault, "--long-lines", message, error) : 0;
        }
    return delivery_refuse(fault, "long-lines", value, "it is one of pass, refuse, warn");
}

int delivery_set(struct envoi_message *message, const struct options *options, struct fault *fault)
{
    const struct {
        const char *value;
        int (*set)(struct envoi_message *, const char *value, struct fault *);
    } wishes[] = {
        {options->deliver_by, set_deliver_by}, {options->hold_for, set_hold_for},
        {options->hold_until, set_hold_until}, {options->mt_priority, set_mt_priority},
        {options->submitter, set_submitter},   {options->long_lines, set_long_lines},
    };
    int rc = 0;

    if (options->hold_for && options->hold_until)
        return fault_set(fault, EXIT_USAGE, ENVOI_E_USAGE, "--hold-for and --hold-until exclude one another");
    for (size_t i = 0; !rc && i < sizeof wishes / sizeof *wishes; i++)
        if (wishes[i].value)
            rc = wishes[i].set(message, wishes[i].value, fault);
    return rc;
}

int delivery_set_recipient(struct envoi_message *message, size_t index, const struct options *options,
                           struct fault *fault)
{
    int64_t since;

    if (!options->valid_since)
        return 0;
    if (!moment_read(options->valid_since, &since) || since <= 0 ||
        envoi_message_set_recipient_valid_since(message, index, since, ENVOI_RRVS_UNSAID))
        return delivery_refuse(fault, "valid-since", options->valid_since, TIME_IS);
    return 0;
}
