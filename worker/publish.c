/* SPDX-License-Identifier: MIT */
#include "worker/publish.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/clock.h"
#include "worker/topology.h"

#include <envoi/envoi.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

/* How it may be published again without being two mails. */
#define AGAIN "it may be in the queue all the same: if you submit it again, do so with --id "

struct publication {
    struct broker *broker;
    const struct topology_address *to;
    const char *id;
    uint64_t number;
    int64_t milliseconds, until;
    char blocked[256]; /* why the broker takes nothing; "": it does */
    struct fault *fault;
};

/* Takes what the broker has to say. Returns 0: the message is confirmed; -1: there is nothing more to say yet; or an
 * exit code with the fault filled. */
static int publish_take(struct publication *p)
{
    const struct broker_functions *functions = p->broker->functions;
    struct broker_event event = {0};

    for (functions->take(p->broker, &event); event.kind != BROKER_NOTHING; functions->take(p->broker, &event)) {
        int is_ours = event.number == p->number;

        if (event.kind == BROKER_CONFIRMED && is_ours)
            return 0;
        if (event.kind == BROKER_RETURNED && is_ours)
            return fault_set(p->fault, EXIT_CONFIG, ENVOI_E_USAGE,
                             "the broker has no queue %s for the exchange %s; 'envoi-worker declare' makes them",
                             p->to->queue, p->to->exchange);
        if (event.kind == BROKER_REFUSED && is_ours)
            return fault_set(p->fault, EXIT_DEFERRED, ENVOI_E_UNKNOWN,
                             "the broker has refused the job: the queue %s is full, or cannot be written to",
                             p->to->queue);
        if (event.kind == BROKER_LOST)
            return fault_set(p->fault, EXIT_DEFERRED, ENVOI_E_DISCONNECTED,
                             "the broker was lost before it confirmed the job: %s; " AGAIN "%s", event.text, p->id);
        if (event.kind == BROKER_BLOCKED)
            (void)snprintf(p->blocked, sizeof p->blocked, "%s", event.text);
        if (event.kind == BROKER_UNBLOCKED)
            *p->blocked = '\0';
    }
    return -1;
}

static int publish_late(struct publication *p)
{
    if (*p->blocked)
        return fault_set(p->fault, EXIT_DEFERRED, ENVOI_E_TIMEOUT,
                         "the broker takes no jobs now: %s; it was waited for %lld s; " AGAIN "%s", p->blocked,
                         (long long)p->milliseconds / 1000, p->id);
    return fault_set(p->fault, EXIT_DEFERRED, ENVOI_E_TIMEOUT,
                     "the broker has not confirmed the job within %lld s; " AGAIN "%s",
                     (long long)p->milliseconds / 1000, p->id);
}

/* Waits until the broker may have something to say. Returns 0, or an exit code. */
static int publish_wait(struct publication *p)
{
    struct pollfd fds[BROKER_FDS];
    int64_t deadline = -1, now = clock_ms(), until;
    size_t count = p->broker->functions->fds(p->broker, fds, &deadline);

    if (now >= p->until)
        return publish_late(p);
    until = clock_first(deadline, p->until);
    until = until > now ? until - now : 0;
    if (poll(fds, (nfds_t)count, until < INT_MAX ? (int)until : INT_MAX) < 0 && errno != EINTR)
        return fault_set(p->fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "poll: %s", strerror(errno));
    return 0;
}

int publish_confirmed(struct broker *broker, const struct topology_address *to, const struct broker_message *message,
                      int64_t milliseconds, struct fault *fault)
{
    struct publication p = {
        .broker = broker, .to = to, .id = message->id, .milliseconds = milliseconds, .fault = fault};
    int rc = broker->functions->publish(broker, to->exchange, to->routing_key, message, &p.number, fault);

    p.until = clock_ms() + milliseconds;
    while (!rc && (rc = publish_take(&p)) < 0)
        rc = publish_wait(&p);
    return rc;
}
