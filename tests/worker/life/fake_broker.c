/* SPDX-License-Identifier: MIT */
#include "tests/worker/life/fake_broker.h"
#include "tests/worker/memory.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/clock.h"
#include "worker/job.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct fake_broker *fake_of(struct broker *broker)
{
    return (struct fake_broker *)(void *)broker;
}

/* ---- copies of messages ---- */

/* The memory of the test does not fail. */

static struct broker_message fake_copy(struct room **room, const struct broker_message *message)
{
    int until_failure = memory_until_failure;
    struct broker_message copy = *message;
    struct broker_header *headers;

    memory_until_failure = 0;
    headers = room_take(room, (message->header_count + 1) * sizeof *headers);
    copy.id = room_text(room, message->id ? message->id : "");
    copy.content_type = room_text(room, message->content_type ? message->content_type : "");
    copy.body = room_copy(room, message->body, message->len);
    copy.headers = headers;
    for (size_t i = 0; i < message->header_count; i++) {
        const struct broker_header *from = &message->headers[i];
        const char **list = room_take(room, (from->count + 1) * sizeof *list);

        headers[i] = *from;
        headers[i].name = room_text(room, from->name);
        headers[i].text = from->text ? room_text(room, from->text) : NULL;
        for (size_t k = 0; k < from->count; k++)
            list[k] = room_text(room, from->list[k]);
        headers[i].list = list;
    }
    memory_until_failure = until_failure;
    return copy;
}

const struct broker_header *fake_header(const struct broker_message *message, const char *name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (!strcmp(message->headers[i].name, name))
            return &message->headers[i];
    return NULL;
}

/* ---- the functions ---- */

static int fake_open(struct broker *broker, struct fault *fault)
{
    struct fake_broker *fake = fake_of(broker);

    cr_assert_not(fake->is_open);
    if (fake->open_exit)
        return fault_set(fault, fake->open_exit, 0, "the fake broker does not open");
    fake->is_open = 1;
    fake->opened++;
    return 0;
}

static int fake_consume(struct broker *broker, unsigned prefetch, struct fault *fault)
{
    struct fake_broker *fake = fake_of(broker);

    if (!fake->is_open)
        return fault_set(fault, EXIT_REFUSED, 0, "the fake broker is lost");
    fake->prefetch = prefetch;
    return 0;
}

/* The next job to deliver; NULL: there is none, or it may not. */
static struct fake_job *fake_next(struct fake_broker *fake)
{
    if (!fake->is_open || fake_in_hand(fake) >= fake->prefetch)
        return NULL;
    for (size_t i = 0; i < fake->job_count; i++)
        if (!fake->jobs[i].is_settled && !fake->jobs[i].tag)
            return &fake->jobs[i];
    return NULL;
}

static size_t fake_fds(struct broker *broker, struct pollfd fds[BROKER_FDS], int64_t *deadline)
{
    struct fake_broker *fake = fake_of(broker);

    (void)fds;
    *deadline = fake->event_count || fake_next(fake) ? clock_ms() : -1;
    return 0;
}

static void fake_take(struct broker *broker, struct broker_event *event)
{
    struct fake_broker *fake = fake_of(broker);
    struct fake_job *job;

    *event = (struct broker_event){.kind = BROKER_NOTHING};
    if (fake->event_count) {
        *event = fake->events[0];
        memmove(fake->events, fake->events + 1, --fake->event_count * sizeof *fake->events);
    } else if ((job = fake_next(fake))) {
        job->tag = ++fake->last_tag;
        *event = (struct broker_event){.kind = BROKER_DELIVERY,
                                       .number = job->tag,
                                       .redelivered = job->deliveries > 0,
                                       .delivery_count = job->deliveries,
                                       .message = job->message};
        job->deliveries++;
        if (fake_in_hand(fake) > fake->most_at_once)
            fake->most_at_once = (unsigned)fake_in_hand(fake);
    }
}

static void fake_event(struct fake_broker *fake, enum broker_event_kind kind, uint64_t number)
{
    cr_assert_lt(fake->event_count, FAKE_EVENTS);
    fake->events[fake->event_count++] =
        (struct broker_event){.kind = kind, .number = number, .text = "the fake broker says so"};
}

static void fake_answer(struct fake_broker *fake, struct fake_publication *publication, enum fake_answer answer)
{
    static const enum broker_event_kind events[] = {
        [FAKE_CONFIRMS] = BROKER_CONFIRMED, [FAKE_RETURNS] = BROKER_RETURNED, [FAKE_REFUSES] = BROKER_REFUSED};

    if (publication->is_answered || answer == FAKE_WAITS)
        return;
    publication->is_answered = 1;
    fake_event(fake, events[answer], publication->number);
}

static int fake_publish(struct broker *broker, const char *exchange, const char *routing_key,
                        const struct broker_message *message, uint64_t *number, struct fault *fault)
{
    struct fake_broker *fake = fake_of(broker);
    struct fake_publication *publication = &fake->publications[fake->publication_count];

    if (!fake->is_open)
        return fault_set(fault, EXIT_REFUSED, 0, "the fake broker is lost");
    if (fake->publish_exit)
        return fault_set(fault, fake->publish_exit, 0, "the fake broker cannot publish that");
    cr_assert_lt(fake->publication_count++, FAKE_PUBLICATIONS);
    *number = publication->number = ++fake->last_number;
    snprintf(publication->exchange, sizeof publication->exchange, "%s", exchange);
    snprintf(publication->routing_key, sizeof publication->routing_key, "%s", routing_key);
    publication->message = fake_copy(&publication->room, message);
    fake_answer(fake, publication, fake->answer);
    return 0;
}

static int fake_settle(struct broker *broker, uint64_t tag, enum broker_settlement settlement, struct fault *fault)
{
    struct fake_broker *fake = fake_of(broker);

    if (!fake->is_open)
        return fault_set(fault, EXIT_REFUSED, 0, "the fake broker is lost");
    for (size_t i = 0; i < fake->job_count; i++)
        if (fake->jobs[i].tag == tag) {
            cr_assert_not(fake->jobs[i].is_settled, "tag %llu is settled twice", (unsigned long long)tag);
            fake->jobs[i].is_settled = 1;
            fake->jobs[i].settlement = settlement;
            return 0;
        }
    cr_assert_fail("there is no tag %llu", (unsigned long long)tag);
    return -1;
}

/* What was delivered and not settled goes back to the queue. */
static void fake_close(struct broker *broker)
{
    struct fake_broker *fake = fake_of(broker);

    fake->is_open = 0;
    fake->prefetch = 0;
    fake->event_count = 0;
    for (size_t i = 0; i < fake->job_count; i++)
        if (!fake->jobs[i].is_settled)
            fake->jobs[i].tag = 0;
    for (size_t i = 0; i < fake->publication_count; i++)
        fake->publications[i].is_answered = 1;
}

static void fake_free(struct broker *broker)
{
    struct fake_broker *fake = fake_of(broker);

    for (size_t i = 0; i < fake->job_count; i++)
        room_free(fake->jobs[i].room);
    for (size_t i = 0; i < fake->publication_count; i++)
        room_free(fake->publications[i].room);
    free(fake);
}

/* ---- for the test ---- */

struct fake_broker *fake_broker_new(void)
{
    static const struct broker_functions functions = {.open = fake_open,
                                                      .consume = fake_consume,
                                                      .fds = fake_fds,
                                                      .take = fake_take,
                                                      .publish = fake_publish,
                                                      .settle = fake_settle,
                                                      .close = fake_close,
                                                      .free = fake_free};
    struct fake_broker *fake = calloc(1, sizeof *fake);

    cr_assert_not_null(fake);
    fake->broker.functions = &functions;
    return fake;
}

size_t fake_add(struct fake_broker *fake, const struct broker_message *message)
{
    struct fake_job *job = &fake->jobs[fake->job_count];

    cr_assert_lt(fake->job_count, FAKE_JOBS);
    job->message = fake_copy(&job->room, message);
    return fake->job_count++;
}

size_t fake_add_mail(struct fake_broker *fake, const char *id, const char *account, const char *const *to, size_t count,
                     const struct broker_header *more, size_t more_count)
{
    static const char body[] = "From: me@example.org\r\nSubject: x\r\n\r\nHello.\r\n";
    struct broker_header headers[16] = {
        {.name = "x-envoi-account", .kind = BROKER_TEXT, .text = account},
        {.name = "x-envoi-from", .kind = BROKER_TEXT, .text = "me@example.org"},
        {.name = "x-envoi-to", .kind = BROKER_LIST, .list = to, .count = count},
    };

    cr_assert_leq(more_count, 13);
    if (more_count)
        memcpy(headers + 3, more, more_count * sizeof *more);
    return fake_add(fake, &(struct broker_message){.id = id,
                                                   .content_type = JOB_TYPE_MAIL,
                                                   .timestamp = clock_seconds(),
                                                   .headers = headers,
                                                   .header_count = 3 + more_count,
                                                   .body = body,
                                                   .len = sizeof body - 1});
}

size_t fake_return_copy(struct fake_broker *fake, size_t publication)
{
    return fake_add(fake, &fake->publications[publication].message);
}

void fake_answer_all(struct fake_broker *fake, enum fake_answer answer)
{
    for (size_t i = 0; i < fake->publication_count; i++)
        fake_answer(fake, &fake->publications[i], answer);
}

void fake_lose(struct fake_broker *fake)
{
    fake_close(&fake->broker);
    fake_event(fake, BROKER_LOST, 0);
}

void fake_say(struct fake_broker *fake, enum broker_event_kind kind)
{
    if (kind == BROKER_CANCELLED)
        fake->prefetch = 0;
    fake_event(fake, kind, 0);
}

size_t fake_settled(const struct fake_broker *fake)
{
    size_t count = 0;

    for (size_t i = 0; i < fake->job_count; i++)
        count += fake->jobs[i].is_settled != 0;
    return count;
}

size_t fake_in_hand(const struct fake_broker *fake)
{
    size_t count = 0;

    for (size_t i = 0; i < fake->job_count; i++)
        count += fake->jobs[i].tag && !fake->jobs[i].is_settled;
    return count;
}

size_t fake_published(const struct fake_broker *fake, const char *routing_key, size_t *last)
{
    size_t count = 0;

    for (size_t i = 0; i < fake->publication_count; i++)
        if (!strcmp(fake->publications[i].routing_key, routing_key)) {
            count++;
            if (last)
                *last = i;
        }
    return count;
}
