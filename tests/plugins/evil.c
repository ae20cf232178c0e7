/* SPDX-License-Identifier: MIT */
/* A module that somebody wants Cyrus SASL to load: says that it was. */
#include <unistd.h>

static void __attribute__((constructor)) evil_loaded(void)
{
    static const char text[] = "loaded ";

    if (write(1, text, sizeof text - 1) < 0)
        _exit(3);
}
