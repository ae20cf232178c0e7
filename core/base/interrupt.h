/* SPDX-License-Identifier: MIT */
/* Ends a wait from a signal handler or from another thread. The request is a flag; a descriptor, made for the first
 * wait, ends it. The waiting side makes the descriptor before it looks at the flag, and the other side sets the flag
 * before it looks for the descriptor, so that no request is lost between the two. */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

#include <stdatomic.h>
#include <stdbool.h>

struct interrupt {
    atomic_bool asked;
    atomic_int ring;  /* the end that is rung; -1: none yet */
    int wait;         /* the end that is waited for; they may be one descriptor */
    unsigned process; /* process_number() of the process that made them: a child of fork() must not share them */
};

void interrupt_init(struct interrupt *i);
/* Closes the descriptor. */
void interrupt_free(struct interrupt *i);
/* Async-signal-safe, and from any thread. errno is kept. */
void interrupt_ask(struct interrupt *i);
/* The descriptor, which is readable after interrupt_ask(); made if there is none. -1: it cannot be made, and errno says
 * why. Between this call and the wait, interrupt_asked() has to be looked at. */
int interrupt_fd(struct interrupt *i);
/* The descriptor was readable: makes it not. The flag stays. */
void interrupt_drain(struct interrupt *i);
bool interrupt_asked(const struct interrupt *i);
/* Takes the request: true if there was one. */
bool interrupt_take(struct interrupt *i);

#endif
