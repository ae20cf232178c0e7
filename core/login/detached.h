/* SPDX-License-Identifier: MIT */
/* An exchange whose steps may block, in the non-blocking face. Each step is taken on another thread (see
 * login_env::run_detached), while the login's owner goes on or is even freed. So everything that a step may touch is in
 * here: parameters, channel bindings and credentials are copied. If a step needs a credential that is not here yet, it
 * ends with AGAIN; the login then asks the application, and the step is taken once more. */
#ifndef LOGIN_DETACHED_H
#define LOGIN_DETACHED_H

#include "base/fault.h"

#include <envoi/plugin.h>
#include <stdbool.h>

struct detached;
struct login;

/* For the mechanism of *l, with l->params. ENVOI_OK or ENVOI_E_MEMORY. */
int detached_new(struct login *l, struct detached **out);
/* The login is over, the mechanism's security layer stays: wipes the memory that only steps need. NULL is a no-op. */
void detached_wipe(struct detached *d);
/* Gives it up. The mechanism's context is freed now, or when a running step has ended. NULL is a no-op. */
void detached_free(struct detached *d);

/* The parameters for the mechanism, in place of the login's. */
const struct envoi_mech_params *detached_params(const struct detached *d);
/* Takes over the mechanism's context. */
void detached_adopt(struct detached *d, void *ctx);

/* Begins a step of *l, or takes its result, without waiting. Returns as exchange_step() does; ENVOI_E_AGAIN: the step
 * is running, or waits for a credential (see detached_runs()). */
int detached_step(struct login *l, bool first);
/* Is a step running? False after ENVOI_E_AGAIN: it waits for a credential. NULL: false. */
bool detached_runs(const struct detached *d);

/* Moves the mechanism's failure, if it reported one, to `fault`. NULL is a no-op: a mechanism whose steps are taken
 * here has reported there itself. */
void detached_report(struct detached *d, struct envoi_errctx *fault);

#endif
