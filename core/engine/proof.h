/* SPDX-License-Identifier: MIT */
/* Does the server know BDAT, and discard the chunk of a BDAT that it refuses? Content goes by BDAT, ahead of replies to
 * RCPT, only after that was proved: a server that does not discard it reads the content as commands.
 *
 * The first message goes by DATA. When another follows, the proof (cmd_proof.c) goes out alone before it. A server that
 * fails closes the connection or is out of step. Nothing was under way, so the messages stay in the queue, and the
 * driver connects again for them (engine_wants_connection()). */
#ifndef ENGINE_PROOF_H
#define ENGINE_PROOF_H

#include <stdbool.h>
#include <stdint.h>

struct engine;
struct envoi_message;

/* After a reply to EHLO or LHLO: looks up the proof of a server that said the same. ENVOI_OK or ENVOI_E_MEMORY. */
int proof_hear(struct engine *e);
/* May the proof go out on this connection? */
bool proof_is_open(const struct engine *e);
/* Must it go out before this message? */
bool proof_is_wanted(const struct engine *e, const struct envoi_message *m);
/* Looks again: another connection may have proved it meanwhile. */
void proof_recall(struct engine *e);
/* ENGINE_PROOF_*: for this connection, and remembered for later ones. */
void proof_set(struct engine *e, int proof);
/* A reply casts doubt on it: it counts no more. level: ENVOI_LOG_*. */
void proof_strike(struct engine *e, uint32_t level, const char *why);

#endif
