/* SPDX-License-Identifier: MIT */
/* Work that may block: run() is called once and then release(), on any thread. */
#ifndef BASE_TASK_H
#define BASE_TASK_H

struct task {
    void (*run)(void *ctx);
    void (*release)(void *ctx);
    void *ctx;
};

#endif
