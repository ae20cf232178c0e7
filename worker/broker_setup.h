/* SPDX-License-Identifier: MIT */
/* The exchanges and queues of the topology on a broker: made and looked at. */
#ifndef WORKER_BROKER_SETUP_H
#define WORKER_BROKER_SETUP_H

#include "worker/topology.h"
#include <stdint.h>

struct broker_link;
struct config;
struct fault;

enum setup_state {
    SETUP_THERE,
    SETUP_MISSING,
    SETUP_DIFFERENT, /* it has other arguments, or is of another type */
};

struct setup_result {
    enum setup_state state;
    uint32_t messages; /* of a queue: those that are ready, without those that a worker has taken */
    uint32_t consumers;
    char text[512]; /* the broker's; "" if it is SETUP_THERE */
};

/* Each returns 0, or an exit code with *fault filled. */

/* Connects. The link is closed with broker_setup_close(), after a failure too. */
int broker_setup_open(const struct config *config, struct broker_link **out, struct fault *fault);
void broker_setup_close(struct broker_link *link);
/* Looks whether it is there, and counts. Its arguments cannot be seen. */
int broker_setup_look_exchange(struct broker_link *link, const struct topology_exchange *exchange,
                               struct setup_result *result, struct fault *fault);
int broker_setup_look_queue(struct broker_link *link, const struct topology_queue *queue, struct setup_result *result,
                            struct fault *fault);
/* Makes it, and binds a queue to its exchange. If it is there with the same arguments, nothing happens. */
int broker_setup_make_exchange(struct broker_link *link, const struct topology_exchange *exchange,
                               struct setup_result *result, struct fault *fault);
int broker_setup_make_queue(struct broker_link *link, const struct topology_queue *queue, struct setup_result *result,
                            struct fault *fault);
/* Looks at all of the topology: EXIT_CONFIG if one is missing. */
int broker_setup_check(struct broker_link *link, const struct config *config, struct fault *fault);

#endif
