/* SPDX-License-Identifier: MIT */
/* The scan as it is on a machine without AVX2. */
#define SCAN_BASELINE
#define scan_block  baseline_scan_block
#define scan_repair baseline_scan_repair
#include "message/content_scan.c"
