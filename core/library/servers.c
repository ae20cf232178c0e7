/* SPDX-License-Identifier: MIT */
#include "library/servers.h"

#include "base/mem.h"

#include <envoi/error.h>
#include <string.h>

/* Milliseconds: a day. */
#define PROOF_LASTS (INT64_C(24) * 3600 * 1000)

int servers_init(struct servers *s)
{
    memset(s, 0, sizeof *s);
    return pthread_mutex_init(&s->lock, NULL) ? ENVOI_E_SYSTEM : ENVOI_OK;
}

void servers_free(struct servers *s)
{
    for (size_t i = 0; i < SERVERS_MAX; i++) {
        mem_free(s->list[i].name);
        mem_free(s->list[i].said);
    }
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
    int window = 0;
    size_t i;

    (void)pthread_mutex_lock(&s->lock);
    if ((i = servers_find(s, name)) < SERVERS_MAX)
        window = s->list[i].window;
    (void)pthread_mutex_unlock(&s->lock);
    return window;
}

/* The entry of the server, a new one if need be. */
static size_t servers_entry(struct servers *s, const char *name)
{
    size_t i = servers_find(s, name);

    if (i < SERVERS_MAX)
        return i;
    i = s->next;
    s->next = (s->next + 1) % SERVERS_MAX;
    mem_free(s->list[i].name);
    mem_free(s->list[i].said);
    memset(&s->list[i], 0, sizeof s->list[i]);
    s->list[i].name = mem_strdup(name);
    return i;
}

void servers_set_window(struct servers *s, const char *name, int window)
{
    (void)pthread_mutex_lock(&s->lock);
    s->list[servers_entry(s, name)].window = window;
    (void)pthread_mutex_unlock(&s->lock);
}

int servers_proof(struct servers *s, const char *name, const char *said, int64_t now)
{
    int proof = 0;
    size_t i;

    (void)pthread_mutex_lock(&s->lock);
    i = servers_find(s, name);
    if (i < SERVERS_MAX && s->list[i].said && strcmp(s->list[i].said, said) == 0 &&
        now - s->list[i].proved_at < PROOF_LASTS)
        proof = s->list[i].proof;
    (void)pthread_mutex_unlock(&s->lock);
    return proof;
}

void servers_set_proof(struct servers *s, const char *name, const char *said, int proof, int64_t now)
{
    size_t i;

    (void)pthread_mutex_lock(&s->lock);
    i = servers_entry(s, name);
    mem_free(s->list[i].said);
    s->list[i].said = mem_strdup(said);
    s->list[i].proof = proof;
    s->list[i].proved_at = now;
    (void)pthread_mutex_unlock(&s->lock);
}
