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
/* Hands the server's ticket for resuming the session to the driver, once, if there is one. */
void tls_keep_ticket(struct engine *e);

#endif
