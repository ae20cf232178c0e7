/* SPDX-License-Identifier: MIT */
#include "alert.h"

#include <stdio.h>

/* RFC 8446 section 6; RFC 5246 section 7.2. */
static const struct {
    unsigned alert;
    const char *words;
} rows[] = {
    {10, "unexpected message"},
    {20, "bad record MAC"},
    {22, "record overflow"},
    {40, "handshake failure"},
    {42, "bad certificate"},
    {43, "unsupported certificate"},
    {44, "certificate is revoked"},
    {45, "certificate has expired"},
    {46, "certificate unknown"},
    {47, "illegal parameter"},
    {48, "CA is unknown"},
    {49, "access denied"},
    {50, "decode error"},
    {51, "decrypt error"},
    {70, "protocol version"},
    {71, "insufficient security"},
    {80, "internal error"},
    {86, "inappropriate fallback"},
    {90, "cancelled by its user"},
    {109, "missing extension"},
    {110, "unsupported extension"},
    {112, "unrecognized name"},
    {115, "unknown PSK identity"},
    {116, "a client certificate is required"},
    {120, "no application protocol"},
};

void backend_alert_add(struct backend_text *text, unsigned alert, bool asked)
{
    char number[32];
    const char *words = number;

    (void)snprintf(number, sizeof number, "number %u", alert);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].alert == alert)
            words = rows[i].words;
    }
    backend_text_add(text, "the server's alert: ");
    backend_text_add(text, words);
    if (asked)
        backend_text_add(text, ". It asked for a client certificate, and none is set");
}
