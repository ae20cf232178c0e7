/* SPDX-License-Identifier: MIT */
/* A message in several transactions: for which recipients the next one is. */
#include "base/text.h"
#include "message/message.h"

#include <string.h>

/* Bounds on the work for one transaction, not on the message: how many recipients of further domains are passed over in
 * search of one whose domain is already in the transaction, and how many domains it has at most. */
#define LOOK_AHEAD  1000u
#define DOMAINS_MAX 64u

static const char *recipient_domain(const struct recipient *r)
{
    const char *at = strrchr(address_path(&r->address), '@');

    return at ? at + 1 : "";
}

/* Adds the domain to the transaction's, unless it is there. False: there are already `max` others. */
static bool domains_take(const char **taken, size_t *count, size_t max, const char *domain)
{
    for (size_t i = *count; i-- > 0;)
        if (text_equal(taken[i], domain))
            return true;
    if (*count == max)
        return false;
    taken[(*count)++] = domain;
    return true;
}

static void due_none(struct envoi_message *m)
{
    for (size_t i = m->due_begin; i < m->due_end; i++)
        m->recipients[i].due = false;
    m->due_count = m->due_begin = m->due_end = 0;
}

static void due_add(struct envoi_message *m, size_t index)
{
    m->recipients[index].due = true;
    if (!m->due_count++)
        m->due_begin = index;
    m->due_end = index + 1;
}

bool message_has_open(struct envoi_message *m)
{
    while (m->settled < m->count && !recipient_is_open(&m->recipients[m->settled]))
        m->settled++;
    return m->settled < m->count;
}

void message_due_pick(struct envoi_message *m, uint64_t recipients_max, uint64_t domains_max)
{
    const char *domains[DOMAINS_MAX];
    size_t domain_count = 0, passed = 0;
    size_t most = domains_max < DOMAINS_MAX ? (size_t)domains_max : DOMAINS_MAX;

    due_none(m);
    (void)message_has_open(m);
    for (size_t i = m->settled; i < m->count && passed < LOOK_AHEAD; i++) {
        struct recipient *r = &m->recipients[i];

        if (recipients_max && m->due_count == recipients_max)
            break;
        if (!recipient_is_open(r))
            continue;
        if (domains_max && !domains_take(domains, &domain_count, most, recipient_domain(r))) {
            passed++;
            continue;
        }
        recipient_begin(r);
        due_add(m, i);
    }
}

bool message_has_more(const struct envoi_message *m)
{
    size_t i = m->settled;

    while (i < m->count && (m->recipients[i].due || !recipient_is_open(&m->recipients[i])))
        i++;
    return i < m->count;
}
