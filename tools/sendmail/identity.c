/* SPDX-License-Identifier: MIT */
#include "sendmail/identity.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
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

int identity_is_local(const struct identity *identity, const char *address)
{
    const char *at = strrchr(address, '@');

    return !at || !strcasecmp(at + 1, "localhost") || !strcasecmp(at + 1, identity->host) ||
           (*identity->mailname && !strcasecmp(at + 1, identity->mailname));
}
