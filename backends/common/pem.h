/* SPDX-License-Identifier: MIT */
/* The mistake in a file that should be PEM: the libraries' own words ("PEM lib") are of no help. */
#ifndef BACKEND_PEM_H
#define BACKEND_PEM_H

#include "text.h"

#include <envoi/plugin.h>

enum backend_pem {
    PEM_CERTIFICATE,
    PEM_KEY,
    PEM_LIST, /* of revoked certificates */
};

/* A file, or the same from memory. */
struct backend_source {
    const char *file; /* or NULL */
    const char *pem;  /* or NULL */
    const char *name; /* of it, for a person; if it is a file: its path */
};

/* `pem` counts if both are set. `what`: the name of a source in memory. */
struct backend_source backend_source_of(const char *file, const char *pem, const char *what);

/* The client's certificate and its key, which may be the same source. No name: there is no client certificate. */
struct backend_client {
    struct backend_source cert, key;
};
struct backend_client backend_client_of(const struct envoi_tls_config *config);

/* Adds the mistake in it. Returns false if none is seen. */
bool backend_pem_explain(struct backend_text *text, const struct backend_source *source, enum backend_pem wanted);

#endif
