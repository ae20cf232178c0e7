/* SPDX-License-Identifier: MIT */
#include "../../support/blocks.h"
#include "base/mem.h"

#include <criterion/criterion.h>
#include <envoi/library.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

TestSuite(mem, .init = blocks_install, .timeout = 10);

Test(mem, all_of_it_comes_from_the_hook)
{
    void *blocks[] = {mem_alloc(10), mem_zalloc(10), mem_realloc(NULL, 10), mem_strdup("text"), mem_strndup("text", 2)};

    cr_assert_eq(blocks_alive(), 5);
    for (size_t i = 0; i < 5; i++)
        mem_free(blocks[i]);
    mem_free(NULL);
    cr_assert_eq(blocks_alive(), 0);
}

static struct {
    void *ctx, *ptr;
    size_t size;
    unsigned calls;
} seen;

static void *record(void *ctx, void *ptr, size_t size)
{
    seen.ctx = ctx;
    seen.ptr = ptr;
    seen.size = size;
    seen.calls++;
    if (size)
        return realloc(ptr, size);
    free(ptr);
    return NULL;
}

/* To the hook a size of 0 means free, so no request has it. */
Test(mem, the_hook_is_called_as_promised)
{
    void *ptr, *bigger;

    envoi_set_allocator(record, &seen);
    ptr = mem_alloc(0);
    cr_assert_not_null(ptr);
    cr_assert(seen.ctx == &seen && !seen.ptr && seen.size == 1);
    bigger = mem_realloc(ptr, 100);
    cr_assert(seen.ctx == &seen && seen.ptr == ptr && seen.size == 100);
    ptr = mem_realloc(bigger, 0);
    cr_assert_not_null(ptr, "not freed, but small");
    cr_assert(seen.ptr == bigger && seen.size == 1);
    mem_free(ptr);
    cr_assert(seen.ptr == ptr && seen.size == 0);
    mem_free(NULL);
    cr_assert_eq(seen.calls, 4, "there is nothing to free");
    envoi_set_allocator(NULL, NULL);
    mem_free(mem_alloc(1));
    cr_assert_eq(seen.calls, 4, "and then no more");
}

/* The blocks of the hook are never zero by chance. */
Test(mem, zeros)
{
    static const char zeros[100];
    char *ptr = mem_zalloc(sizeof zeros);

    cr_assert_eq(memcmp(ptr, zeros, sizeof zeros), 0);
    mem_free(ptr);
}

Test(mem, copies_of_text)
{
    char *whole = mem_strdup("text"), *part = mem_strndup("text", 2), *none = mem_strndup("text", 0);

    cr_assert_str_eq(whole, "text");
    cr_assert_str_eq(part, "te");
    cr_assert_str_eq(none, "");
    mem_free(whole);
    mem_free(part);
    mem_free(none);
}

Test(mem, without_memory)
{
    blocks_fail(1, true);
    cr_assert_null(mem_alloc(1));
    cr_assert_null(mem_zalloc(1));
    cr_assert_null(mem_realloc(NULL, 1));
    cr_assert_null(mem_strdup("text"));
    cr_assert_null(mem_strndup("text", 2));
    cr_assert_eq(blocks_asked(), 5);
}

Test(mem, replace)
{
    char *slot = NULL;

    cr_assert_eq(mem_replace(&slot, "one"), ENVOI_OK);
    cr_assert_str_eq(slot, "one");
    cr_assert_eq(mem_replace(&slot, slot + 1), ENVOI_OK, "a part of itself");
    cr_assert_str_eq(slot, "ne");
    blocks_fail(1, false);
    cr_assert_eq(mem_replace(&slot, "two"), ENVOI_E_MEMORY);
    cr_assert_str_eq(slot, "ne", "the old one stays");
    cr_assert_eq(blocks_alive(), 1);
    cr_assert_eq(mem_replace(&slot, NULL), ENVOI_OK);
    cr_assert_null(slot);
    cr_assert_eq(blocks_alive(), 0);
}

Test(mem, secrets_are_wiped)
{
    char *text = mem_strdup("open sesame"), *other = mem_strdup("open sesame");

    blocks_add_secret("open sesame", 11);
    mem_free_secret(text);
    cr_assert_null(blocks_leaked());
    mem_wipe(other, 4);
    cr_assert_eq(memcmp(other, "\0\0\0\0 sesame", 11), 0, "these and no more");
    mem_wipe(other, 0);
    cr_assert_eq(other[4], ' ');
    mem_free(other);
    mem_wipe(NULL, 10);
    mem_free_secret(NULL);
    cr_assert_eq(blocks_alive(), 0);
}
