/* SPDX-License-Identifier: MIT */
/* Autoconfig files, from the network. Input: the text. */
#include "configure/autoconfig.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"

#include "fuzz.h"

#include <envoi/envoi.h>
#include <stdlib.h>
#include <string.h>

static void check_server(const struct candidate *c)
{
    FUZZ_CHECK(*c->host && fuzz_is_printable(c->host) && !strpbrk(c->host, " \t:/[]<>@"), "the host \"%s\"", c->host);
    FUZZ_CHECK(c->port > 0 && c->port < 65536, "the port %u", c->port);
    FUZZ_CHECK(c->tls == ENVOI_TLS_IMPLICIT || c->tls == ENVOI_TLS_REQUIRED, "%s without TLS", c->host);
    FUZZ_CHECK(c->outside == !candidate_within(c->host, "example.org"), "%s is%s outside", c->host,
               c->outside ? "" : " not");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct candidates found;
    struct fault fault = {0};
    char *text = fuzz_copy(data, size);
    int rc;

    found = (struct candidates){0};
    rc = autoconfig_parse(&found, "x.xml", text, size, "example.org", &fault);
    FUZZ_CHECK(rc ? *fault.text && fuzz_is_printable(fault.text) : found.count > 0, "the result %d", rc);
    FUZZ_CHECK(!rc || rc == EXIT_DATA || rc == EXIT_NO_HOST, "the result %d", rc);
    FUZZ_CHECK(!memmem(data, size, "<!DOCTYPE", 9) || rc || memmem(data, size, "<!--", 4) ||
                   memmem(data, size, "<![CDATA[", 9) || memmem(data, size, "<?", 2) || memmem(data, size, "=", 1),
               "a document type was taken");
    for (size_t i = 0; i < found.count; i++)
        check_server(&found.list[i]);
    fuzz_free(text);
    return 0;
}
