/* SPDX-License-Identifier: MIT */
/* Knowledge of servers, which a library keeps from one connection to the next: numbers of the engine, of which 0 means
 * that nothing is known. Safe to use from several threads. */
#ifndef LIBRARY_SERVERS_H
#define LIBRARY_SERVERS_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define SERVERS_MAX 64 /* beyond that a new server replaces the one added first */

struct servers {
    pthread_mutex_t lock;
    struct {
        char *name;        /* the label of the target: with the port */
        int window;        /* ENGINE_WINDOW_* */
        int proof;         /* ENGINE_PROOF_*, of a server that ... */
        char *said;        /* ... says this: see struct engine_env; NULL: nothing is known */
        int64_t proved_at; /* milliseconds */
    } list[SERVERS_MAX];
    size_t next; /* the entry to be replaced next */
};

/* ENVOI_OK or ENVOI_E_SYSTEM. */
int servers_init(struct servers *s);
void servers_free(struct servers *s);
/* ENGINE_WINDOW_*, as it was set; 0 for an unknown server. */
int servers_window(struct servers *s, const char *name);
/* Without memory nothing is remembered, and the next connection has to prove it again. */
void servers_set_window(struct servers *s, const char *name, int window);
/* ENGINE_PROOF_*, as it was set, for a day; 0 too if the server says something else than it did. */
int servers_proof(struct servers *s, const char *name, const char *said, int64_t now);
void servers_set_proof(struct servers *s, const char *name, const char *said, int proof, int64_t now);

#endif
