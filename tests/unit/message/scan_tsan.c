/* SPDX-License-Identifier: MIT */
/* Only loaded and called, in a build of gcc with ThreadSanitizer. */
#include "message/content_scan.h"

int main(void)
{
    static const uint8_t block[256] = "\r\n.";

    return scan_block(block, sizeof block, true).dotted ? 0 : 1;
}
