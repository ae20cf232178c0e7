/* SPDX-License-Identifier: MIT */
/* envoi compose: makes a message of a text and files. It goes through every server: its lines are short, and it is
 * 7-bit. */
#ifndef COMPOSE_COMPOSE_H
#define COMPOSE_COMPOSE_H

#include <stddef.h>

struct list {
    const char **items;
    size_t count;
};

struct arguments {
    int help, version, downgrade;
    const char *from, *subject, *body;
    struct list to, cc, attach;
    const char *operand; /* the text, or with --downgrade the message; NULL: standard input */
};

/* Each writes the message to standard output. Returns 0, or an exit code after an error was printed. */
int compose_message(const struct arguments *arguments);
/* Reads a message and encodes its 8-bit parts, one by one, so that it is 7-bit. A part that is signed is an error, as
 * the signature would break. */
int compose_downgrade(const struct arguments *arguments);

/* Reads all of a file; NULL or "-": standard input. If that fails, prints the error and returns NULL. The caller
 * frees. */
char *compose_read(const char *path, size_t *len);

#endif
