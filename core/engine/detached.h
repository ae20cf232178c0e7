/* SPDX-License-Identifier: MIT */
/* An exchange whose steps may block, in the non-blocking face: each step is taken on a thread of the driver's, and the engine
 * goes on meanwhile, or is gone before the step is over. So everything that a step may touch is here and nothing of it in the
 * engine: parameters, channel bindings and credentials are brought along. A credential that is not there yet is noted, the
 * step ends with AGAIN as if the application had to be waited for, the engine asks for it, and the step is taken once more. */
#ifndef ENGINE_DETACHED_H
#define ENGINE_DETACHED_H

#include "base/fault.h"

#include <envoi/plugin.h>
#include <stdbool.h>

struct apart;
struct engine;

/* For the mechanism of e->auth, under e->auth.params. ENVOI_OK or ENVOI_E_MEMORY. */
int apart_new(struct engine *e, struct apart **out);
/* The login is over, but the mechanism's security layer stays: wipes what only steps need. NULL: nothing. */
void apart_rest(struct apart *p);
/* Nobody waits for it any more. What the mechanism made is freed, now or when the step is over; NULL: nothing. */
void apart_free(struct apart *p);

/* What the mechanism is given instead of the engine's. */
const struct envoi_mech_params *apart_params(const struct apart *p);
/* What it made of it belongs to p from now on. */
void apart_adopt(struct apart *p, void *ctx);

/* Carries a step of e->auth on, without waiting. As auth_step(); ENVOI_E_AGAIN: see apart_runs(). */
int apart_step(struct engine *e, bool first);
/* Is a step under way (else a credential is waited for)? */
bool apart_runs(const struct apart *p);

/* Moves what the mechanism told of a failure to where failures of the engine are told, if it told any; p NULL: it was told
 * there. */
void apart_tell(struct apart *p, struct envoi_errctx *fault);

#endif
