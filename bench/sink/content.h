/* SPDX-License-Identifier: MIT */
/* Is the content of a message what it should be? It is compared with a file, octet by octet, or its SHA-256 with a
 * given one or with that of the first message. The file is the way for large messages: a digest of 50 MiB takes longer
 * than they do. */
#ifndef BENCH_SINK_CONTENT_H
#define BENCH_SINK_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct evp_md_ctx_st EVP_MD_CTX;

#define CONTENT_DIGEST 32

/* What is expected of every message. */
struct model {
    const uint8_t *file; /* NULL: the digest counts */
    size_t len;
    uint8_t digest[CONTENT_DIGEST];
    bool has_digest; /* else the first message gives it */
};

/* False: no such file. An empty file is none. */
bool model_map(struct model *model, const char *path);
/* False: not 64 hexadecimal digits. */
bool model_set_digest(struct model *model, const char *hex);

/* The content that is coming in. */
struct content {
    struct model *model;
    EVP_MD_CTX *sum;
    size_t at;
    bool differs;
};

void content_begin(struct content *content, struct model *model);
void content_take(struct content *content, const uint8_t *data, size_t len);
/* True: it is what it should be. */
bool content_end(struct content *content);
void content_free(struct content *content);

#endif
