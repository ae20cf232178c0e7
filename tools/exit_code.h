/* SPDX-License-Identifier: MIT */
/* What the program ends with: sysexits.h where that has a number, and two of its own. */
#ifndef TOOL_EXIT_CODE_H
#define TOOL_EXIT_CODE_H

#include <stddef.h>

enum exit_code {
    EXIT_SENT = 0,        /* to all recipients */
    EXIT_USAGE = 64,      /* a wrong command line */
    EXIT_DATA = 65,       /* a bad address, content that may not be sent */
    EXIT_NO_HOST = 68,    /* the host name has no address */
    EXIT_REFUSED = 69,    /* refused for good (5yz) */
    EXIT_LOCAL = 71,      /* out of memory, a system call failed */
    EXIT_CONNECTION = 74, /* no connection, a lost one, a deadline passed */
    EXIT_DEFERRED = 75,   /* refused for now (4yz) */
    EXIT_PROTOCOL = 76,   /* protocol, TLS or plugin failure */
    EXIT_LOGIN = 77,      /* no login */
    EXIT_CONFIG = 78,     /* a file that the options name cannot be used, or no password is to be had */
    EXIT_PARTIAL = 80,    /* at least one recipient accepted, at least one not */
    EXIT_UNKNOWN = 81,    /* it may have been delivered */
};

/* How many recipients got which verdict. */
struct tally {
    size_t accepted, deferred, refused, unknown, not_attempted;
};

/* For one ENVOI_E_*, the phase it happened in, and the reply code that caused it (0: none). */
int exit_code_of_error(int error, int phase, int reply);
/* For a send: its result, phase and reply code as above, and the verdicts. */
int exit_code_of_send(int error, int phase, int reply, const struct tally *tally);
/* The word `result` of --json: "sent", "partial", "refused", "unknown" or "error". */
const char *exit_code_word(int exit);

#endif
