/* SPDX-License-Identifier: MIT */
/* Reads a directory of descriptors. */
#ifndef PLUGIN_SCAN_H
#define PLUGIN_SCAN_H

#include "base/fault.h"
#include "plugin/descriptor.h"

/* What reading a directory comes upon. Both return ENVOI_OK or ENVOI_E_MEMORY, which ends the reading. */
struct scan_sink {
    /* A descriptor, whole or with its `bad` set; the sink owns it. */
    int (*found)(void *ctx, struct descriptor *d);
    descriptor_warn_fn *warn;
    void *ctx;
};

/* All `*.plugin` of a directory by name. A directory that is not there is an empty one; one that is not trusted is
 * warned of and passed over, or with `whole`, unless it is not there, what the reading fails with.
 * ENVOI_OK; ENVOI_E_MEMORY; ENVOI_E_SYSTEM with the reason: what is there could not be seen, and half of it is not taken
 * for the whole; ENVOI_E_PLUGIN with the reason. */
int scan_dir(const char *path, bool whole, const struct scan_sink *sink, struct envoi_errctx *why);

#endif
