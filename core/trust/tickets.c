/* SPDX-License-Identifier: MIT */
#include "trust/tickets.h"

#include "base/mem.h"

#include <envoi/error.h>
#include <string.h>

struct ticket {
    struct ticket *next;
    int64_t born;
    uint64_t number; /* of a ticket that may be lent; 0: it is used once */
    size_t key_len, len;
    uint8_t octets[]; /* the key, then the ticket; both contain secrets */
};

int tickets_init(struct tickets *t)
{
    t->first = NULL;
    t->last_number = 0;
    t->off = false;
    return pthread_mutex_init(&t->lock, NULL) ? ENVOI_E_SYSTEM : ENVOI_OK;
}

static void ticket_free(struct ticket *k)
{
    mem_wipe(k, sizeof *k + k->key_len + k->len);
    mem_free(k);
}

/* Unlinks the ticket that the link points to. */
static struct ticket *ticket_unlink(struct ticket **link)
{
    struct ticket *k = *link;

    *link = k->next;
    return k;
}

static void tickets_clear(struct tickets *t)
{
    while (t->first)
        ticket_free(ticket_unlink(&t->first));
}

void tickets_free(struct tickets *t)
{
    tickets_clear(t);
    (void)pthread_mutex_destroy(&t->lock);
}

void tickets_switch(struct tickets *t, bool on)
{
    (void)pthread_mutex_lock(&t->lock);
    t->off = !on;
    if (t->off)
        tickets_clear(t);
    (void)pthread_mutex_unlock(&t->lock);
}

/* ---- taking and storing ---- */

static bool ticket_has_key(const struct ticket *k, const struct buf *key)
{
    return k->key_len == key->len && memcmp(k->octets, buf_head(key), key->len) == 0;
}

static bool tickets_take_locked(struct tickets *t, const struct buf *key, int64_t now, struct buf *out,
                                struct ticket_loan *loan)
{
    bool taken = false, young;

    for (struct ticket **at = &t->first; *at && !taken;) {
        struct ticket *k = *at;

        if (!ticket_has_key(k, key)) {
            at = &k->next;
            continue;
        }
        *loan = (struct ticket_loan){k->born, k->number};
        young = now - k->born < TICKET_AGE_MAX;
        taken = young && !buf_append(out, k->octets + k->key_len, k->len);
        if (young && k->number)
            break;
        ticket_free(ticket_unlink(at));
    }
    return taken;
}

bool tickets_take(struct tickets *t, const struct buf *key, int64_t now, struct buf *out, struct ticket_loan *loan)
{
    bool taken;

    (void)pthread_mutex_lock(&t->lock);
    taken = tickets_take_locked(t, key, now, out, loan);
    if (!taken)
        *loan = (struct ticket_loan){0};
    (void)pthread_mutex_unlock(&t->lock);
    return taken;
}

static struct ticket *ticket_new(const void *key, size_t key_len, const void *data, size_t len, int64_t born)
{
    struct ticket *k = mem_alloc(sizeof *k + key_len + len);

    if (!k)
        return NULL;
    *k = (struct ticket){.born = born, .key_len = key_len, .len = len};
    memcpy(k->octets, key, key_len);
    memcpy(k->octets + key_len, data, len);
    return k;
}

/* Frees the tickets beyond the bounds. The newest come first in the list, so these are the oldest. */
static void tickets_trim(struct tickets *t, const struct buf *key)
{
    unsigned all = 0, same = 0;

    for (struct ticket **at = &t->first; *at;) {
        struct ticket *k = *at;

        if (++all > TICKETS_MAX || (ticket_has_key(k, key) && ++same > TICKETS_OF_ONE)) {
            ticket_free(ticket_unlink(at));
            all--;
        } else {
            at = &k->next;
        }
    }
}

void tickets_keep(struct tickets *t, const struct buf *key, const void *data, size_t len, int64_t born, bool lasting)
{
    struct ticket *k;

    if (!key->len || !len || len > TICKET_OCTETS_MAX || !(k = ticket_new(buf_head(key), key->len, data, len, born)))
        return;
    (void)pthread_mutex_lock(&t->lock);
    if (t->off) {
        ticket_free(k);
    } else {
        k->number = lasting ? ++t->last_number : 0;
        k->next = t->first;
        t->first = k;
        tickets_trim(t, key);
    }
    (void)pthread_mutex_unlock(&t->lock);
}

/* The link to the lent ticket; NULL: it is no longer in the list. */
static struct ticket **tickets_find_lent(struct tickets *t, uint64_t number)
{
    struct ticket **at = &t->first;

    while (*at && (*at)->number != number)
        at = &(*at)->next;
    return number && *at ? at : NULL;
}

void tickets_renew(struct tickets *t, uint64_t number, const void *data, size_t len)
{
    struct ticket **at, *old, *k;

    if (!len || len > TICKET_OCTETS_MAX)
        return;
    (void)pthread_mutex_lock(&t->lock);
    if ((at = tickets_find_lent(t, number)) &&
        (k = ticket_new((*at)->octets, (*at)->key_len, data, len, (*at)->born))) {
        old = ticket_unlink(at);
        k->number = number;
        k->next = *at;
        *at = k;
        ticket_free(old);
    }
    (void)pthread_mutex_unlock(&t->lock);
}

void tickets_drop(struct tickets *t, uint64_t number)
{
    struct ticket **at;

    (void)pthread_mutex_lock(&t->lock);
    if ((at = tickets_find_lent(t, number)))
        ticket_free(ticket_unlink(at));
    (void)pthread_mutex_unlock(&t->lock);
}

/* ---- keys ---- */

void ticket_key_add(struct buf *key, const void *data, size_t len)
{
    (void)buf_append(key, &len, sizeof len);
    (void)buf_append(key, data, len);
}

void ticket_key_add_number(struct buf *key, uint64_t number)
{
    ticket_key_add(key, &number, sizeof number);
}

void ticket_key_add_text(struct buf *key, const char *text)
{
    if (text)
        ticket_key_add(key, text, strlen(text) + 1);
    else
        ticket_key_add(key, NULL, 0);
}
