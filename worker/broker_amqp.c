/* SPDX-License-Identifier: MIT */
/* The broker over AMQP 0-9-1. One connection takes jobs and settles them, another one publishes: a broker that is
 * short of memory does not read from the latter, and the settlements must go on. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/broker.h"
#include "worker/broker_link.h"
#include "worker/broker_message.h"
#include "worker/broker_setup.h"
#include "worker/config.h"
#include "worker/topology.h"

#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BROKER_PREFETCH_MAX 65535
#define BROKER_FIRST_ROOM   64
/* How long a settlement may take on the broker. A channel of RabbitMQ has 32 on their way to a quorum queue, keeps
 * those behind them, and forgets these with the connection; nothing tells when they are done. */
#define BROKER_SETTLE_MS    250
/* Frames that one call of take() reads at most without an event: 32 MiB. */
#define BROKER_FRAMES_MAX   256

enum broker_publication { PUBLICATION_WAITING, PUBLICATION_RETURNED, PUBLICATION_SETTLED };

/* The publications from `first` to before `next`, of which not all are settled: a ring, by their numbers. */
struct broker_window {
    unsigned char *states;
    size_t room;
    uint64_t first, next;
    /* The broker's answer for those from `from` to `to`, one event each. */
    uint64_t from, to;
    enum broker_event_kind answer;
};

struct broker_amqp {
    struct broker broker;
    const struct config *config;
    struct broker_link consumer, publisher;
    struct broker_content job, returned;
    struct broker_window window;
    uint64_t tag;    /* of the job that comes in */
    int redelivered; /* it */
    unsigned consumers;
    int is_consuming;
    int64_t settled_at;   /* the last settlement */
    int is_open, is_lost; /* lost: open no more, and not told */
    char text[LINK_TEXT];
};

static struct broker_amqp *amqp_of(struct broker *broker)
{
    return (struct broker_amqp *)(void *)((char *)broker - offsetof(struct broker_amqp, broker));
}

/* ---- lost ---- */

static void amqp_drop(struct broker_amqp *b)
{
    broker_link_drop(&b->consumer);
    broker_link_drop(&b->publisher);
    b->window.first = b->window.next = b->window.from = 1;
    b->window.to = 0;
    b->job.is_expected = b->returned.is_expected = 0;
    b->is_consuming = b->is_open = 0;
}

static void amqp_lose(struct broker_amqp *b, const char *text)
{
    if (text != b->text)
        snprintf(b->text, sizeof b->text, "%s", text);
    amqp_drop(b);
    b->is_lost = 1;
}

static int amqp_is_gone(const struct broker_amqp *b, struct fault *fault)
{
    if (b->is_open)
        return 0;
    return fault_set(fault, EXIT_REFUSED, ENVOI_E_DISCONNECTED, "the broker is lost: %s",
                     *b->text ? b->text : "it was not opened");
}

/* After a failure of librabbitmq. Returns the exit code. */
static int amqp_fail(struct broker_amqp *b, int status, struct fault *fault)
{
    amqp_lose(b, amqp_error_string2(status));
    return amqp_is_gone(b, fault);
}

/* ---- the window ---- */

static unsigned char *window_at(const struct broker_window *window, uint64_t number)
{
    return &window->states[number & (window->room - 1)];
}

/* Takes the next number. 0: no memory. */
static uint64_t window_add(struct broker_window *window)
{
    if (window->next - window->first == window->room) {
        struct broker_window larger = *window;

        larger.room = window->room ? window->room * 2 : BROKER_FIRST_ROOM;
        larger.states = malloc(larger.room);
        if (!larger.states)
            return 0;
        for (uint64_t i = window->first; i != window->next; i++)
            *window_at(&larger, i) = *window_at(window, i);
        free(window->states);
        *window = larger;
    }
    *window_at(window, window->next) = PUBLICATION_WAITING;
    return window->next++;
}

/* The broker has settled one, or all up to it. */
static void window_answer(struct broker_window *window, uint64_t number, int multiple, enum broker_event_kind answer)
{
    if (!number || number >= window->next)
        number = window->next - 1;
    window->to = number;
    window->from = multiple || number < window->first ? window->first : number;
    window->answer = answer;
}

/* The next event of that answer, if there is one. A returned publication has had its event. */
static void window_take(struct broker_window *window, struct broker_event *event)
{
    while (window->from <= window->to && event->kind == BROKER_NOTHING) {
        unsigned char *state = window_at(window, window->from);

        if (*state == PUBLICATION_WAITING)
            *event = (struct broker_event){.kind = window->answer, .number = window->from};
        *state = PUBLICATION_SETTLED;
        window->from++;
    }
    while (window->first < window->next && *window_at(window, window->first) == PUBLICATION_SETTLED)
        window->first++;
}

static void window_return(struct broker_window *window, uint64_t number, struct broker_event *event)
{
    if (number < window->first || number >= window->next || *window_at(window, number) != PUBLICATION_WAITING)
        return;
    *window_at(window, number) = PUBLICATION_RETURNED;
    *event = (struct broker_event){.kind = BROKER_RETURNED, .number = number};
}

/* ---- frames ---- */

typedef void broker_method_fn(struct broker_amqp *b, struct broker_link *link, void *decoded,
                              struct broker_event *event);

static void amqp_on_deliver(struct broker_amqp *b, struct broker_link *link, void *decoded, struct broker_event *event)
{
    const amqp_basic_deliver_t *deliver = decoded;

    (void)link, (void)event;
    b->tag = deliver->delivery_tag;
    b->redelivered = deliver->redelivered;
    broker_content_expect(&b->job);
}

static void amqp_on_return(struct broker_amqp *b, struct broker_link *link, void *decoded, struct broker_event *event)
{
    (void)link, (void)decoded, (void)event;
    broker_content_expect(&b->returned);
}

static void amqp_on_ack(struct broker_amqp *b, struct broker_link *link, void *decoded, struct broker_event *event)
{
    const amqp_basic_ack_t *ack = decoded;

    (void)link;
    window_answer(&b->window, ack->delivery_tag, ack->multiple, BROKER_CONFIRMED);
    window_take(&b->window, event);
}

static void amqp_on_nack(struct broker_amqp *b, struct broker_link *link, void *decoded, struct broker_event *event)
{
    const amqp_basic_nack_t *nack = decoded;

    (void)link;
    window_answer(&b->window, nack->delivery_tag, nack->multiple, BROKER_REFUSED);
    window_take(&b->window, event);
}

static void amqp_on_cancel(struct broker_amqp *b, struct broker_link *link, void *decoded, struct broker_event *event)
{
    (void)link, (void)decoded;
    b->is_consuming = 0;
    event->kind = BROKER_CANCELLED;
}

static void amqp_on_blocked(struct broker_amqp *b, struct broker_link *link, void *decoded, struct broker_event *event)
{
    const amqp_connection_blocked_t *blocked = decoded;

    if (link == &b->publisher && !link->is_held) {
        broker_link_text(blocked->reason, b->text, sizeof b->text);
        link->is_held = 1;
        *event = (struct broker_event){.kind = BROKER_BLOCKED, .text = b->text};
    }
}

static void amqp_on_unblocked(struct broker_amqp *b, struct broker_link *link, void *decoded,
                              struct broker_event *event)
{
    (void)b, (void)decoded;
    if (link->is_held)
        event->kind = BROKER_UNBLOCKED;
    link->is_held = 0;
}

/* channel.close has the same members. */
static void amqp_on_close(struct broker_amqp *b, struct broker_link *link, void *decoded, struct broker_event *event)
{
    const amqp_connection_close_t *close = decoded;

    (void)link, (void)event;
    broker_link_text(close->reply_text, b->text, sizeof b->text);
    amqp_lose(b, b->text);
}

static void amqp_on_answer(struct broker_amqp *b, struct broker_link *link, void *decoded, struct broker_event *event)
{
    (void)b, (void)link, (void)decoded, (void)event;
}

static const struct broker_method {
    amqp_method_number_t id;
    broker_method_fn *act;
} broker_methods[] = {
    {AMQP_BASIC_DELIVER_METHOD, amqp_on_deliver},
    {AMQP_BASIC_ACK_METHOD, amqp_on_ack},
    {AMQP_BASIC_NACK_METHOD, amqp_on_nack},
    {AMQP_BASIC_RETURN_METHOD, amqp_on_return},
    {AMQP_BASIC_CANCEL_METHOD, amqp_on_cancel},
    {AMQP_BASIC_QOS_OK_METHOD, amqp_on_answer},
    {AMQP_CONNECTION_BLOCKED_METHOD, amqp_on_blocked},
    {AMQP_CONNECTION_UNBLOCKED_METHOD, amqp_on_unblocked},
    {AMQP_CONNECTION_CLOSE_METHOD, amqp_on_close},
    {AMQP_CHANNEL_CLOSE_METHOD, amqp_on_close},
};

static int amqp_settle_job(struct broker_amqp *b, uint64_t tag, enum broker_settlement settlement)
{
    static const amqp_method_number_t methods[] = {
        [BROKER_ACK] = AMQP_BASIC_ACK_METHOD, [BROKER_REJECT] = AMQP_BASIC_REJECT_METHOD};
    struct link_output *output = broker_link_output(methods[settlement]);

    if (!output)
        return AMQP_STATUS_NO_MEMORY;
    b->settled_at = broker_link_now();
    if (settlement == BROKER_ACK)
        output->decoded.ack.delivery_tag = tag;
    else
        output->decoded.reject.delivery_tag = tag;
    return broker_link_send(&b->consumer, output);
}

/* A content is complete. */
static int amqp_on_content(struct broker_amqp *b, const struct broker_content *content, struct broker_event *event)
{
    int status = AMQP_STATUS_OK;

    if (content == &b->returned)
        window_return(&b->window, content->number, event);
    else if (content->is_too_large)
        status = amqp_settle_job(b, b->tag, BROKER_REJECT);
    else
        *event = (struct broker_event){.kind = BROKER_DELIVERY,
                                       .number = b->tag,
                                       .redelivered = b->redelivered,
                                       .delivery_count = content->delivery_count,
                                       .message = content->message};
    return status;
}

static int amqp_on_frame(struct broker_amqp *b, struct broker_link *link, const amqp_frame_t *frame,
                         struct broker_event *event)
{
    struct broker_content *content = link == &b->consumer ? &b->job : &b->returned;
    int is_complete, status;

    if (frame->frame_type == AMQP_FRAME_METHOD) {
        for (size_t i = 0; i < sizeof broker_methods / sizeof *broker_methods; i++)
            if (broker_methods[i].id == frame->payload.method.id) {
                broker_methods[i].act(b, link, frame->payload.method.decoded, event);
                return AMQP_STATUS_OK;
            }
        return AMQP_STATUS_WRONG_METHOD;
    }
    status = broker_content_take(content, frame, &is_complete);
    return status == AMQP_STATUS_OK && is_complete ? amqp_on_content(b, content, event) : status;
}

/* Reads from one connection until there is an event, nothing more to read, or too many frames. */
static void amqp_look(struct broker_amqp *b, struct broker_link *link, struct broker_event *event)
{
    int status = broker_link_flush(link);

    for (int i = 0; status == AMQP_STATUS_OK && i < BROKER_FRAMES_MAX && b->is_open && !event->kind; i++) {
        amqp_frame_t frame;

        status = broker_link_read(link, &frame);
        if (status == AMQP_STATUS_OK)
            status = amqp_on_frame(b, link, &frame, event);
    }
    if (status != AMQP_STATUS_OK && status != AMQP_STATUS_TIMEOUT && b->is_open)
        amqp_lose(b, amqp_error_string2(status));
}

static void amqp_take(struct broker *broker, struct broker_event *event)
{
    struct broker_amqp *b = amqp_of(broker);

    *event = (struct broker_event){.kind = BROKER_NOTHING};
    window_take(&b->window, event);
    if (!event->kind && b->is_open)
        amqp_look(b, &b->publisher, event);
    if (!event->kind && b->is_open)
        amqp_look(b, &b->consumer, event);
    if (!event->kind && b->is_lost) {
        b->is_lost = 0;
        *event = (struct broker_event){.kind = BROKER_LOST, .text = b->text};
    }
}

static size_t amqp_fds(struct broker *broker, struct pollfd fds[BROKER_FDS], int64_t *deadline)
{
    struct broker_amqp *b = amqp_of(broker);

    *deadline = -1;
    if (b->is_lost || b->window.from <= b->window.to)
        *deadline = broker_link_now();
    if (!b->is_open)
        return 0;
    broker_link_watch(&b->consumer, &fds[0], deadline);
    broker_link_watch(&b->publisher, &fds[1], deadline);
    return BROKER_FDS;
}

/* ---- what the worker asks for ---- */

static int amqp_open(struct broker *broker, struct fault *fault)
{
    static const char *const names[] = {"envoi-worker, jobs", "envoi-worker, publications"};
    struct broker_amqp *b = amqp_of(broker);
    int64_t deadline = broker_link_now() + LINK_OPEN_MS;
    char text[LINK_TEXT];
    int rc;

    amqp_drop(b);
    b->is_lost = 0;
    rc = broker_link_open(b->config, (struct broker_link *const[]){&b->consumer, &b->publisher}, names, 2, deadline,
                          fault);
    if (!rc)
        rc = broker_setup_check(&b->consumer, b->config, fault);
    if (!rc) {
        broker_link_set_deadline(&b->publisher, deadline);
        amqp_confirm_select(b->publisher.state, LINK_CHANNEL);
        if (broker_link_result(amqp_get_rpc_reply(b->publisher.state), text))
            rc = fault_set(fault, EXIT_REFUSED, ENVOI_E_CONNECT, "the broker %s:%d confirms no publications: %s",
                           b->config->host, b->config->port, text);
    }
    if (rc)
        amqp_drop(b);
    else
        b->is_open = 1;
    return rc;
}

/* Cancels the consumer, or begins to consume as the next one. */
static int amqp_consumer(struct broker_amqp *b, amqp_method_number_t method, const char *queue)
{
    struct link_output *output = broker_link_output(method);
    char name[32];
    amqp_bytes_t tag;

    if (!output)
        return AMQP_STATUS_NO_MEMORY;
    snprintf(name, sizeof name, "envoi-%u", b->consumers);
    tag = broker_link_copy(&output->pool, name);
    if (method == AMQP_BASIC_CANCEL_METHOD) {
        output->decoded.cancel = (amqp_basic_cancel_t){.consumer_tag = tag, .nowait = 1};
    } else {
        output->decoded.consume.queue = broker_link_copy(&output->pool, queue);
        output->decoded.consume.consumer_tag = tag;
        output->decoded.consume.nowait = 1;
    }
    return broker_link_send(&b->consumer, output);
}

static int amqp_prefetch(struct broker_amqp *b, unsigned prefetch)
{
    struct link_output *output = broker_link_output(AMQP_BASIC_QOS_METHOD);

    if (!output)
        return AMQP_STATUS_NO_MEMORY;
    output->decoded.qos.prefetch_count = (uint16_t)(prefetch < BROKER_PREFETCH_MAX ? prefetch : BROKER_PREFETCH_MAX);
    return broker_link_send(&b->consumer, output);
}

static int amqp_consume(struct broker *broker, unsigned prefetch, struct fault *fault)
{
    struct broker_amqp *b = amqp_of(broker);
    struct topology_address jobs;
    int status = AMQP_STATUS_OK;

    if (amqp_is_gone(b, fault))
        return fault->exit;
    topology_address(b->config, TOPOLOGY_JOBS, 0, &jobs);
    if (b->is_consuming) {
        status = amqp_consumer(b, AMQP_BASIC_CANCEL_METHOD, jobs.queue);
        b->is_consuming = 0;
    }
    if (!status && prefetch)
        status = amqp_prefetch(b, prefetch);
    if (!status && prefetch) {
        b->consumers++;
        status = amqp_consumer(b, AMQP_BASIC_CONSUME_METHOD, jobs.queue);
        b->is_consuming = 1;
    }
    return status ? amqp_fail(b, status, fault) : 0;
}

static int amqp_publish(struct broker *broker, const char *exchange, const char *routing_key,
                        const struct broker_message *message, uint64_t *number, struct fault *fault)
{
    struct broker_amqp *b = amqp_of(broker);
    struct link_output *output;
    int rc, status;

    if (amqp_is_gone(b, fault))
        return fault->exit;
    rc = broker_message_output(message, exchange, routing_key, b->window.next,
                               (size_t)amqp_get_frame_max(b->publisher.state), &output, fault);
    if (rc)
        return rc;
    *number = window_add(&b->window);
    if (!*number) {
        broker_link_forget(output);
        return fault_memory(fault);
    }
    status = broker_link_send(&b->publisher, output);
    return status ? amqp_fail(b, status, fault) : 0;
}

static int amqp_settle(struct broker *broker, uint64_t tag, enum broker_settlement settlement, struct fault *fault)
{
    struct broker_amqp *b = amqp_of(broker);
    int status;

    if (amqp_is_gone(b, fault))
        return fault->exit;
    status = amqp_settle_job(b, tag, settlement);
    return status ? amqp_fail(b, status, fault) : 0;
}

static void amqp_close(struct broker *broker)
{
    struct broker_amqp *b = amqp_of(broker);
    int64_t deadline = broker_link_now() + LINK_CLOSE_MS;

    broker_link_close(&b->publisher, 0, deadline);
    broker_link_close(&b->consumer, b->settled_at + BROKER_SETTLE_MS, deadline);
    amqp_drop(b);
    b->is_lost = 0;
}

static void amqp_free(struct broker *broker)
{
    struct broker_amqp *b = amqp_of(broker);

    amqp_drop(b);
    broker_content_free(&b->job);
    broker_content_free(&b->returned);
    free(b->window.states);
    free(b);
}

struct broker *broker_amqp_new(const struct config *config)
{
    static const struct broker_functions functions = {
        .open = amqp_open,
        .consume = amqp_consume,
        .fds = amqp_fds,
        .take = amqp_take,
        .publish = amqp_publish,
        .settle = amqp_settle,
        .close = amqp_close,
        .free = amqp_free,
    };
    struct broker_amqp *b = calloc(1, sizeof *b);

    if (!b)
        return NULL;
    b->broker.functions = &functions;
    b->config = config;
    broker_content_init(&b->job);
    broker_content_init(&b->returned);
    amqp_drop(b);
    return &b->broker;
}
