/* SPDX-License-Identifier: MIT */
#include "plugin/strength.h"

#include "base/text.h"

#include <envoi/plugin.h>
#include <stddef.h>

static const struct {
    const char *name;
    struct strength strength;
} table[] = {
    {"SCRAM-SHA-512-PLUS", {100, false, false, true}},
    {"SCRAM-SHA-384-PLUS", {99, false, false, true}},
    {"SCRAM-SHA-256-PLUS", {98, false, false, true}},
    {"SCRAM-SHA-224-PLUS", {97, false, false, true}},
    {"SCRAM-SHA-1-PLUS", {96, false, false, true}},
    {"GS2-KRB5-PLUS", {95, false, false, true}},
    {"GS2-KRB5", {90, false, false, true}},
    {"GSSAPI", {89, false, false, true}},
    {"GSS-SPNEGO", {88, false, false, true}},
    {"EXTERNAL", {85, false, true, true}}, /* only the application knows that its certificate is to log in */
    {"SCRAM-SHA-512", {80, false, false, true}},
    {"SCRAM-SHA-384", {79, false, false, true}},
    {"SCRAM-SHA-256", {78, false, false, true}},
    {"SCRAM-SHA-224", {77, false, false, true}},
    {"SCRAM-SHA-1", {76, false, false, true}},
    {"DIGEST-MD5", {60, false, false, true}},
    {"CRAM-MD5", {50, false, false, true}},
    {"NTLM", {40, false, false, true}},
    {"OAUTHBEARER", {30, true, false, true}},
    {"XOAUTH2", {29, true, false, true}},
    {"PLAIN", {20, true, false, true}},
    {"LOGIN", {10, true, false, true}},
    {"ANONYMOUS", {0, false, true, true}},
};

/* A name that is not in the table, for example a company's own, comes before the plaintext ones. */
static const struct strength unknown = {35, false, false, false};

struct strength strength_of(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (text_equal(table[i].name, name))
            return table[i].strength;
    return unknown;
}

bool strength_shows_secret(const char *name, uint32_t flags)
{
    return strength_of(name).plaintext || (flags & ENVOI_MECH_PLAINTEXT);
}
