/* SPDX-License-Identifier: MIT */
/* The exit codes: those of sysexits.h, and two that it does not have. */
#ifndef ACCOUNTS_EXIT_CODE_H
#define ACCOUNTS_EXIT_CODE_H

#include <stddef.h>

enum exit_code {
    EXIT_SENT = 0,        /* accepted for all recipients */
    EXIT_USAGE = 64,      /* a wrong command line */
    EXIT_DATA = 65,       /* a bad address, content that may not be sent */
    EXIT_NO_HOST = 68,    /* the host name has no address */
    EXIT_REFUSED = 69,    /* refused for good (5yz) */
    EXIT_LOCAL = 71,      /* out of memory, a system call failed */
    EXIT_CONNECTION = 74, /* no connection, connection lost, deadline passed */
    EXIT_DEFERRED = 75,   /* refused for now (4yz), or the host cannot be looked up now */
    EXIT_PROTOCOL = 76,   /* protocol, TLS or plugin failure */
    EXIT_LOGIN = 77,      /* the login failed */
    EXIT_CONFIG = 78,     /* a file named by an option cannot be used, or there is no password */
    EXIT_PARTIAL = 80,    /* accepted for some recipients, but not for all */
    EXIT_UNKNOWN = 81,    /* it may have been delivered */
};

/* The number of recipients by verdict. */
struct tally {
    size_t accepted, deferred, refused, unknown, not_attempted;
};

/* Returns the exit code for an ENVOI_E_*, its phase, and the reply code that caused it (0: none). */
int exit_code_of_error(int error, int phase, int reply);
/* Returns the exit code of a send: from its result, phase and reply code as above, and the verdicts. */
int exit_code_of_send(int error, int phase, int reply, const struct tally *tally);
/* Returns the `result` of --json: "sent", "partial", "refused", "unknown" or "error". */
const char *exit_code_word(int exit);

#endif
