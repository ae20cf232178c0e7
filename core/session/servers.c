/* SPDX-License-Identifier: MIT */
#include "session/servers.h"

#include "base/mem.h"
#include "engine/engine.h"

#include <envoi/error.h>
#include <string.h>

int servers_init(struct servers *s)
{
    memset(s, 0, sizeof *s);
    return pthread_mutex_init(&s->lock, NULL) ? ENVOI_E_SYSTEM : ENVOI_OK;
}

void servers_free(struct servers *s)
{
    for (size_t i = 0; i < SERVERS_MAX; i++)
        mem_free(s->list[i].name);
    (void)pthread_mutex_destroy(&s->lock);
}

static size_t servers_find(const struct servers *s, const char *name)
{
    size_t i = 0;

    while (i < SERVERS_MAX && !(s->list[i].name && strcmp(s->list[i].name, name) == 0))
        i++;
    return i;
}

int servers_window(struct servers *s, const char *name)
{
    int window = ENGINE_WINDOW_UNPROVED;
    size_t i;

    (void)pthread_mutex_lock(&s->lock);
    if ((i = servers_find(s, name)) < SERVERS_MAX)
        window = s->list[i].window;
    (void)pthread_mutex_unlock(&s->lock);
    return window;
}

void servers_set_window(struct servers *s, const char *name, int window)
{
    size_t i;

    (void)pthread_mutex_lock(&s->lock);
    if ((i = servers_find(s, name)) == SERVERS_MAX) {
        i = s->next;
        s->next = (s->next + 1) % SERVERS_MAX;
        mem_free(s->list[i].name);
        s->list[i].name = mem_strdup(name);
    }
    s->list[i].window = window;
    (void)pthread_mutex_unlock(&s->lock);
}
