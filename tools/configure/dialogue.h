/* SPDX-License-Identifier: MIT */
/* Questions to the person at the terminal. */
#ifndef CONFIGURE_DIALOGUE_H
#define CONFIGURE_DIALOGUE_H

#include <stddef.h>

/* Are standard input and output a terminal? */
int dialogue_is_possible(void);
/* Prints a question, reads a line, and cuts its end off. Returns 0, or -1 at the end of input or if it is too long. */
int dialogue_ask(const char *question, char *answer, size_t size);
/* Asks a question that is answered by yes or no; anything but yes is no. */
int dialogue_agrees(const char *question);

#endif
