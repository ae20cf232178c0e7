/* SPDX-License-Identifier: MIT */
#include "json.h"

#include "accounts/moment.h"
#include "text.h"
#include <envoi/envoi.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

json_t *text_json(const char *text)
{
    char *clean = text_clean(text, '\n');
    json_t *json = clean ? json_string(clean) : NULL;

    free(clean);
    return json;
}

/* Writes up to three octets as four digits of base64 (RFC 4648). */
static void base64_group(const unsigned char *in, size_t len, char out[4])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned bits = (unsigned)in[0] << 16 | (len > 1 ? (unsigned)in[1] << 8 : 0) | (len > 2 ? in[2] : 0u);

    for (size_t i = 0; i < 4; i++)
        out[i] = i > len ? '=' : digits[bits >> (18 - 6 * i) & 63];
}

json_t *text_pem(const void *der, size_t len)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----\n", end[] = "-----END CERTIFICATE-----\n";
    const unsigned char *octets = der;
    /* Per line 48 octets, which become 64 digits and a line feed. */
    char *text = malloc(sizeof begin + sizeof end + (len / 48 + 1) * 65);
    char *at = text;
    json_t *pem;

    if (!text)
        return NULL;
    at = stpcpy(at, begin);
    for (size_t i = 0; i < len; i += 3) {
        base64_group(octets + i, len - i < 3 ? len - i : 3, at);
        at += 4;
        if (i % 48 == 45 || i + 3 >= len)
            *at++ = '\n';
    }
    stpcpy(at, end);
    pem = json_string(text);
    free(text);
    return pem;
}

json_t *text_moment(int64_t seconds)
{
    char text[MOMENT_TEXT];

    return json_string(moment_write(seconds, text));
}

json_t *fault_json(const struct fault *fault)
{
    json_t *object;

    if (!fault->exit)
        return NULL;
    object = json_object();
    json_object_set_new(object, "name", text_json(envoi_error_name(fault->error)));
    json_object_set_new(object, "text", text_json(fault->text));
    json_object_set_new(object, "phase", text_json(fault->phase ? envoi_phase_name(fault->phase) : ""));
    json_object_set_new(object, "code", json_integer(fault->code));
    json_object_set_new(object, "enhanced", text_json(fault->enhanced));
    return object;
}
