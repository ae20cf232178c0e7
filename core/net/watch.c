/* SPDX-License-Identifier: MIT */
#include "net/watch.h"

static struct watch_entry *watch_find(struct watch *w, int fd)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->list[i].fd == fd)
            return &w->list[i];
    return NULL;
}

void watch_begin(struct watch *w)
{
    for (size_t i = 0; i < w->count; i++)
        w->list[i].wanted = 0;
}

void watch_want(struct watch *w, int fd, unsigned events)
{
    struct watch_entry *e = watch_find(w, fd);

    if (!e && events && w->count < WATCH_MAX) {
        e = &w->list[w->count++];
        *e = (struct watch_entry){.fd = fd};
    }
    if (e)
        e->wanted |= events;
}

static void watch_tell(struct watch *w, struct watch_entry *e)
{
    if (e->told == e->wanted)
        return;
    e->told = e->wanted;
    if (w->tell)
        w->tell(w->ctx, e->fd, e->wanted);
}

void watch_commit(struct watch *w)
{
    size_t kept = 0;

    for (size_t i = 0; i < w->count; i++)
        watch_tell(w, &w->list[i]);
    for (size_t i = 0; i < w->count; i++)
        if (w->list[i].wanted)
            w->list[kept++] = w->list[i];
    w->count = kept;
}

void watch_forget(struct watch *w, int fd)
{
    struct watch_entry *e = watch_find(w, fd);

    if (!e)
        return;
    e->wanted = 0;
    watch_tell(w, e);
    *e = w->list[--w->count];
}

unsigned watch_wanted(const struct watch *w, int fd)
{
    for (size_t i = 0; i < w->count; i++)
        if (w->list[i].fd == fd)
            return w->list[i].wanted;
    return 0;
}
