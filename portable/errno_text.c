/* SPDX-License-Identifier: MIT */
#include "portable/errno_text.h"

#include <string.h>

/* strerror_r() returns the text in glibc, if _GNU_SOURCE is defined, and a status elsewhere. */
static inline const char *errno_text_returned(const char *text, const char *room)
{
    (void)room;
    return text;
}

static inline const char *errno_text_stored(int status, const char *room)
{
    return status ? "unknown error" : room;
}

const char *errno_text_of_libc(int number)
{
    static _Thread_local char room[128];

    return _Generic(strerror_r(number, room, sizeof room), int
                    : errno_text_stored, default
                    : errno_text_returned)(strerror_r(number, room, sizeof room), room);
}

const char *errno_text(int number)
{
#ifdef HAVE_STRERRORDESC_NP
    const char *text = strerrordesc_np(number);

    return text ? text : "unknown error";
#else
    return errno_text_of_libc(number);
#endif
}
