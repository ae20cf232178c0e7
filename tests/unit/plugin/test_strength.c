/* SPDX-License-Identifier: MIT */
#include "plugin/strength.h"

#include <criterion/criterion.h>
#include <stddef.h>

/* From the strongest to the weakest. A name that nobody knows is an enterprise's own. */
static const char *const order[] = {
    "SCRAM-SHA-512-PLUS",
    "SCRAM-SHA-256-PLUS",
    "SCRAM-SHA-1-PLUS",
    "GSSAPI",
    "SCRAM-SHA-512",
    "SCRAM-SHA-256",
    "SCRAM-SHA-1",
    "DIGEST-MD5",
    "CRAM-MD5",
    "X-UNHEARD-OF",
    "OAUTHBEARER",
    "XOAUTH2",
    "PLAIN",
    "LOGIN",
    "ANONYMOUS",
};

Test(strength, order, .timeout = 10)
{
    for (size_t i = 1; i < sizeof order / sizeof order[0]; i++)
        cr_expect_gt(strength_of(order[i - 1]).rank, strength_of(order[i]).rank, "%s before %s", order[i - 1],
                     order[i]);
}

Test(strength, plaintext, .timeout = 10)
{
    static const char *const shown[] = {"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER", "plain"};
    static const char *const hidden[] = {"CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "GSSAPI", "X-UNHEARD-OF", "PLAINER"};

    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++)
        cr_expect(strength_of(shown[i]).plaintext, "%s", shown[i]);
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++)
        cr_expect(!strength_of(hidden[i]).plaintext, "%s", hidden[i]);
}

Test(strength, named_only, .timeout = 10)
{
    cr_expect(strength_of("ANONYMOUS").named_only);
    cr_expect(strength_of("EXTERNAL").named_only);
    cr_expect(!strength_of("PLAIN").named_only);
    cr_expect(!strength_of("X-UNHEARD-OF").named_only);
}
