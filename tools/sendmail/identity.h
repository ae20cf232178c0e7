/* SPDX-License-Identifier: MIT */
/* Who runs this, on which machine: names for a mail that says neither. */
#ifndef SENDMAIL_IDENTITY_H
#define SENDMAIL_IDENTITY_H

#define IDENTITY_NAME 256

struct identity {
    char host[IDENTITY_NAME];
    char mailname[IDENTITY_NAME]; /* the first line of /etc/mailname; "": there is none */
};

void identity_read(struct identity *identity);
/* Finds the name of the user who runs this. It is not kept, because few mails need it. */
void identity_user(char user[IDENTITY_NAME]);
/* The domain of this machine's users if the account names none. */
const char *identity_domain(const struct identity *identity);
/* Is it a local user: a name without @, or one of this host (its name alone or in full), the mailname or localhost? */
int identity_is_local(const struct identity *identity, const char *address);

#endif
