/* SPDX-License-Identifier: MIT */
#include "detail.h"

#include <stdio.h>
#include <string.h>

/* Phrases of the GSS library before the reason, which follows in parentheses. They are left out, as the line is
 * short. */
static const char *const preambles[] = {
    "Unspecified GSS failure.  Minor code may provide more information (",
    "No credentials were supplied, or the credentials were unavailable or inaccessible (",
};

/* Texts that mean nothing to a user, reworded. GS2 asks for a password (SASL_CB_PASS) if it finds no ticket of the
 * user. */
static const struct {
    const char *theirs;
    const char *ours;
} plain[] = {
    {"Unable to find a callback: 16388", "there is no Kerberos ticket of that user"},
};

/* Every text begins like "SASL(-1): generic failure: ". Returns the part after that. */
static const char *skip_code(const char *text)
{
    const char *at = strncmp(text, "SASL(", 5) == 0 ? strstr(text, "): ") : NULL;

    if (at)
        at = strstr(at + 3, ": ");
    return at && at[2] ? at + 2 : text;
}

const char *bridge_detail(const char *text, char *line, size_t size)
{
    text = skip_code(text);
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        if (strcmp(text, plain[i].theirs) == 0)
            text = plain[i].ours;
    snprintf(line, size, "%s", text);
    for (size_t i = 0; i < sizeof preambles / sizeof preambles[0]; i++) {
        const char *found = strstr(text, preambles[i]);
        const char *point = found ? found + strlen(preambles[i]) : "";
        size_t len = strlen(point);

        if (len > 1 && point[len - 1] == ')')
            snprintf(line, size, "%.*s%.*s", (int)(found - text), text, (int)(len - 1), point);
    }
    return line;
}
