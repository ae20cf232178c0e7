/* SPDX-License-Identifier: MIT */
#include "worker/broker_setup.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/broker_link.h"
#include "worker/config.h"

#include <envoi/envoi.h>
#include <stdlib.h>

int broker_setup_open(const struct config *config, struct broker_link **out, struct fault *fault)
{
    static const char *const name[] = {"envoi-worker"};
    struct broker_link *link = calloc(1, sizeof *link);

    *out = link;
    if (!link)
        return fault_memory(fault);
    return broker_link_open(config, (struct broker_link *const[]){link}, name, 1, broker_link_now() + LINK_OPEN_MS,
                            fault);
}

void broker_setup_close(struct broker_link *link)
{
    if (link)
        broker_link_close(link, 0, broker_link_now() + LINK_CLOSE_MS);
    free(link);
}

/* Takes the result of the RPC that was just made. With a refusal the broker closes the channel, so another one is
 * opened. */
static int setup_judge(struct broker_link *link, const char *name, struct setup_result *result, struct fault *fault)
{
    char text[LINK_TEXT];
    int rc;

    result->state = SETUP_THERE;
    *result->text = '\0';
    rc = broker_link_result(amqp_get_rpc_reply(link->state), result->text);
    if (!rc)
        return 0;
    if (rc == AMQP_NOT_FOUND || rc == AMQP_PRECONDITION_FAILED) {
        amqp_channel_close_ok_t ok = {0};

        result->state = rc == AMQP_NOT_FOUND ? SETUP_MISSING : SETUP_DIFFERENT;
        amqp_send_method(link->state, LINK_CHANNEL, AMQP_CHANNEL_CLOSE_OK_METHOD, &ok);
        amqp_channel_open(link->state, LINK_CHANNEL);
        rc = broker_link_result(amqp_get_rpc_reply(link->state), text);
        if (!rc)
            return 0;
        return fault_set(fault, EXIT_REFUSED, ENVOI_E_DISCONNECTED, "%s: the broker is lost: %s", name, text);
    }
    if (rc == AMQP_ACCESS_REFUSED)
        return fault_set(fault, EXIT_LOGIN, ENVOI_E_AUTH, "%s: the user of the broker may not do that: %s", name,
                         result->text);
    return fault_set(fault, EXIT_REFUSED, ENVOI_E_DISCONNECTED, "%s: %s", name, result->text);
}

static int setup_exchange(struct broker_link *link, const struct topology_exchange *exchange, int passive,
                          struct setup_result *result, struct fault *fault)
{
    broker_link_set_deadline(link, broker_link_now() + LINK_OPEN_MS);
    amqp_exchange_declare(link->state, LINK_CHANNEL, amqp_cstring_bytes(exchange->name),
                          amqp_cstring_bytes(exchange->type), passive, 1, 0, 0, amqp_empty_table);
    return setup_judge(link, exchange->name, result, fault);
}

int broker_setup_look_exchange(struct broker_link *link, const struct topology_exchange *exchange,
                               struct setup_result *result, struct fault *fault)
{
    return setup_exchange(link, exchange, 1, result, fault);
}

int broker_setup_make_exchange(struct broker_link *link, const struct topology_exchange *exchange,
                               struct setup_result *result, struct fault *fault)
{
    return setup_exchange(link, exchange, 0, result, fault);
}

static int setup_queue(struct broker_link *link, const struct topology_queue *queue, int passive,
                       struct setup_result *result, struct fault *fault)
{
    amqp_table_entry_t entries[TOPOLOGY_ARGUMENTS];
    amqp_table_t table = {(int)queue->argument_count, entries};
    const amqp_queue_declare_ok_t *ok;

    for (size_t i = 0; i < queue->argument_count; i++) {
        const struct topology_argument *argument = &queue->arguments[i];

        entries[i] = (amqp_table_entry_t){.key = amqp_cstring_bytes(argument->name)};
        if (*argument->text) {
            entries[i].value.kind = AMQP_FIELD_KIND_UTF8;
            entries[i].value.value.bytes = amqp_cstring_bytes(argument->text);
        } else {
            entries[i].value.kind = AMQP_FIELD_KIND_I64;
            entries[i].value.value.i64 = argument->number;
        }
    }
    broker_link_set_deadline(link, broker_link_now() + LINK_OPEN_MS);
    ok = amqp_queue_declare(link->state, LINK_CHANNEL, amqp_cstring_bytes(queue->address.queue), passive, 1, 0, 0,
                            table);
    result->messages = ok ? ok->message_count : 0;
    result->consumers = ok ? ok->consumer_count : 0;
    return setup_judge(link, queue->address.queue, result, fault);
}

int broker_setup_look_queue(struct broker_link *link, const struct topology_queue *queue, struct setup_result *result,
                            struct fault *fault)
{
    return setup_queue(link, queue, 1, result, fault);
}

int broker_setup_make_queue(struct broker_link *link, const struct topology_queue *queue, struct setup_result *result,
                            struct fault *fault)
{
    int rc = setup_queue(link, queue, 0, result, fault);

    if (rc || result->state != SETUP_THERE)
        return rc;
    amqp_queue_bind(link->state, LINK_CHANNEL, amqp_cstring_bytes(queue->address.queue),
                    amqp_cstring_bytes(queue->address.exchange), amqp_cstring_bytes(queue->address.routing_key),
                    amqp_empty_table);
    return setup_judge(link, queue->address.queue, result, fault);
}

static int setup_missing(const struct config *config, const char *what, const char *name, struct fault *fault)
{
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE,
                     "the %s %s is not on the broker %s:%d; 'envoi-worker declare' makes it", what, name, config->host,
                     config->port);
}

int broker_setup_check(struct broker_link *link, const struct config *config, struct fault *fault)
{
    struct topology_exchange exchange;
    struct topology_queue queue;
    struct setup_result result = {0};
    int rc = 0;

    for (size_t i = 0; !rc && topology_exchange(config, i, &exchange); i++) {
        rc = broker_setup_look_exchange(link, &exchange, &result, fault);
        if (!rc && result.state != SETUP_THERE)
            rc = setup_missing(config, "exchange", exchange.name, fault);
    }
    for (size_t i = 0; !rc && topology_queue(config, i, &queue); i++) {
        rc = broker_setup_look_queue(link, &queue, &result, fault);
        if (!rc && result.state != SETUP_THERE)
            rc = setup_missing(config, "queue", queue.address.queue, fault);
    }
    return rc;
}
