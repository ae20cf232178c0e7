/* SPDX-License-Identifier: MIT */
/* The result of a mail: an exit code that callers of sendmail know, lines on standard error, a line of syslog. */
#ifndef SENDMAIL_RESULT_H
#define SENDMAIL_RESULT_H

#include "accounts/fault.h"
#include <stdint.h>

struct envoi_message;

struct result {
    int exit; /* 0, or one of sysexits.h */
    struct fault fault;
    const char *account;   /* NULL: none was chosen */
    const char *server;    /* NULL: none was tried */
    const char *queued_as; /* the id of the job that the mail became; NULL: it did not */
    int has_queue;         /* the account has one */
    int is_complete;       /* 1: the message has all its recipients */
    const char *sender;
    struct envoi_message *message; /* NULL: it was not made */
    uint64_t octets;
    const char *facility; /* the key `log`; NULL: mail */
};

/* Returns the exit code for one of `envoi send`: no caller knows 80 and 81, 68 would mean "for good", and 74 is no
 * connection here. */
int result_exit(int exit);
/* Prints the failure, and a line for each recipient who did not get the mail. Prints nothing after a success. */
void result_print(const struct result *result);
void result_log(const struct result *result);

#endif
