/* SPDX-License-Identifier: MIT */
/* Allocations that fail one by one. */
#ifndef TESTS_WORKER_MEMORY_H
#define TESTS_WORKER_MEMORY_H

/* The allocation of worker/ that fails, counted down from now on; 0: none. */
extern int memory_until_failure;

#endif
