/* SPDX-License-Identifier: MIT */
#include "mta_inside.h"

#include <stdlib.h>

struct ledger {
    size_t messages, recipients;
    uint8_t *counts;
};

struct ledger *ledger_new(size_t messages, size_t recipients)
{
    struct ledger *l = calloc(1, sizeof *l);

    l->messages = messages;
    l->recipients = recipients;
    l->counts = calloc(messages, recipients);
    return l;
}

void ledger_free(struct ledger *l)
{
    free(l->counts);
    free(l);
}

unsigned ledger_count(const struct ledger *l, size_t message, size_t recipient)
{
    return __atomic_load_n(&l->counts[message * l->recipients + recipient], __ATOMIC_RELAXED);
}

bool ledger_add(struct ledger *l, size_t message, size_t recipient)
{
    if (message >= l->messages || recipient >= l->recipients)
        return false;
    __atomic_add_fetch(&l->counts[message * l->recipients + recipient], 1, __ATOMIC_RELAXED);
    return true;
}

uint64_t ledger_sum(const char *text, size_t len)
{
    uint64_t sum = 14695981039346656037u;

    for (size_t i = 0; i < len; i++)
        sum = (sum ^ (uint8_t)text[i]) * 1099511628211u;
    return sum;
}
