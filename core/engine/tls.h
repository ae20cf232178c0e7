/* SPDX-License-Identifier: MIT */
/* TLS of a connection: from the settings and the peer to a layer on the stack. */
#ifndef ENGINE_TLS_H
#define ENGINE_TLS_H

struct engine;

/* Finds the transport plugin and its context. Called before STARTTLS goes out, so that nothing is lost if there is
 * none. ENVOI_OK, or a failure that is reported to the fault. */
int tls_choose(struct engine *e);
/* Puts the chosen TLS on the stack. ENVOI_OK, or a failure that is reported to the fault. */
int tls_begin(struct engine *e);
/* After the handshake: has the plugin verified as much as was asked for? ENVOI_OK, or a failure that is reported to the
 * fault, after which nothing may be sent. */
int tls_accept(struct engine *e);
/* The result of verification, for the trace. */
const char *tls_verdict(const struct engine *e);
/* The means of verification: see envoi_session_tls_verified_by(). */
const char *tls_verified_by(const struct engine *e);
/* Hands the server's ticket for resuming the session to the driver, once, if there is one. */
void tls_keep_ticket(struct engine *e);

#endif
