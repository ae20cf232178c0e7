/* SPDX-License-Identifier: MIT */
/* Messages of broker.h, to and from the properties and frames of AMQP. Private to broker_*.c. */
#ifndef WORKER_BROKER_MESSAGE_H
#define WORKER_BROKER_MESSAGE_H

#include "worker/broker.h"
#include "worker/broker_link.h"

/* A content that comes in: the properties, then the body, a frame each. */
struct broker_content {
    amqp_pool_t pool; /* of all but the body */
    struct broker_message message;
    char *body;
    size_t got;
    uint64_t number;        /* the correlation ID, 0: none of ours */
    int64_t delivery_count; /* of the header x-delivery-count */
    int is_expected;        /* its method was read, and not all of its frames */
    int has_properties;
    int is_too_large; /* above 128 MiB: the body is skipped */
};

void broker_content_init(struct broker_content *content);
/* A method was read that a content follows. */
void broker_content_expect(struct broker_content *content);
/* Takes a frame of it. Returns AMQP_STATUS_OK or another one; *is_complete: it was the last. */
int broker_content_take(struct broker_content *content, const amqp_frame_t *frame, int *is_complete);
void broker_content_free(struct broker_content *content);

/* Makes the publication of a message, which borrows the body. `number` comes back if it is returned. Returns 0, or an
 * exit code with *fault filled: EXIT_DATA, it does not fit into AMQP. */
int broker_message_output(const struct broker_message *message, const char *exchange, const char *routing_key,
                          uint64_t number, size_t frame_max, struct link_output **out, struct fault *fault);

#endif
