/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include <envoi/error.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int base64_encode(struct buf *out, const void *data, size_t len)
{
    const uint8_t *in = data;
    uint8_t *at;
    int rc;

    if (len > SIZE_MAX / 4 * 3 - 3)
        return ENVOI_E_MEMORY;
    if ((rc = buf_reserve(out, (len + 2) / 3 * 4, &at)))
        return rc;
    for (size_t i = 0; i < len; i += 3) {
        unsigned left = (unsigned)(len - i < 3 ? len - i : 3);
        unsigned bits = (unsigned)in[i] << 16;

        if (left > 1)
            bits |= (unsigned)in[i + 1] << 8;
        if (left > 2)
            bits |= in[i + 2];
        *at++ = (uint8_t)alphabet[bits >> 18];
        *at++ = (uint8_t)alphabet[bits >> 12 & 63];
        *at++ = left > 1 ? (uint8_t)alphabet[bits >> 6 & 63] : '=';
        *at++ = left > 2 ? (uint8_t)alphabet[bits & 63] : '=';
    }
    buf_commit(out, (len + 2) / 3 * 4);
    return ENVOI_OK;
}

static int base64_value(char c)
{
    const char *at = c ? strchr(alphabet, c) : NULL;

    return at ? (int)(at - alphabet) : -1;
}

/* How many `=` the last group has: 0, 1 or 2. 3: the length is not that of base64. */
static size_t base64_padding(const char *text, size_t len)
{
    if (len % 4 != 0)
        return 3;
    if (len == 0 || text[len - 1] != '=')
        return 0;
    return text[len - 2] == '=' ? 2 : 1;
}

int base64_decode(struct buf *out, const char *text, size_t len)
{
    size_t pad = base64_padding(text, len);
    uint8_t *at;
    int rc;

    if (pad == 3)
        return ENVOI_E_PROTOCOL;
    if ((rc = buf_reserve(out, len / 4 * 3, &at)))
        return rc;
    for (size_t i = 0; i < len; i += 4) {
        size_t skip = i + 4 == len ? pad : 0;
        unsigned bits = 0;

        for (size_t k = 0; k < 4; k++) {
            int v = k >= 4 - skip ? 0 : base64_value(text[i + k]);

            if (v < 0)
                return ENVOI_E_PROTOCOL;
            bits = bits << 6 | (unsigned)v;
        }
        if (skip && bits & (skip == 1 ? 0xffu : 0xffffu))
            return ENVOI_E_PROTOCOL;
        *at++ = (uint8_t)(bits >> 16);
        if (skip < 2)
            *at++ = (uint8_t)(bits >> 8);
        if (skip < 1)
            *at++ = (uint8_t)bits;
    }
    buf_commit(out, len / 4 * 3 - pad);
    return ENVOI_OK;
}
