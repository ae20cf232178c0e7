/* SPDX-License-Identifier: MIT */
#include "session/helo.h"

#include "base/text.h"
#include "net/endpoint.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "localhost.localdomain" has a dot but identifies no host; servers refuse it more often than an address literal. */
static bool helo_is_fqdn(const char *name)
{
    const char *dot = strchr(name, '.');

    if (!dot || dot == name || !dot[1] || strncmp(name, "localhost.", 10) == 0)
        return false;
    for (; *name; name++)
        if (!text_is_alpha(*name) && !text_is_digit(*name) && *name != '-' && *name != '.')
            return false;
    return true;
}

void helo_default(int fd, bool local, char name[HELO_MAX])
{
    struct sockaddr_storage here = {0};
    socklen_t len = sizeof here;
    struct endpoint e;
    char host[ENDPOINT_TEXT_MAX];

    if (gethostname(name, HELO_MAX) == 0) {
        name[HELO_MAX - 1] = '\0';
        if (helo_is_fqdn(name))
            return;
    }
    (void)snprintf(name, HELO_MAX, "%s", local ? "localhost" : "[127.0.0.1]");
    if (getsockname(fd, (struct sockaddr *)&here, &len) < 0 || here.ss_family == AF_UNIX ||
        !endpoint_set(&e, (const struct sockaddr *)&here, len))
        return;
    endpoint_host(&e, host, sizeof host);
    (void)snprintf(name, HELO_MAX, "[%s%s]", here.ss_family == AF_INET6 ? "IPv6:" : "", host);
}
