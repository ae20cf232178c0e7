/* SPDX-License-Identifier: MIT */
#include "configure/provider.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <string.h>

Test(provider, by_domain)
{
    cr_expect_str_eq(provider_of_domain("gmail.com")->host, "smtp.gmail.com");
    cr_expect_str_eq(provider_of_domain("GoogleMail.com")->host, "smtp.gmail.com");
    cr_expect_str_eq(provider_of_domain("gmx.de")->host, "mail.gmx.net");
    cr_expect_eq(provider_of_domain("hotmail.com")->token, 1);
    cr_expect_eq(provider_of_domain("free.fr")->user, PROVIDER_LOCAL);
    cr_expect_null(provider_of_domain("proton.me")->host);
    cr_expect_null(provider_of_domain("mail.com"), "the end of a name is not the name");
    cr_expect_null(provider_of_domain("gmail"));
    cr_expect_null(provider_of_domain(""));
    cr_expect_null(provider_of_domain("gmail.com,googlemail.com"));
}

Test(provider, by_exchanger)
{
    cr_expect_str_eq(provider_of_exchanger("aspmx.l.google.com")->host, "smtp.gmail.com");
    cr_expect_str_eq(provider_of_exchanger("example-org.mail.protection.outlook.com")->host, "smtp.office365.com");
    cr_expect_str_eq(provider_of_exchanger("x.olc.protection.outlook.com")->host, "smtp-mail.outlook.com");
    cr_expect_str_eq(provider_of_exchanger("MX00.KUNDENSERVER.DE")->host, "smtp.ionos.de");
    cr_expect_str_eq(provider_of_exchanger("mx.zoho.eu")->host, "smtppro.zoho.eu");
    cr_expect_null(provider_of_exchanger("evilgoogle.com"), "a name ends at a dot");
    cr_expect_null(provider_of_exchanger("google.com.evil.example"));
    cr_expect_null(provider_of_exchanger(""));
}

/* Each row can be found, and says how to connect. */
Test(provider, rows)
{
    const struct provider *p;

    for (unsigned i = 0; (p = provider_at(i)); i++) {
        char first[64];

        snprintf(first, sizeof first, "%.*s", (int)strcspn(p->domains, ","), p->domains);
        cr_expect(*p->domains || p->exchanger, "%u", i);
        if (*first)
            cr_expect_eq(provider_of_domain(first), p, "%s", first);
        if (p->exchanger)
            cr_expect_eq(provider_of_exchanger(p->exchanger), p, "%s is hidden by an earlier row", p->exchanger);
        if (p->host)
            cr_expect(p->port == 465 ? p->tls == ENVOI_TLS_IMPLICIT : p->port == 587 && p->tls == ENVOI_TLS_REQUIRED);
        else
            cr_expect_not_null(p->advice);
    }
}
