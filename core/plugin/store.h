/* SPDX-License-Identifier: MIT */
/* The members of struct registry, for registry.c, store.c and find.c. */
#ifndef PLUGIN_STORE_H
#define PLUGIN_STORE_H

#include "plugin/entry.h"

#include <pthread.h>

struct registry {
    /* Recursive, so that a log function that calls the registry does not deadlock. */
    pthread_mutex_t lock;
    struct host_log log;
    char *dir[LAYER_COUNT]; /* of descriptors; NULL for LAYER_CODE */
    char *modules;
    bool read;    /* the descriptors have been read */
    bool reading; /* they are being read; meanwhile only the log function is called, and only if the reading failed */
    int failed;   /* the code of the last reading if it failed; its text is `failure` */
    char failure[FAULT_TEXT_MAX];

    struct entry **entries; /* in the order of entry_compare(), once they are read */
    size_t count, cap;
    char **warnings;
    size_t warning_count, warning_cap;
};

void store_lock(struct registry *r);
void store_unlock(struct registry *r);

/* The caller of all that follow holds the lock. */

/* Reads the descriptors, once. ENVOI_OK. After ENVOI_E_MEMORY, ENVOI_E_SYSTEM or ENVOI_E_PLUGIN there are no plugins
 * but those added before, and the next call tries again. ENVOI_E_PLUGIN: the administrator's directory is not trusted,
 * so it is not known which plugins it forbids. A call by the log function during a reading returns the failure of that,
 * ENVOI_OK if there is none. */
int store_read(struct registry *r, struct envoi_errctx *fault);
/* NULL if there is no such plugin. */
struct entry *store_find(const struct registry *r, const char *id);
/* The entry of that id; a new one if there is none. ENVOI_OK or ENVOI_E_MEMORY. */
int store_get(struct registry *r, const char *id, struct entry **out);
void store_sort(struct registry *r);
/* A descriptor_warn_fn; ctx is the registry. Keeps the text. Logs it too, at once unless descriptors are being read,
 * else when they have been. */
int store_warn(void *ctx, const char *text);
/* As entry_load(), but logs that the plugin is loaded, or once why it cannot be. */
int store_load(struct registry *r, struct entry *e, struct envoi_errctx *why);
/* As entry_break(), but logs the reason. */
void store_break(struct registry *r, struct entry *e, const char *why);

#endif
