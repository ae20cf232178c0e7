/* SPDX-License-Identifier: MIT */
/* One connection to the broker, with one channel, over librabbitmq. Private to broker_*.c.
 *
 * Once it is open nothing blocks. librabbitmq's own functions do: amqp_basic_publish() waits for a broker that does
 * not read (before 0.14 for ever), amqp_read_message() for the last octet of a message. So frames are sent one by one,
 * only while the socket has room, and the others wait in a list. Frames are read one by one, without waiting. poll(2)
 * reports room when a third of the socket's buffer is free, and there a frame of LINK_PIECE fits in. */
#ifndef WORKER_BROKER_LINK_H
#define WORKER_BROKER_LINK_H

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/framing.h>
#else
#include <amqp.h>
#include <amqp_framing.h>
#endif
#include "worker/broker_tls.h"
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct fault;

#define LINK_CHANNEL  1
#define LINK_PIECE    16384
#define LINK_TEXT     512
#define LINK_OPEN_MS  10000
#define LINK_CLOSE_MS 2000

/* The frame of an output that comes next. */
enum link_stage { STAGE_METHOD, STAGE_PROPERTIES, STAGE_BODY, STAGE_DONE };

/* A method to send, with a content behind it if it publishes. */
struct link_output {
    struct link_output *next;
    amqp_method_number_t method;
    union {
        amqp_basic_ack_t ack;
        amqp_basic_reject_t reject;
        amqp_basic_publish_t publish;
        amqp_basic_qos_t qos;
        amqp_basic_consume_t consume;
        amqp_basic_cancel_t cancel;
    } decoded;
    amqp_pool_t pool; /* of the texts */
    amqp_basic_properties_t properties;
    const char *body; /* the caller's; a copy if it has to wait */
    void *own;
    size_t len, sent;
    enum link_stage stage;
};

struct broker_link {
    amqp_connection_state_t state; /* NULL: closed */
    struct link_output *first, *last;
    int is_held;       /* the broker has said that it does not read: nothing is sent but heartbeats */
    int is_busy;       /* the last read has found something: there may be more, which poll(2) does not see */
    int64_t last_look; /* when it was read from last */
    struct broker_tls tls;
};

int64_t broker_link_now(void);

/* Opens `count` connections, which are named in the broker's lists. Returns 0, or an exit code with *fault filled;
 * then they are closed. */
int broker_link_open(const struct config *config, struct broker_link *const links[], const char *const names[],
                     size_t count, int64_t deadline, struct fault *fault);
/* Closes it at once, and forgets what was not sent. It may be closed. */
void broker_link_drop(struct broker_link *link);
/* Sends what is left, waits until `pause_until`, and says goodbye, until the deadline. Without that the broker may not
 * get the last frames, as a socket that is closed with unread octets resets the connection. */
void broker_link_close(struct broker_link *link, int64_t pause_until, int64_t deadline);
/* The result of an RPC. Returns 0; or the code of the broker, such as AMQP_NOT_FOUND, or a negative AMQP_STATUS_*,
 * with the reason in LINK_TEXT octets. */
int broker_link_result(amqp_rpc_reply_t reply, char *text);
/* How long the RPCs may wait. */
void broker_link_set_deadline(struct broker_link *link, int64_t deadline);

/* NULL: no memory. */
struct link_output *broker_link_output(amqp_method_number_t method);
void broker_link_forget(struct link_output *output);
/* A copy that lives as long as the pool. bytes NULL: no memory. */
amqp_bytes_t broker_link_copy(amqp_pool_t *pool, const char *text);
/* Sends it, or keeps it for broker_link_flush(); owns it. Returns AMQP_STATUS_OK, or another one if the connection is
 * lost. */
int broker_link_send(struct broker_link *link, struct link_output *output);
int broker_link_flush(struct broker_link *link);
/* The next frame of the channel or of the connection; it lives until the next call. AMQP_STATUS_TIMEOUT: there is none
 * now. */
int broker_link_read(struct broker_link *link, amqp_frame_t *frame);
/* Fills in what to wait for, and makes *deadline earlier if it must be read from earlier. */
void broker_link_watch(const struct broker_link *link, struct pollfd *fd, int64_t *deadline);

/* The texts of a broker, without control characters. */
void broker_link_text(amqp_bytes_t bytes, char *text, size_t cap);

#endif
