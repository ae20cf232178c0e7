/* SPDX-License-Identifier: MIT */
/* The choice of a mechanism: announced AND available AND allowed, in the application's order or the strongest first. */
#ifndef LOGIN_PICK_H
#define LOGIN_PICK_H

struct login;

/* The mechanisms that the server announces; "": none. */
const char *pick_announced(const struct login *l);
/* Finds the next mechanism and opens an exchange. ENVOI_OK; ENVOI_E_END: none is left; ENVOI_E_PLUGIN;
 * ENVOI_E_MEMORY. */
int pick_next(struct login *l);
/* May the application itself speak l->name here? ENVOI_OK; ENVOI_E_NO_MECHANISM; or a failure of the registry. */
int pick_check_name(struct login *l);
/* A mechanism was tried, with the code of its refusal, or passed over, with 0. */
void pick_note_tried(struct login *l, int code);
/* Notes why the present provider of l->name cannot be used, for the text of ENVOI_E_NO_MECHANISM. Of several providers
 * of one name only the first one's reason is noted. */
void pick_pass_over(struct login *l, const char *why);
/* After a refusal: sets l->left to the names that would be tried if the application named them. */
void pick_find_left(struct login *l);

#endif
