/* SPDX-License-Identifier: MIT */
#include "engine/content_scan.h"

#include <string.h>

/* Pairs of neighbours: a CR without its LF and a LF without its CR show in one comparison. */
static bool pairs_are_regular(const uint8_t *p, size_t len)
{
    uint8_t bad = 0;

    for (size_t i = 0; i + 1 < len; i++)
        bad |= (uint8_t)((p[i] == '\r') ^ (p[i + 1] == '\n'));
    return !bad;
}

static bool has_dotted_line(const uint8_t *p, size_t len)
{
    uint8_t found = 0;

    for (size_t i = 0; i + 1 < len; i++)
        found |= (uint8_t)((p[i] == '\n') & (p[i + 1] == '.'));
    return found;
}

bool scan_is_regular(const uint8_t *block, size_t len, bool at_line_start, bool dots)
{
    if (len == 0)
        return true;
    if (block[0] == '\n' || block[len - 1] == '\r' || (dots && at_line_start && block[0] == '.'))
        return false;
    return !memchr(block, '\0', len) && pairs_are_regular(block, len) && !(dots && has_dotted_line(block, len));
}

bool scan_has_8bit(const uint8_t *block, size_t len)
{
    uint8_t all = 0;

    for (size_t i = 0; i < len; i++)
        all |= block[i];
    return all & 0x80;
}
