/* SPDX-License-Identifier: MIT */
/* The scan as it is on a machine of which the compiler knows no vectors. */
#define SCAN_BASELINE
#undef __SSE2__
#define scan_block  plain_scan_block
#define scan_repair plain_scan_repair
#include "message/content_scan.c"
