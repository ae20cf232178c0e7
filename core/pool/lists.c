/* SPDX-License-Identifier: MIT */
#include "pool/lists.h"

/* ---- messages ---- */

void fifo_push(struct pool_fifo *f, struct pool_entry *e)
{
    e->next = NULL;
    if (f->last)
        f->last->next = e;
    else
        f->first = e;
    f->last = e;
    f->count++;
}

void fifo_push_front(struct pool_fifo *f, struct pool_entry *e)
{
    e->next = f->first;
    f->first = e;
    if (!f->last)
        f->last = e;
    f->count++;
}

struct pool_entry *fifo_pop(struct pool_fifo *f)
{
    struct pool_entry *e = f->first;

    if (!e)
        return NULL;
    f->first = e->next;
    if (!f->first)
        f->last = NULL;
    f->count--;
    return e;
}

struct pool_entry *fifo_take(struct pool_fifo *f, const struct envoi_message *message)
{
    struct pool_entry *before = f->first, *e;

    if (before->message == message)
        return fifo_pop(f);
    while (before->next->message != message)
        before = before->next;
    e = before->next;
    before->next = e->next;
    if (f->last == e)
        f->last = before;
    f->count--;
    return e;
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
