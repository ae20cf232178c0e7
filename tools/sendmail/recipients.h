/* SPDX-License-Identifier: MIT */
/* The recipients of a mail: local names are looked up among the aliases, and become addresses. */
#ifndef SENDMAIL_RECIPIENTS_H
#define SENDMAIL_RECIPIENTS_H

#include "accounts/addresses.h"
#include "sendmail/aliases.h"
#include "sendmail/identity.h"

struct envoi_message;
struct values;

struct recipients {
    struct envoi_message *message;
    const struct values *values; /* of the account */
    const struct identity *identity;
    const char *options;      /* parameters of RCPT for those that are added next; NULL: those of the account */
    const char **all_options; /* of all recipients of the message; NULL: none */
    struct address_set *seen;
    struct aliases aliases; /* read when a local name comes */
    int has_aliases;
};

/* Adds a recipient, or those that its alias names; each once. It is an address_fn. */
int recipients_add(void *ctx, const char *address, struct fault *fault);
void recipients_free(struct recipients *recipients);

#endif
