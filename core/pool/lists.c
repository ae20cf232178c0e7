/* SPDX-License-Identifier: MIT */
#include "pool/lists.h"

/* ---- messages ---- */

void fifo_push(struct pool_fifo *f, struct pool_delivery *d)
{
    d->next = NULL;
    d->in = f;
    if (f->last)
        f->last->next = d;
    else
        f->first = d;
    f->last = d;
    f->count++;
}

void fifo_push_front(struct pool_fifo *f, struct pool_delivery *d)
{
    d->next = f->first;
    d->in = f;
    f->first = d;
    if (!f->last)
        f->last = d;
    f->count++;
}

struct pool_delivery *fifo_pop(struct pool_fifo *f)
{
    struct pool_delivery *d = f->first;

    if (!d)
        return NULL;
    f->first = d->next;
    if (!f->first)
        f->last = NULL;
    f->count--;
    d->in = NULL;
    return d;
}

struct pool_delivery *fifo_take(struct pool_fifo *f, const struct envoi_message *message)
{
    struct pool_delivery *before = f->first, *d;

    if (before->message == message)
        return fifo_pop(f);
    while (before->next->message != message)
        before = before->next;
    d = before->next;
    before->next = d->next;
    if (f->last == d)
        f->last = before;
    f->count--;
    d->in = NULL;
    return d;
}

struct pool_delivery *route_pop(struct pool_route *r)
{
    struct pool_delivery *d = NULL;

    for (size_t i = 0; !d && i < ROUTE_QUEUES; i++)
        d = fifo_pop(&r->queues[i]);
    return d;
}

/* ---- connections ---- */

void list_push_front(struct pool_list *l, struct pool_connection *c)
{
    c->prev = NULL;
    c->next = l->first;
    if (l->first)
        l->first->prev = c;
    else
        l->last = c;
    l->first = c;
    l->count++;
}

void list_push_back(struct pool_list *l, struct pool_connection *c)
{
    c->next = NULL;
    c->prev = l->last;
    if (l->last)
        l->last->next = c;
    else
        l->first = c;
    l->last = c;
    l->count++;
}

void list_remove(struct pool_list *l, struct pool_connection *c)
{
    *(c->prev ? &c->prev->next : &l->first) = c->next;
    *(c->next ? &c->next->prev : &l->last) = c->prev;
    l->count--;
}
