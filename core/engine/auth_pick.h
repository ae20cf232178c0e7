/* SPDX-License-Identifier: MIT */
/* The choice of a mechanism: announced AND available AND allowed, in the application's order or the strongest first. */
#ifndef ENGINE_AUTH_PICK_H
#define ENGINE_AUTH_PICK_H

struct engine;
struct auth;

/* Finds the next mechanism and opens an exchange. ENVOI_OK; ENVOI_E_END: none is left; ENVOI_E_PLUGIN;
 * ENVOI_E_MEMORY. */
int auth_pick(struct engine *e);
/* May the application itself speak a->name here? ENVOI_OK; ENVOI_E_NO_MECHANISM; or a failure of the registry. */
int auth_check_name(struct engine *e);
/* Notes why the present provider of a->name cannot be used, for the text of ENVOI_E_NO_MECHANISM. Of several providers
 * of one name only the first one's reason is noted. */
void auth_pass_over(struct auth *a, const char *why);
/* After a refusal: sets a->left to the names that would be tried if the application named them. */
void auth_find_left(struct engine *e);

#endif
