/* SPDX-License-Identifier: MIT */
/* The step that makes a message. */
#ifndef DIALOGUE_LETTER_H
#define DIALOGUE_LETTER_H

#include "player.h"

/* The content that the indented lines of the current step make: "| text" is a line, "raw OCTETS" are octets. False if
 * there is another word among them. */
bool letter_content(struct player *p, struct bytes *out);
void step_message(struct player *p, const char *rest);

#endif
