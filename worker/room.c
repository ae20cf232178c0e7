/* SPDX-License-Identifier: MIT */
#include "worker/room.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_BLOCK 2048

struct room {
    struct room *next;
    size_t len, used;
    max_align_t data[];
};

/* Puts a block in front of the others, or behind the first one if that has more left than this one will have. */
static struct room *room_grow(struct room **room, size_t len)
{
    size_t size = len < ROOM_BLOCK / 4 ? ROOM_BLOCK : len;
    struct room *block = size <= SIZE_MAX - sizeof *block ? calloc(1, sizeof *block + size) : NULL;

    if (!block)
        return NULL;
    block->len = size;
    if (*room && size == len) {
        block->next = (*room)->next;
        (*room)->next = block;
    } else {
        block->next = *room;
        *room = block;
    }
    return block;
}

void *room_take(struct room **room, size_t len)
{
    const size_t unit = sizeof(max_align_t);
    struct room *block = *room;
    size_t size = len / unit * unit + unit;
    void *taken;

    if (size < len)
        return NULL;
    if (!block || block->len - block->used < size)
        block = room_grow(room, size);
    if (!block)
        return NULL;
    taken = (char *)block->data + block->used;
    block->used += size;
    return taken;
}

char *room_copy(struct room **room, const void *octets, size_t len)
{
    char *copy = room_take(room, len + 1);

    if (copy && len)
        memcpy(copy, octets, len);
    return copy;
}

char *room_text(struct room **room, const char *text)
{
    return room_copy(room, text, strlen(text));
}

void room_free(struct room *room)
{
    while (room) {
        struct room *next = room->next;

        free(room);
        room = next;
    }
}
