/* SPDX-License-Identifier: MIT */
/* A login (RFC 4954): the exchange with one mechanism. auth_pick.h chooses the mechanism; cmd_auth.c has the
 * commands. */
#ifndef ENGINE_AUTH_H
#define ENGINE_AUTH_H

#include "engine/auth_state.h"

void auth_init(struct auth *a);
/* Frees the mechanism's context. */
void auth_drop(struct auth *a);
/* Ends an exchange and wipes it. The name and plugin of the last login stay known. */
void auth_end(struct auth *a);
/* Frees the security layer and the names, too. */
void auth_free(struct auth *a);

/* The connection, or a 4yz, ends a login that had failed before: puts that reason into *why, before its text. */
void auth_explain_end(const struct engine *e, struct envoi_errctx *why);
/* Is this reply of no interest? One to `*`; and after a refusal all but another one, or success. */
bool auth_is_decided(const struct engine *e, const struct envoi_reply *reply);

/* A mechanism was tried, with the code of its refusal, or passed over, with 0. */
void auth_note_tried(struct auth *a, int code);
/* Begins a login as the verb asks for it; see engine_login(). ENVOI_OK; ENVOI_E_USAGE: not the name of a mechanism. */
int auth_ask(struct auth *a, const char *mechanism, envoi_auth_fn *step, void *ctx, bool safe);
/* The mechanisms that the server announces; "": none. */
const char *auth_announced(const struct engine *e);
/* Fills a->params for the present state of the connection. ENVOI_OK or ENVOI_E_MEMORY. */
int auth_params(struct engine *e);
/* Takes one step. a->in is used if first is false; the response is then in a->out. Returns as envoi_mechanism::step. */
int auth_step(struct engine *e, bool first);
/* After the 235: puts the mechanism's security layer on the stack, if it has one. ENVOI_OK; ENVOI_E_AUTH: it is weaker
 * than min_ssf; or the mechanism's failure. */
int auth_layer(struct engine *e);

#endif
