/* SPDX-License-Identifier: MIT */
/* An exchange whose steps may block, in the non-blocking face. Each step is taken on another thread (see
 * engine_env::run_detached), while the engine goes on or is even freed. So everything that a step may touch is in here:
 * parameters, channel bindings and credentials are copied. If a step needs a credential that is not here yet, it ends
 * with AGAIN; the engine then asks the application, and the step is taken once more. */
#ifndef ENGINE_DETACHED_H
#define ENGINE_DETACHED_H

#include "base/fault.h"

#include <envoi/plugin.h>
#include <stdbool.h>

struct detached;
struct engine;

/* For the mechanism of e->auth, with e->auth.params. ENVOI_OK or ENVOI_E_MEMORY. */
int detached_new(struct engine *e, struct detached **out);
/* The login is over, the mechanism's security layer stays: wipes the memory that only steps need. NULL is a no-op. */
void detached_wipe(struct detached *d);
/* Gives it up. The mechanism's context is freed now, or when a running step has ended. NULL is a no-op. */
void detached_free(struct detached *d);

/* The parameters for the mechanism, in place of the engine's. */
const struct envoi_mech_params *detached_params(const struct detached *d);
/* Takes over the mechanism's context. */
void detached_adopt(struct detached *d, void *ctx);

/* Begins a step of e->auth, or takes its result, without waiting. Returns as auth_step() does; ENVOI_E_AGAIN: the step
 * is running, or waits for a credential (see detached_runs()). */
int detached_step(struct engine *e, bool first);
/* Is a step running? False after ENVOI_E_AGAIN: it waits for a credential. NULL: false. */
bool detached_runs(const struct detached *d);

/* Moves the mechanism's failure, if it reported one, to `fault`. NULL is a no-op: a mechanism whose steps are taken
 * here has reported there itself. */
void detached_report(struct detached *d, struct envoi_errctx *fault);

#endif
