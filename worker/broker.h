/* SPDX-License-Identifier: MIT */
/* The broker, as the worker sees it: a table of functions, which broker_amqp.c fills for AMQP 0-9-1 and the tests with
 * a broker of their own. Nothing here blocks but open() and, for 2 s at most, close(). If the broker does not read, or
 * not fast enough, publications and settlements are copied and wait in memory; take() sends them on. */
#ifndef WORKER_BROKER_H
#define WORKER_BROKER_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct fault;

/* ---- messages ---- */

enum broker_header_kind {
    BROKER_TEXT,
    BROKER_NUMBER,
    BROKER_LIST,  /* texts */
    BROKER_OTHER, /* a type that a job does not have: only its name is known, and it is not published */
};

/* One entry of the table `headers` of a message. */
struct broker_header {
    const char *name;
    enum broker_header_kind kind;
    const char *text; /* ends with NUL; it has none within, or the kind is BROKER_OTHER */
    int64_t number;
    const char *const *list;
    size_t count;
};

/* A message with the properties that envoi uses. Texts are "" and numbers 0 if they are not set. */
struct broker_message {
    const char *id; /* message_id */
    const char *content_type;
    int64_t timestamp; /* seconds since 1970 */
    const struct broker_header *headers;
    size_t header_count;
    const void *body;
    size_t len;
};

/* ---- events ---- */

enum broker_event_kind {
    BROKER_NOTHING,   /* no more events until a descriptor is ready, or the deadline has passed */
    BROKER_DELIVERY,  /* a job */
    BROKER_CONFIRMED, /* the broker has the publication `number` safely */
    BROKER_RETURNED,  /* no queue took it: the publication is lost if it is not published again */
    BROKER_REFUSED,   /* nor did the broker: a queue is full (reject-publish) */
    BROKER_CANCELLED, /* the broker has ended the consumer: its queue was deleted, or is moving */
    BROKER_BLOCKED,   /* publications wait: the broker is short of memory or disk. `text` says why */
    BROKER_UNBLOCKED,
    BROKER_LOST, /* both connections are closed; `text` says why. All tags and numbers are void */
};

/* What it points to lives until the next call of take(). */
struct broker_event {
    enum broker_event_kind kind;
    uint64_t number;               /* of the publication, or the tag of the delivery */
    int redelivered;               /* the job was delivered before, to this worker or to another one */
    int64_t delivery_count;        /* how often it came back; 0: it did not */
    struct broker_message message; /* the job */
    const char *text;
};

enum broker_settlement {
    BROKER_ACK,
    BROKER_REJECT, /* to the dead letters, without coming back */
};

/* ---- the functions ---- */

#define BROKER_FDS 2

struct broker {
    const struct broker_functions *functions;
};

/* Functions that return int return 0, or an exit code with *fault filled. EXIT_REFUSED from any but open(): the broker
 * is lost, and take() says so. */
struct broker_functions {
    /* Fetches the password, connects, logs in, and looks whether the exchanges and queues are there (whether they have
     * the right arguments, only `declare` can see). Bounded in time: 10 s, but the C library has its own bounds for
     * looking up a name. EXIT_REFUSED: the broker is not there; EXIT_PROTOCOL: no TLS, or the certificate is not
     * trusted or for another name; EXIT_LOGIN; EXIT_CONFIG: no such virtual host, the queues are not there, no
     * password. */
    int (*open)(struct broker *broker, struct fault *fault);
    /* Begins to take jobs, at most `prefetch` without a settlement; 0: takes no more. Again: with another prefetch,
     * for which jobs that were taken before do not count. Jobs that are on their way behind a 0 are still delivered. A
     * job above 128 MiB is not: it is rejected, to the dead letters. */
    int (*consume)(struct broker *broker, unsigned prefetch, struct fault *fault);
    /* What to wait for. Returns the number of entries; *deadline, in milliseconds of CLOCK_MONOTONIC, is when take()
     * must be called at the latest (a heartbeat is due), -1: never. */
    size_t (*fds)(struct broker *broker, struct pollfd fds[BROKER_FDS], int64_t *deadline);
    /* The next event. Call it until it is BROKER_NOTHING. */
    void (*take)(struct broker *broker, struct broker_event *event);
    /* Publishes to an exchange, mandatory and persistent. *number names the publication in its events (and is its
     * correlation ID); exactly one of CONFIRMED, RETURNED and REFUSED comes for each, unless the broker is lost
     * before. While the broker is blocked none comes. EXIT_DATA: the headers are larger than a frame (128 KiB), or a
     * name in the message is longer than 255 octets; it was not published, and the broker is not lost. Nor is it with
     * EXIT_LOCAL. */
    int (*publish)(struct broker *broker, const char *exchange, const char *routing_key,
                   const struct broker_message *message, uint64_t *number, struct fault *fault);
    int (*settle)(struct broker *broker, uint64_t tag, enum broker_settlement settlement, struct fault *fault);
    /* Sends what waits, for 2 s at most, and not what a blocked broker would have to read; closes the connections, if
     * they are open. All events are forgotten. It may be opened again. */
    void (*close)(struct broker *broker);
    void (*free)(struct broker *broker);
};

/* A broker that speaks AMQP 0-9-1 (librabbitmq), as [worker] says. `config` must outlive it. NULL: out of memory. */
struct broker *broker_amqp_new(const struct config *config);

#endif
