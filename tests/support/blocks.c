/* SPDX-License-Identifier: MIT */
#include "blocks.h"

#include "bytes.h"

#include <envoi/library.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SECRETS_MAX 256
#define FRESH       0xa5

/* Before each block, as large as the strictest alignment so that what follows keeps it. */
struct head {
    _Alignas(max_align_t) size_t size;
    struct head *before, *behind; /* the blocks that are alive, in a ring with state.ring */
};

static struct {
    struct head ring;
    size_t alive, octets, peak;
    size_t asked, fail_at;
    bool for_ever;
    char *secrets[SECRETS_MAX];
    size_t secret_len[SECRETS_MAX];
    size_t secret_count;
    const char *leaked;
} state;

static bool blocks_refuse(void)
{
    state.asked++;
    if (!state.fail_at)
        return false;
    return state.for_ever ? state.asked >= state.fail_at : state.asked == state.fail_at;
}

static void *blocks_give(size_t size)
{
    struct head *head = malloc(sizeof *head + size);

    if (!head)
        return NULL;
    *head = (struct head){.size = size, .before = state.ring.before, .behind = &state.ring};
    head->before->behind = head->behind->before = head;
    memset(head + 1, FRESH, size); /* so that no old secret stays there, and no zero by luck */
    state.alive++;
    state.octets += size;
    if (state.octets > state.peak)
        state.peak = state.octets;
    return head + 1;
}

static void blocks_take(void *ptr)
{
    struct head *head = (struct head *)ptr - 1;

    for (size_t i = 0; i < state.secret_count && !state.leaked; i++)
        if (bytes_contain(ptr, head->size, state.secrets[i], state.secret_len[i]))
            state.leaked = state.secrets[i];
    head->before->behind = head->behind;
    head->behind->before = head->before;
    state.alive--;
    state.octets -= head->size;
    free(head);
}

/* Growing always moves, as the worst allocator would: the old block is searched like any other that is freed. */
static void *blocks_allocate(void *ctx, void *ptr, size_t size)
{
    (void)ctx;
    if (!size) {
        if (ptr)
            blocks_take(ptr);
        return NULL;
    }
    if (blocks_refuse())
        return NULL;

    void *fresh = blocks_give(size);
    if (fresh && ptr) {
        size_t old = ((struct head *)ptr - 1)->size;
        memcpy(fresh, ptr, old < size ? old : size);
        blocks_take(ptr);
    }
    return fresh;
}

void blocks_install(void)
{
    if (!state.ring.behind)
        state.ring.behind = state.ring.before = &state.ring;
    envoi_set_allocator(blocks_allocate, NULL);
}

size_t blocks_alive(void)
{
    return state.alive;
}

size_t blocks_asked(void)
{
    return state.asked;
}

size_t blocks_peak(void)
{
    return state.peak;
}

void blocks_reset_peak(void)
{
    state.peak = state.octets;
}

void blocks_fail(size_t nth, bool for_ever)
{
    state.asked = 0;
    state.fail_at = nth;
    state.for_ever = for_ever;
}

void blocks_add_secret(const void *secret, size_t len)
{
    if (state.secret_count == SECRETS_MAX)
        abort();
    state.secrets[state.secret_count] = bytes_strndup(secret, len);
    state.secret_len[state.secret_count++] = len;
}

void blocks_forget_secrets(void)
{
    for (size_t i = 0; i < state.secret_count; i++)
        free(state.secrets[i]);
    state.secret_count = 0;
    state.leaked = NULL;
}

const char *blocks_leaked(void)
{
    return state.leaked;
}

bool blocks_hold(const void *secret, size_t len, const void *const *except, size_t except_count)
{
    for (const struct head *head = state.ring.behind; head && head != &state.ring; head = head->behind) {
        bool ours = false;
        for (size_t i = 0; i < except_count; i++)
            ours |= except[i] == head + 1;
        if (!ours && bytes_contain(head + 1, head->size, secret, len))
            return true;
    }
    return false;
}
