/* SPDX-License-Identifier: MIT */
/* Publishes one message and waits until the broker has it safely. */
#ifndef WORKER_PUBLISH_H
#define WORKER_PUBLISH_H

#include "worker/broker.h"

struct fault;
struct topology_address;

/* The broker must be open. Returns 0 after its confirmation; EXIT_CONFIG: there is no such queue; EXIT_DEFERRED: the
 * queue is full, the broker is short of memory or disk, or it was lost, or silent for so many milliseconds. The text
 * says if the message may be in the queue all the same. */
int publish_confirmed(struct broker *broker, const struct topology_address *to, const struct broker_message *message,
                      int64_t milliseconds, struct fault *fault);

#endif
