/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SINK_DIALOGUE_H
#define BENCH_SINK_DIALOGUE_H

#include "connection.h"

/* Looks at what a connection holds and answers it. False: the client is beyond words. */
bool dialogue_run(struct connection *connection);

#endif
