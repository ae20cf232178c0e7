/* SPDX-License-Identifier: MIT */
#include "host.h"

#include "../check.h"

#include <malloc.h>
#include <sasl/sasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC 0x5ecce7edu

struct header {
    size_t size;
    size_t magic;
};

struct host_record host_record;

static const char *secrets[4];
static size_t secret_lens[4];
static size_t secret_count;
static size_t fail_at;
static int fail_for_ever;

static size_t secrets_in(const void *data, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < secret_count; i++)
        if (len >= secret_lens[i] && memmem(data, len, secrets[i], secret_lens[i]))
            n++;
    return n;
}

void host_watch(const char *secret, size_t len)
{
    check(secret_count < sizeof secrets / sizeof *secrets && len > 0);
    secrets[secret_count] = secret;
    secret_lens[secret_count++] = len;
}

void host_fail_at(size_t n, int for_ever)
{
    fail_at = n;
    fail_for_ever = for_ever;
    host_record.allocations = 0;
    host_record.failed = 0;
}

static void *host_alloc(size_t size)
{
    host_record.allocations++;
    if (fail_at && (host_record.allocations == fail_at || (fail_for_ever && host_record.allocations > fail_at))) {
        host_record.failed++;
        return NULL;
    }
    struct header *block = malloc(sizeof *block + size);
    check(block);
    *block = (struct header){.size = size, .magic = MAGIC};
    /* No plugin may count on zeros. */
    memset(block + 1, 0xa5, size);
    host_record.live++;
    return block + 1;
}

static void host_free(void *ptr)
{
    if (!ptr)
        return;
    struct header *block = (struct header *)ptr - 1;
    check(block->magic == MAGIC, "free() of the host was given what alloc() did not give");
    host_record.dirty += secrets_in(ptr, block->size);
    host_record.live--;
    block->magic = 0;
    free(block);
}

/* Always moves, so that a pointer kept from before is found out. */
static void *host_realloc(void *ptr, size_t size)
{
    void *grown = host_alloc(size);

    if (grown && ptr) {
        size_t old = ((struct header *)ptr - 1)->size;
        memcpy(grown, ptr, old < size ? old : size);
        host_free(ptr);
    }
    return grown;
}

static void host_wipe(void *ptr, size_t len)
{
    explicit_bzero(ptr, len);
}

static void host_log(const struct envoi_host *host, uint32_t level, const char *text)
{
    check(host == host_get() && level <= ENVOI_LOG_DEBUG && text);
    check(!strpbrk(text, "\r\n"), "a log line has a line end");
    host_record.spoken += secrets_in(text, strlen(text));
}

static void host_set_error(const struct envoi_host *host, struct envoi_errctx *errctx, int32_t code,
                           int64_t library_code, const char *text)
{
    (void)library_code;
    (void)errctx;
    check(host == host_get(), "set_error was given another host");
    check(code < 0, "set_error was given %d, which is not a negative ENVOI_E_*", code);
    check(text && *text, "set_error was given no text");
    check(!strpbrk(text, "\r\n"), "an error text has a line end");
    host_record.errors++;
    host_record.code = code;
    snprintf(host_record.text, sizeof host_record.text, "%s", text);
    host_record.spoken += secrets_in(text, strlen(text));
}

const struct envoi_host *host_get(void)
{
    static const struct envoi_host host = {
        .struct_size = sizeof host,
        .alloc = host_alloc,
        .realloc = host_realloc,
        .free = host_free,
        .wipe = host_wipe,
        .log = host_log,
        .set_error = host_set_error,
    };
    return &host;
}

/* The heap of Cyrus, looked through in the same way. Its mechanisms are started by nobody else in these processes. */
static void cyrus_free(void *ptr)
{
    if (ptr)
        host_record.cyrus_dirty += secrets_in(ptr, malloc_usable_size(ptr));
    free(ptr);
}

__attribute__((constructor)) static void host_take_cyrus_heap(void)
{
    sasl_set_alloc((sasl_malloc_t *)malloc, (sasl_calloc_t *)calloc, (sasl_realloc_t *)realloc, cyrus_free);
}
