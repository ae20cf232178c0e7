/* SPDX-License-Identifier: MIT */
/* The inside of struct registry, for registry.c, store.c and find.c. */
#ifndef PLUGIN_STORE_H
#define PLUGIN_STORE_H

#include "plugin/entry.h"
#include "plugin/registry.h"

#include <pthread.h>

struct registry {
    /* Recursive, so that a log function that calls back is answered rather than stuck. */
    pthread_mutex_t lock;
    struct host_log log;
    char *dir[LAYER_COUNT]; /* of descriptors; none for LAYER_CODE */
    char *modules;
    bool read;    /* the descriptors were read */
    bool reading; /* ... or are being; nobody is called meanwhile but the log, when it failed */
    int failed;   /* what the last reading failed with, and why */
    char failure[FAULT_TEXT_MAX];

    struct entry **entries; /* after reading: in the order of entry_compare() */
    size_t count, cap;
    char **warnings;
    size_t warning_count, warning_cap;
};

void store_lock(struct registry *r);
void store_unlock(struct registry *r);

/* All with the lock held. */

/* Reads the descriptors if that was not done. ENVOI_OK; ENVOI_E_MEMORY, ENVOI_E_SYSTEM, ENVOI_E_PLUGIN (the administrator's
 * directory is not trusted, and what it forbids is not known): nothing is read, the next call tries again. */
int store_read(struct registry *r, struct envoi_errctx *fault);
/* NULL: no such plugin. */
struct entry *store_find(const struct registry *r, const char *id);
/* The entry of that id, made if there is none. ENVOI_OK or ENVOI_E_MEMORY. */
int store_get(struct registry *r, const char *id, struct entry **out);
void store_sort(struct registry *r);
/* A descriptor_warn_fn; ctx is the registry. Kept, and logged at once unless the descriptors are being read. */
int store_warn(void *ctx, const char *text);
/* entry_load() that tells the log once when it fails. */
int store_load(struct registry *r, struct entry *e, struct envoi_errctx *why);
/* Marks an entry unusable and tells the log. */
void store_break(struct registry *r, struct entry *e, const char *why);

#endif
