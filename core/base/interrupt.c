/* SPDX-License-Identifier: MIT */
#include "base/interrupt.h"

#include "base/process.h"
#include "portable/wakeup.h"

void interrupt_init(struct interrupt *i)
{
    atomic_init(&i->asked, false);
    atomic_init(&i->ring, -1);
    i->wait = -1;
    i->process = 0;
}

void interrupt_free(struct interrupt *i)
{
    int ends[2] = {i->wait, atomic_exchange(&i->ring, -1)};

    if (ends[1] >= 0)
        wakeup_close(ends);
}

void interrupt_ask(struct interrupt *i)
{
    int end;

    atomic_store(&i->asked, true);
    if ((end = atomic_load(&i->ring)) >= 0)
        wakeup_ring(end);
}

int interrupt_fd(struct interrupt *i)
{
    int ends[2];

    if (atomic_load(&i->ring) >= 0 && i->process == process_number())
        return i->wait;
    interrupt_free(i);
    if (wakeup_open(ends) < 0)
        return -1;
    i->process = process_number();
    i->wait = ends[0];
    atomic_store(&i->ring, ends[1]);
    return i->wait;
}

void interrupt_drain(struct interrupt *i)
{
    wakeup_drain(i->wait);
}

bool interrupt_asked(const struct interrupt *i)
{
    return atomic_load(&i->asked);
}

bool interrupt_take(struct interrupt *i)
{
    return atomic_load(&i->asked) && atomic_exchange(&i->asked, false);
}
