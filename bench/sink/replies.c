/* SPDX-License-Identifier: MIT */
#include "replies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *grown(void *old, size_t *room, size_t need, size_t size)
{
    size_t more = *room ? *room : 256;
    void *memory;

    if (need <= *room)
        return old;
    while (more < need)
        more *= 2;
    if (!(memory = realloc(old, more * size))) {
        fputs("sink: out of memory\n", stderr);
        exit(1);
    }
    *room = more;
    return memory;
}

void replies_free(struct replies *r)
{
    free(r->text);
    free(r->list);
    *r = (struct replies){0};
}

void replies_add(struct replies *r, int64_t due, const char *text, size_t len)
{
    r->text = grown(r->text, &r->room, r->len + len, 1);
    memcpy(r->text + r->len, text, len);
    r->len += len;
    r->list = grown(r->list, &r->list_room, r->head + r->count + 1, sizeof *r->list);
    r->list[r->head + r->count++] = (struct owed){.due = due, .end = r->len};
}

bool replies_none(const struct replies *r)
{
    return r->count == 0;
}

size_t replies_ready(const struct replies *r, int64_t now, const char **text)
{
    size_t end = r->sent;

    for (size_t i = r->head; i < r->head + r->count && r->list[i].due <= now; i++)
        end = r->list[i].end;
    *text = r->text + r->sent;
    return end - r->sent;
}

void replies_sent(struct replies *r, size_t len)
{
    r->sent += len;
    while (r->count && r->list[r->head].end <= r->sent) {
        r->head++;
        r->count--;
    }
    if (r->count == 0)
        r->head = r->len = r->sent = 0;
}

int64_t replies_due(const struct replies *r)
{
    return r->count ? r->list[r->head].due : -1;
}
