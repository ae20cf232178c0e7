/* SPDX-License-Identifier: MIT */
/* For LD_PRELOAD: libESMTP finds its plugins where it was unpacked ($ENVOI_ORACLE_PLUGINS), as it is not installed. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default"))) void *dlopen(const char *file, int flags);

void *dlopen(const char *file, int flags)
{
    static void *(*real)(const char *, int);
    const char *plugins = getenv("ENVOI_ORACLE_PLUGINS"), *name = file ? strrchr(file, '/') : NULL;
    char path[4096];

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "dlopen");
    if (plugins && name && strstr(file, "/esmtp-plugins-")) {
        snprintf(path, sizeof path, "%s%s", plugins, name);
        file = path;
    }
    return real(file, flags);
}
