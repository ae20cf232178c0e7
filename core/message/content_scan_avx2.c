/* SPDX-License-Identifier: MIT */
/* content_scan.c for machines with AVX2; CMake has the flags. A vector twice as wide halves the instructions. */
#define scan_block  scan_block_avx2
#define scan_repair scan_repair_avx2
#include "message/content_scan.c" /* NOLINT(bugprone-suspicious-include) */
