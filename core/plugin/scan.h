/* SPDX-License-Identifier: MIT */
/* Reads a directory of descriptors. */
#ifndef PLUGIN_SCAN_H
#define PLUGIN_SCAN_H

#include "base/fault.h"
#include "plugin/descriptor.h"

/* Receives the descriptors and warnings of a directory. Both functions return ENVOI_OK, or ENVOI_E_MEMORY, which ends
 * the reading. */
struct scan_sink {
    /* A descriptor, perhaps with `bad` set. The sink owns it from here on. */
    int (*found)(void *ctx, struct descriptor *d);
    descriptor_warn_fn *warn;
    void *ctx;
};

/* Reads all files `*.plugin` of a directory, in the order of their names. A directory that does not exist counts as
 * empty. If it is not trusted, there is a warning and nothing is read; but with `whole`, unless it does not exist, this
 * fails. ENVOI_OK; ENVOI_E_MEMORY; ENVOI_E_SYSTEM with the reason: it could not be read, or not completely, and some of
 * its files must not pass for all; ENVOI_E_PLUGIN with the reason: see `whole`. */
int scan_dir(const char *path, bool whole, const struct scan_sink *sink, struct envoi_errctx *why);

#endif
