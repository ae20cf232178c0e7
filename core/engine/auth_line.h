/* SPDX-License-Identifier: MIT */
/* A login by hand: the application sends AUTH and its answers by docmd, under the rules for the mechanism's name. */
#ifndef ENGINE_AUTH_LINE_H
#define ENGINE_AUTH_LINE_H

struct engine;

/* Checks "NAME" or "NAME RESPONSE", and puts the command into e->line. ENVOI_OK; ENVOI_E_USAGE: it is something else;
 * ENVOI_E_NO_MECHANISM: the mechanism may not be used; or a failure of the registry. */
int auth_line_begin(struct engine *e, const char *arguments);
/* Puts the answer to a challenge into e->line. ENVOI_OK; ENVOI_E_USAGE: neither base64 nor "*"; ENVOI_E_MEMORY. */
int auth_line_answer(struct engine *e, const char *text);

#endif
