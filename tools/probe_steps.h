/* SPDX-License-Identifier: MIT */
/* What a probe does after it has looked at the server, for people who test servers: it logs in, begins a transaction,
 * and ends, politely or not, where it was told to. It never delivers a message. */
#ifndef TOOL_PROBE_STEPS_H
#define TOOL_PROBE_STEPS_H

#include "fault.h"
#include "login.h"
#include "options.h"
#include <jansson.h>

struct envoi_session;

/* In the order of a session. A probe that is not told goes to STARTTLS. */
enum probe_step {
    PROBE_GREETING,
    PROBE_EHLO,
    PROBE_STARTTLS,
    PROBE_AUTH,
    PROBE_MAIL,
    PROBE_RCPT,
    PROBE_DATA,
    PROBE_CONTENT,
};

/* The last step, and how the probe ends behind it. */
struct probe_end {
    enum probe_step last;
    int drop; /* 1: the connection is closed without QUIT */
};

/* Reads --stop-after and --drop-after. Returns 0, or EXIT_USAGE with *fault filled. */
int probe_end_read(const struct options *options, const struct values *values, struct probe_end *end,
                   struct fault *fault);
/* Takes the steps from AUTH to the last. Adds the replies to the array `steps`. A reply that refuses ends them, with
 * its exit code. Returns 0, or an exit code with *fault filled. */
int probe_steps_take(enum probe_step last, const struct options *options, const struct values *values,
                     const char *server, struct envoi_session *session, json_t *steps, struct fault *fault);

#endif
