/* SPDX-License-Identifier: MIT */
/* The looks at a block of content that are worth being fast: whole blocks, no branches within. */
#ifndef ENGINE_CONTENT_SCAN_H
#define ENGINE_CONTENT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* May the block go out as it is? Every CR is followed by LF and every LF follows a CR, no NUL, the last octet is no CR and,
 * with dots, no line (the first one only when at_line_start) begins with a dot. */
bool scan_is_regular(const uint8_t *block, size_t len, bool at_line_start, bool dots);
/* Has it an octet above 127? */
bool scan_has_8bit(const uint8_t *block, size_t len);

#endif
