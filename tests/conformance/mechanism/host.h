/* SPDX-License-Identifier: MIT */
/* A host for plugins that counts, fails on demand, and looks for secrets in all that is freed, logged or reported. */
#ifndef MECH_HOST_H
#define MECH_HOST_H

#include <envoi/plugin.h>

struct host_record {
    size_t live;        /* blocks that were not freed yet */
    size_t allocations; /* since host_fail_at */
    size_t failed;      /* how many were made to fail */
    size_t dirty;       /* blocks that were freed with a secret in them */
    size_t cyrus_dirty; /* the same, of the heap of Cyrus */
    size_t spoken;      /* secrets that came through log or set_error */
    size_t errors;      /* calls of set_error */
    int32_t code;       /* of the last one */
    char text[256];
};

/* There is one per process. */
extern struct host_record host_record;

const struct envoi_host *host_get(void);

/* Begins to look for `secret`. It has to stay where it is. */
void host_watch(const char *secret, size_t len);

/* Lets allocation number `n` fail, and all after it when `for_ever`; 0 ends that. */
void host_fail_at(size_t n, int for_ever);

#endif
