/* SPDX-License-Identifier: MIT */
/* Public structs that may grow. They begin with `size_t struct_size`, which the caller sets. */
#ifndef BASE_SIZED_H
#define BASE_SIZED_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Copies the members behind struct_size as far as *out has room. False: it has none. */
static inline bool sized_copy(void *out, const void *from, size_t size)
{
    size_t room;

    memcpy(&room, out, sizeof room);
    if (room <= sizeof room)
        return false;
    room = room < size ? room : size;
    memcpy((char *)out + sizeof room, (const char *)from + sizeof room, room - sizeof room);
    return true;
}

#endif
