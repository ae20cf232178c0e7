/* SPDX-License-Identifier: MIT */
/* A failure, as it is reported to the user: the exit code, the error, and a line of text that says what is wrong,
 * where, and what to do. The programs that use accounts/ have the same struct. */
#ifndef ACCOUNTS_FAULT_H
#define ACCOUNTS_FAULT_H

#include <stddef.h>

struct fault {
    int exit;  /* EXIT_* of exit_code.h; 0: no failure */
    int error; /* ENVOI_E_* */
    int phase;
    int code; /* of the reply, 0: none */
    char enhanced[16];
    char mechanism[24]; /* after a refused login: one that may be tried by name, or "" */
    char text[2048];
};

/* Stores a failure. Returns `exit`. */
int fault_set(struct fault *fault, int exit, int error, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Stores that memory ran out. Returns the exit code. */
int fault_memory(struct fault *fault);

/* Returns `room`, with the text in quotes: its first 60 octets or so, with "..." behind them if there were more. It is
 * not cleaned. */
#define TEXT_QUOTED 72
const char *text_quote(const char *text, char room[TEXT_QUOTED]);
/* Marks a text that snprintf(text, cap) has cut, with result `n`: "..." at its end. */
void text_mark_cut(char *text, size_t cap, int n);

#endif
