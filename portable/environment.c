/* SPDX-License-Identifier: MIT */
#include "portable/environment.h"

#include <stdlib.h>
#include <unistd.h>
#ifdef HAVE_GETAUXVAL
#include <sys/auxv.h>
#endif

bool environment_is_foreign(void)
{
#ifdef HAVE_GETAUXVAL
    return getauxval(AT_SECURE) != 0;
#elif defined HAVE_ISSETUGID
    return issetugid();
#else
    return getuid() != geteuid() || getgid() != getegid();
#endif
}

const char *environment_get(const char *name)
{
#ifdef HAVE_SECURE_GETENV
    return secure_getenv(name);
#else
    return environment_is_foreign() ? NULL : getenv(name);
#endif
}
