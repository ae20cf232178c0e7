/* SPDX-License-Identifier: MIT */
#include "trust/tickets.h"

#include "base/mem.h"

#include <envoi/error.h>
#include <string.h>

struct ticket {
    struct ticket *next;
    int64_t born;
    uint64_t number; /* 0: not to be lent */
    size_t key_len, len;
    uint8_t octets[]; /* the key, then the ticket; both hold secrets */
};

int tickets_init(struct tickets *t)
{
    t->first = NULL;
    t->numbers = 0;
    t->off = false;
    return pthread_mutex_init(&t->lock, NULL) ? ENVOI_E_SYSTEM : ENVOI_OK;
}

static void ticket_free(struct ticket *k)
{
    mem_wipe(k, sizeof *k + k->key_len + k->len);
    mem_free(k);
}

/* Takes the one out that the link points to. */
static struct ticket *take_out(struct ticket **link)
{
    struct ticket *k = *link;

    *link = k->next;
    return k;
}

static void clear(struct tickets *t)
{
    while (t->first)
        ticket_free(take_out(&t->first));
}

void tickets_free(struct tickets *t)
{
    clear(t);
    (void)pthread_mutex_destroy(&t->lock);
}

void tickets_switch(struct tickets *t, bool on)
{
    (void)pthread_mutex_lock(&t->lock);
    t->off = !on;
    if (t->off)
        clear(t);
    (void)pthread_mutex_unlock(&t->lock);
}

/* ---- taking and keeping ---- */

static bool is_under(const struct ticket *k, const struct buf *key)
{
    return k->key_len == key->len && memcmp(k->octets, buf_head(key), key->len) == 0;
}

static bool take_locked(struct tickets *t, const struct buf *key, int64_t now, struct buf *out,
                        struct ticket_loan *loan)
{
    bool taken = false, young;

    for (struct ticket **at = &t->first; *at && !taken;) {
        struct ticket *k = *at;

        if (!is_under(k, key)) {
            at = &k->next;
            continue;
        }
        *loan = (struct ticket_loan){k->born, k->number};
        young = now - k->born < TICKET_AGE_MAX;
        taken = young && buf_append(out, k->octets + k->key_len, k->len) == ENVOI_OK;
        if (young && k->number)
            break;
        ticket_free(take_out(at));
    }
    return taken;
}

bool tickets_take(struct tickets *t, const struct buf *key, int64_t now, struct buf *out, struct ticket_loan *loan)
{
    bool taken;

    (void)pthread_mutex_lock(&t->lock);
    taken = take_locked(t, key, now, out, loan);
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

/* Those behind the bounds, which are the oldest, go. */
static void drop_oldest(struct tickets *t, const struct buf *key)
{
    unsigned all = 0, same = 0;

    for (struct ticket **at = &t->first; *at;) {
        struct ticket *k = *at;

        if (++all > TICKETS_MAX || (is_under(k, key) && ++same > TICKETS_OF_ONE)) {
            ticket_free(take_out(at));
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
        k->number = lasting ? ++t->numbers : 0;
        k->next = t->first;
        t->first = k;
        drop_oldest(t, key);
    }
    (void)pthread_mutex_unlock(&t->lock);
}

/* Where the lent one hangs; NULL: it is gone. */
static struct ticket **find_lent(struct tickets *t, uint64_t number)
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
    if ((at = find_lent(t, number)) && (k = ticket_new((*at)->octets, (*at)->key_len, data, len, (*at)->born))) {
        old = take_out(at);
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
    if ((at = find_lent(t, number)))
        ticket_free(take_out(at));
    (void)pthread_mutex_unlock(&t->lock);
}

/* ---- keys ---- */

int ticket_key_add(struct buf *key, const void *data, size_t len)
{
    int rc = buf_append(key, &len, sizeof len);

    return rc || !len ? rc : buf_append(key, data, len);
}

int ticket_key_add_number(struct buf *key, uint64_t number)
{
    return ticket_key_add(key, &number, sizeof number);
}

int ticket_key_add_text(struct buf *key, const char *text)
{
    return text ? ticket_key_add(key, text, strlen(text) + 1) : ticket_key_add(key, "", 0);
}
