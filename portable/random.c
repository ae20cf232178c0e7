/* SPDX-License-Identifier: MIT */
#include "portable/random.h"

#include <unistd.h>
#ifdef HAVE_GETRANDOM
#include <sys/random.h>
#elif defined __APPLE__
#include <sys/random.h>
#endif

bool random_draw(void *data, size_t len)
{
#ifdef HAVE_GETRANDOM
    return getrandom(data, len, 0) == (ssize_t)len;
#else
    return !getentropy(data, len);
#endif
}
