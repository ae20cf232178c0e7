/* SPDX-License-Identifier: MIT */
#include "configure/provider.h"

#include <envoi/envoi.h>
#include <string.h>
#include <strings.h>

#define SUBMISSIONS 465, ENVOI_TLS_IMPLICIT
#define SUBMISSION  587, ENVOI_TLS_REQUIRED
#define NOTHING     0, ENVOI_TLS_DEFAULT
#define ADDRESS     PROVIDER_ADDRESS
#define LOCAL       PROVIDER_LOCAL

#define APP_PASSWORD "it wants a password made for this program (\"app password\"), not the one of the account"
#define SWITCH_ON    "sending by other programs has to be switched on in the settings of the mailbox first"

/* The first row whose exchanger fits is taken, so a longer end stands before a shorter one. */
static const struct provider providers[] = {
    {"Gmail", "gmail.com,googlemail.com", "google.com", "smtp.gmail.com", SUBMISSIONS, ADDRESS, 0,
     APP_PASSWORD ", or an OAuth 2.0 token"},
    {"Gmail", "", "googlemail.com", "smtp.gmail.com", SUBMISSIONS, ADDRESS, 0, APP_PASSWORD ", or an OAuth 2.0 token"},
    {"Outlook.com", "outlook.com,hotmail.com,live.com,msn.com", "olc.protection.outlook.com", "smtp-mail.outlook.com",
     SUBMISSION, ADDRESS, 1, NULL},
    {"Microsoft 365", "", "mail.protection.outlook.com", "smtp.office365.com", SUBMISSION, ADDRESS, 1,
     "the administrator has to allow authenticated SMTP for the mailbox"},
    {"AOL", "aol.com", NULL, "smtp.aol.com", SUBMISSIONS, ADDRESS, 0, APP_PASSWORD},
    {"Yahoo", "yahoo.com,ymail.com,rocketmail.com", "yahoodns.net", "smtp.mail.yahoo.com", SUBMISSIONS, ADDRESS, 0,
     APP_PASSWORD},
    {"iCloud", "icloud.com,me.com,mac.com", "mail.icloud.com", "smtp.mail.me.com", SUBMISSION, ADDRESS, 0,
     APP_PASSWORD},
    {"Fastmail", "fastmail.com,fastmail.fm", "messagingengine.com", "smtp.fastmail.com", SUBMISSIONS, ADDRESS, 0,
     APP_PASSWORD},
    {"GMX", "gmx.de,gmx.net,gmx.at,gmx.ch", NULL, "mail.gmx.net", SUBMISSION, ADDRESS, 0, SWITCH_ON},
    {"GMX", "gmx.com", NULL, "mail.gmx.com", SUBMISSION, ADDRESS, 0, SWITCH_ON},
    {"WEB.DE", "web.de", NULL, "smtp.web.de", SUBMISSION, ADDRESS, 0, SWITCH_ON},
    {"T-Online", "t-online.de", "t-online.de", "securesmtp.t-online.de", SUBMISSIONS, ADDRESS, 0,
     "it wants the \"password for e-mail programs\", not the one of the account"},
    {"mailbox.org", "mailbox.org", "mailbox.org", "smtp.mailbox.org", SUBMISSIONS, ADDRESS, 0, NULL},
    {"Posteo", "posteo.de,posteo.net", "posteo.de", "posteo.de", SUBMISSIONS, ADDRESS, 0, NULL},
    {"freenet", "freenet.de", NULL, "mx.freenet.de", SUBMISSION, ADDRESS, 0, NULL},
    {"IONOS", "", "kundenserver.de", "smtp.ionos.de", SUBMISSIONS, ADDRESS, 0, NULL},
    {"IONOS", "", "ionos.com", "smtp.ionos.com", SUBMISSIONS, ADDRESS, 0, NULL},
    {"OVH", "", "ovh.net", "ssl0.ovh.net", SUBMISSIONS, ADDRESS, 0, NULL},
    {"Free", "free.fr", "free.fr", "smtp.free.fr", SUBMISSIONS, LOCAL, 0, SWITCH_ON},
    {"Orange", "orange.fr,wanadoo.fr", NULL, "smtp.orange.fr", SUBMISSIONS, ADDRESS, 0, NULL},
    {"Zoho", "zohomail.com", NULL, "smtp.zoho.com", SUBMISSIONS, ADDRESS, 0, NULL},
    {"Zoho", "", "zoho.eu", "smtppro.zoho.eu", SUBMISSIONS, ADDRESS, 0, NULL},
    {"Zoho", "", "zoho.com", "smtppro.zoho.com", SUBMISSIONS, ADDRESS, 0, NULL},
    {"Yandex", "yandex.com,yandex.ru", "yandex.net", "smtp.yandex.com", SUBMISSIONS, ADDRESS, 0, APP_PASSWORD},
    {"Mail.ru", "mail.ru", "mail.ru", "smtp.mail.ru", SUBMISSIONS, ADDRESS, 0, APP_PASSWORD},
    {"Migadu", "", "migadu.com", "smtp.migadu.com", SUBMISSIONS, ADDRESS, 0, NULL},
    {"Gandi", "", "mail.gandi.net", "mail.gandi.net", SUBMISSIONS, ADDRESS, 0, NULL},
    {"Proton Mail", "proton.me,protonmail.com,pm.me", "protonmail.ch", NULL, NOTHING, ADDRESS, 0,
     "it takes mail from its own program Proton Mail Bridge alone, which shows a port of this machine, a user and a "
     "password: give them by --host 127.0.0.1:PORT --user NAME, with --pin or --ca for its certificate"},
    {"Tuta", "tuta.com,tutanota.com,tutanota.de", "tutanota.de", NULL, NOTHING, ADDRESS, 0,
     "it takes mail from its own programs alone"},
};
#define PROVIDERS (sizeof providers / sizeof *providers)

static int provider_domains_have(const char *list, const char *domain)
{
    size_t len = strlen(domain);

    for (const char *word = list; *word; word += strcspn(word, ","), word += strspn(word, ","))
        if (strcspn(word, ",") == len && !strncasecmp(word, domain, len))
            return 1;
    return 0;
}

const struct provider *provider_of_domain(const char *domain)
{
    for (size_t i = 0; i < PROVIDERS; i++)
        if (provider_domains_have(providers[i].domains, domain))
            return &providers[i];
    return NULL;
}

const struct provider *provider_of_exchanger(const char *host)
{
    size_t len = strlen(host);

    for (size_t i = 0; i < PROVIDERS; i++) {
        const char *end = providers[i].exchanger;
        size_t tail = end ? strlen(end) : 0;

        if (tail && len >= tail && !strcasecmp(host + len - tail, end) && (len == tail || host[len - tail - 1] == '.'))
            return &providers[i];
    }
    return NULL;
}

const struct provider *provider_at(unsigned index)
{
    return index < PROVIDERS ? &providers[index] : NULL;
}
