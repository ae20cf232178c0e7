/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

/* Rows of RFC 3629 section 4: the lead octets, how many octets follow, and the range of the first of these (the others:
 * 80..BF). */
static const struct {
    uint8_t lead_min, lead_max, follow, next_min, next_max;
} forms[] = {
    {0x00, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
    {0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

size_t utf8_take(const char *text, size_t len, uint32_t *point)
{
    const uint8_t *at = (const uint8_t *)text;

    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        uint8_t follow = forms[i].follow;

        if (at[0] < forms[i].lead_min || at[0] > forms[i].lead_max)
            continue;
        if (len <= follow)
            return 0;
        *point = follow ? at[0] & (0x3fu >> follow) : at[0];
        for (size_t k = 1; k <= follow; k++) {
            if (at[k] < (k == 1 ? forms[i].next_min : 0x80) || at[k] > (k == 1 ? forms[i].next_max : 0xbf))
                return 0;
            *point = *point << 6 | (at[k] & 0x3fu);
        }
        return (size_t)follow + 1;
    }
    return 0;
}

bool utf8_is_valid(const char *text, size_t len)
{
    uint32_t point;

    for (size_t n; len; text += n, len -= n)
        if (!(n = utf8_take(text, len, &point)))
            return false;
    return true;
}
