/* SPDX-License-Identifier: MIT */
#include "sendmail/identity.h"

#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void read_mailname(struct identity *identity)
{
    FILE *file = fopen("/etc/mailname", "re");

    if (file && fgets(identity->mailname, sizeof identity->mailname, file))
        identity->mailname[strcspn(identity->mailname, " \t\r\n")] = '\0';
    if (file)
        fclose(file);
}

void identity_user(char user[IDENTITY_NAME])
{
    /* Of the real user: under sudo that is root, and $LOGNAME may be anything. */
    const struct passwd *entry = getpwuid(getuid());

    if (entry)
        snprintf(user, IDENTITY_NAME, "%s", entry->pw_name);
    else
        snprintf(user, IDENTITY_NAME, "uid%ld", (long)getuid());
}

void identity_read(struct identity *identity)
{
    *identity = (struct identity){0};
    if (gethostname(identity->host, sizeof identity->host - 1) || !*identity->host)
        snprintf(identity->host, sizeof identity->host, "localhost");
    read_mailname(identity);
}

const char *identity_domain(const struct identity *identity)
{
    return *identity->mailname ? identity->mailname : identity->host;
}

/* Is it "box.example.org", and this host is called "box" and has that name in full? As a rule /etc/hosts says so. It is
 * looked up only for a domain that begins so, because the look-up may ask DNS. */
static int is_full_name(const struct identity *identity, const char *domain)
{
    const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
    size_t len = strlen(identity->host);
    struct addrinfo *found;
    int same;

    if (strncasecmp(domain, identity->host, len) != 0 || domain[len] != '.')
        return 0;
    if (getaddrinfo(identity->host, NULL, &hints, &found))
        return 0;
    same = found->ai_canonname && !strcasecmp(found->ai_canonname, domain);
    freeaddrinfo(found);
    return same;
}

int identity_is_local(const struct identity *identity, const char *address)
{
    const char *at = strrchr(address, '@');

    return !at || !strcasecmp(at + 1, "localhost") || !strcasecmp(at + 1, identity->host) ||
           (*identity->mailname && !strcasecmp(at + 1, identity->mailname)) || is_full_name(identity, at + 1);
}
