/* SPDX-License-Identifier: MIT */
/* What became of a message: its verdicts, counted and in words. */
#ifndef TOOL_OUTCOME_H
#define TOOL_OUTCOME_H

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include <stddef.h>

struct envoi_message;

/* Counts the verdicts. */
void outcome_tally(const struct envoi_message *message, struct tally *tally);
/* After a refusal, takes the reply from the verdicts: the session's last reply may be another one (of RSET, say). */
void outcome_complete_fault(const struct envoi_message *message, struct fault *fault);

/* Describes the verdicts in a line: how many were accepted, and of each other kind one recipient with the reply. */
void outcome_summary(struct envoi_message *message, char *text, size_t cap);

#endif
