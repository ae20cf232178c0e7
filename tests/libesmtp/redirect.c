/* SPDX-License-Identifier: MIT */
/* For LD_PRELOAD: libESMTP finds its plugins where it was unpacked ($ENVOI_ORACLE_PLUGINS), as it is not installed. And it
 * looks up IPv4 only: where /etc/hosts has ::1 for localhost, the refusal there would stay in its error. */
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__attribute__((visibility("default"))) void *dlopen(const char *file, int flags);
__attribute__((visibility("default"))) int getaddrinfo(const char *node, const char *service,
                                                       const struct addrinfo *hints, struct addrinfo **found);

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

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    static int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    struct addrinfo ipv4 = hints ? *hints : (struct addrinfo){0};

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    ipv4.ai_family = AF_INET;
    return real(node, service, &ipv4, found);
}
