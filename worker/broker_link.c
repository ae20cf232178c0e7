/* SPDX-License-Identifier: MIT */
#include "worker/broker_link.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/secret_source.h"
#include "worker/config.h"

#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#if __has_include(<rabbitmq-c/ssl_socket.h>)
#include <rabbitmq-c/ssl_socket.h>
#include <rabbitmq-c/tcp_socket.h>
#else
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#endif

#define LINK_FRAME_MAX 131072 /* as RabbitMQ has it */
#define LINK_POOL      4096
/* Looked at four times in a heartbeat, so that ours is late by a quarter at most. RabbitMQ waits for two. */
#define LINK_LOOKS     4

int64_t broker_link_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct timeval link_time_to(int64_t deadline)
{
    int64_t left = deadline - broker_link_now();

    if (left < 1)
        left = 1;
    return (struct timeval){(time_t)(left / 1000), (suseconds_t)(left % 1000 * 1000)};
}

void broker_link_text(amqp_bytes_t bytes, char *text, size_t cap)
{
    size_t len = bytes.len < cap ? bytes.len : cap - 1;

    for (size_t i = 0; i < len; i++) {
        char c = ((const char *)bytes.bytes)[i];

        text[i] = (unsigned char)c < ' ' || c == 0x7f ? ' ' : c;
    }
    text[len] = '\0';
}

int broker_link_result(amqp_rpc_reply_t reply, char *text)
{
    if (reply.reply_type == AMQP_RESPONSE_NORMAL)
        return 0;
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION) {
        const amqp_connection_close_t *connection = reply.reply.decoded;
        const amqp_channel_close_t *channel = reply.reply.decoded;

        if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
            broker_link_text(connection->reply_text, text, LINK_TEXT);
            return connection->reply_code;
        }
        broker_link_text(channel->reply_text, text, LINK_TEXT);
        return channel->reply_code;
    }
    snprintf(text, LINK_TEXT, "%s", amqp_error_string2(reply.library_error));
    return reply.library_error ? reply.library_error : AMQP_STATUS_UNEXPECTED_STATE;
}

void broker_link_set_deadline(struct broker_link *link, int64_t deadline)
{
    const struct timeval left = link_time_to(deadline);

    amqp_set_rpc_timeout(link->state, &left);
}

/* ---- to connect ---- */

/* The password of guest is that of every RabbitMQ, which takes it from its own machine alone. */
static int link_secret(const struct config *config, int64_t deadline, struct secret **out, struct fault *fault)
{
    char host[300];
    struct secret_request request = {.where = config->secret_place,
                                     .value = config->secret_value,
                                     .host = host,
                                     .user = config->user,
                                     .timeout = deadline - broker_link_now()};
    int rc;

    snprintf(host, sizeof host, "%s:%d", config->host, config->port);
    *out = secret_new(&request, fault);
    if (!*out)
        return fault->exit;
    if (config->secret) {
        rc = config->secret->fetch(*out, &request, fault);
        if (rc) {
            secret_free(*out);
            *out = NULL;
        }
        return rc;
    }
    if (!strcmp(config->user, "guest")) {
        (*out)->len = (size_t)snprintf((*out)->text, SECRET_MAX, "guest");
        return 0;
    }
    secret_free(*out);
    *out = NULL;
    if (config->cert)
        return 0;
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE,
                     "there is no password for the user %s of the broker: [worker] needs broker-password-file",
                     config->user);
}

static int link_connect(struct broker_link *link, const struct config *config, int64_t deadline, struct fault *fault)
{
    const struct timeval left = link_time_to(deadline);
    amqp_socket_t *socket;
    int rc;

    socket = config->is_tls ? amqp_ssl_socket_new(link->state) : amqp_tcp_socket_new(link->state);
    if (!socket)
        return fault_memory(fault);
    if (config->is_tls) {
        amqp_ssl_socket_set_verify_peer(socket, 1);
        /* Not by librabbitmq, but by OpenSSL: see broker_tls.h. */
        amqp_ssl_socket_set_verify_hostname(socket, 0);
        rc = broker_tls_prepare(amqp_ssl_socket_get_context(socket), config, &link->tls, fault);
        if (rc)
            return rc;
    }
    rc = amqp_socket_open_noblock(socket, config->host, config->port, &left);
    if (!rc)
        return 0;
    if (rc <= AMQP_STATUS_SSL_ERROR)
        return broker_tls_explain(&link->tls, config, fault);
    return fault_set(fault, EXIT_REFUSED, ENVOI_E_CONNECT, "no connection to the broker %s:%d: %s", config->host,
                     config->port,
                     rc == AMQP_STATUS_SOCKET_ERROR ? "refused, or there is no way to it" : amqp_error_string2(rc));
}

static amqp_table_entry_t link_property(const char *name, const char *value)
{
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes(name)};

    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = amqp_cstring_bytes(value);
    return entry;
}

static amqp_rpc_reply_t link_log_in(struct broker_link *link, const struct config *config, const struct secret *secret,
                                    const char *name, int64_t deadline)
{
    static const char *const able[] = {"basic.nack", "connection.blocked", "consumer_cancel_notify",
                                       "publisher_confirms"};
    amqp_table_entry_t capabilities[sizeof able / sizeof *able], properties[4];
    amqp_table_t table = {4, properties};
    const struct timeval left = link_time_to(deadline);
    int heartbeat = (int)config->heartbeat;

    for (size_t i = 0; i < sizeof able / sizeof *able; i++) {
        capabilities[i] = (amqp_table_entry_t){.key = amqp_cstring_bytes(able[i])};
        capabilities[i].value.kind = AMQP_FIELD_KIND_BOOLEAN;
        capabilities[i].value.value.boolean = 1;
    }
    properties[0] = link_property("product", "envoi-worker");
    properties[1] = link_property("version", envoi_version());
    properties[2] = link_property("connection_name", name);
    properties[3] = (amqp_table_entry_t){.key = amqp_cstring_bytes("capabilities")};
    properties[3].value.kind = AMQP_FIELD_KIND_TABLE;
    properties[3].value.value.table = (amqp_table_t){(int)(sizeof able / sizeof *able), capabilities};
    amqp_set_handshake_timeout(link->state, &left);
    /* An identity, although the broker takes that of the certificate: librabbitmq sends none that is empty. */
    if (!secret)
        return amqp_login_with_properties(link->state, config->vhost, LINK_CHANNEL, LINK_FRAME_MAX, heartbeat, &table,
                                          AMQP_SASL_METHOD_EXTERNAL, config->user);
    return amqp_login_with_properties(link->state, config->vhost, LINK_CHANNEL, LINK_FRAME_MAX, heartbeat, &table,
                                      AMQP_SASL_METHOD_PLAIN, config->user, secret->text);
}

static int link_explain_login(const struct config *config, int rc, const char *text, struct fault *fault)
{
    const char *at = config->host;

    if (rc == AMQP_ACCESS_REFUSED)
        return fault_set(fault, EXIT_LOGIN, ENVOI_E_AUTH, "the broker %s:%d refused the login of %s: %s", at,
                         config->port, config->user, text);
    if (rc == AMQP_STATUS_BROKER_UNSUPPORTED_SASL_METHOD)
        return fault_set(fault, EXIT_LOGIN, ENVOI_E_NO_MECHANISM, "the broker %s:%d has no login by %s", at,
                         config->port, config->secret || !config->cert ? "PLAIN" : "EXTERNAL");
    if (rc == AMQP_NOT_ALLOWED)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE,
                         "the broker %s:%d does not let %s use the virtual host %s: %s", at, config->port, config->user,
                         config->vhost, text);
    return fault_set(fault, EXIT_REFUSED, ENVOI_E_CONNECT, "no AMQP with the broker %s:%d: %s%s", at, config->port,
                     text, rc < 0 && !config->is_tls ? "; is it the port of amqps?" : "");
}

static int link_open(struct broker_link *link, const struct config *config, const struct secret *secret,
                     const char *name, int64_t deadline, struct fault *fault)
{
    char text[LINK_TEXT];
    int rc;

    link->state = amqp_new_connection();
    if (!link->state)
        return fault_memory(fault);
    rc = link_connect(link, config, deadline, fault);
    if (rc)
        return rc;
    rc = broker_link_result(link_log_in(link, config, secret, name, deadline), text);
    if (!rc) {
        broker_link_set_deadline(link, deadline);
        amqp_channel_open(link->state, LINK_CHANNEL);
        rc = broker_link_result(amqp_get_rpc_reply(link->state), text);
    }
    if (rc)
        return link_explain_login(config, rc, text, fault);
    link->is_busy = 1;
    link->last_look = broker_link_now();
    return 0;
}

int broker_link_open(const struct config *config, struct broker_link *const links[], const char *const names[],
                     size_t count, int64_t deadline, struct fault *fault)
{
    struct secret *secret;
    int rc = link_secret(config, deadline, &secret, fault);

    for (size_t i = 0; !rc && i < count; i++)
        rc = link_open(links[i], config, secret, names[i], deadline, fault);
    secret_free(secret);
    for (size_t i = 0; rc && i < count; i++)
        broker_link_drop(links[i]);
    return rc;
}

/* ---- to send ---- */

struct link_output *broker_link_output(amqp_method_number_t method)
{
    struct link_output *output = calloc(1, sizeof *output);

    if (output) {
        output->method = method;
        init_amqp_pool(&output->pool, LINK_POOL);
    }
    return output;
}

void broker_link_forget(struct link_output *output)
{
    if (output) {
        empty_amqp_pool(&output->pool);
        free(output->own);
        free(output);
    }
}

amqp_bytes_t broker_link_copy(amqp_pool_t *pool, const char *text)
{
    amqp_bytes_t bytes = {strlen(text), NULL};

    bytes.bytes = amqp_pool_alloc(pool, bytes.len + 1);
    if (bytes.bytes)
        memcpy(bytes.bytes, text, bytes.len + 1);
    else
        bytes.len = 0;
    return bytes;
}

static int link_has_room(const struct broker_link *link)
{
    struct pollfd fd = {amqp_get_sockfd(link->state), POLLOUT, 0};

    return poll(&fd, 1, 0) == 1;
}

static int link_send_frame(struct broker_link *link, struct link_output *output)
{
    amqp_frame_t frame = {.channel = LINK_CHANNEL};
    size_t piece = output->len - output->sent;
    enum link_stage stage = output->stage;

    if (stage == STAGE_METHOD) {
        output->stage = output->method == AMQP_BASIC_PUBLISH_METHOD ? STAGE_PROPERTIES : STAGE_DONE;
        return amqp_send_method(link->state, LINK_CHANNEL, output->method, &output->decoded);
    }
    if (stage == STAGE_PROPERTIES) {
        output->stage = output->len ? STAGE_BODY : STAGE_DONE;
        frame.frame_type = AMQP_FRAME_HEADER;
        frame.payload.properties.class_id = AMQP_BASIC_CLASS;
        frame.payload.properties.body_size = output->len;
        frame.payload.properties.decoded = &output->properties;
        return amqp_send_frame(link->state, &frame);
    }
    frame.frame_type = AMQP_FRAME_BODY;
    frame.payload.body_fragment.len = piece < LINK_PIECE ? piece : LINK_PIECE;
    frame.payload.body_fragment.bytes = (void *)(uintptr_t)(output->body + output->sent);
    output->sent += frame.payload.body_fragment.len;
    if (output->sent == output->len)
        output->stage = STAGE_DONE;
    return amqp_send_frame(link->state, &frame);
}

/* Sends frames of one while there is room. */
static int link_push(struct broker_link *link, struct link_output *output)
{
    int rc = AMQP_STATUS_OK;

    while (rc == AMQP_STATUS_OK && output->stage != STAGE_DONE && !link->is_held && link_has_room(link))
        rc = link_send_frame(link, output);
    return rc;
}

int broker_link_flush(struct broker_link *link)
{
    int rc = AMQP_STATUS_OK;

    while (link->first && rc == AMQP_STATUS_OK) {
        struct link_output *output = link->first;

        rc = link_push(link, output);
        if (output->stage != STAGE_DONE)
            break;
        link->first = output->next;
        broker_link_forget(output);
    }
    return rc;
}

int broker_link_send(struct broker_link *link, struct link_output *output)
{
    int rc = link->first ? AMQP_STATUS_OK : link_push(link, output);

    if (rc != AMQP_STATUS_OK || output->stage == STAGE_DONE) {
        broker_link_forget(output);
        return rc;
    }
    if (link->first)
        link->last->next = output;
    else
        link->first = output;
    link->last = output;
    if (!output->len)
        return AMQP_STATUS_OK;
    /* The caller's octets end with the call. */
    output->len -= output->sent;
    output->own = malloc(output->len);
    if (!output->own)
        return AMQP_STATUS_NO_MEMORY;
    output->body = memcpy(output->own, output->body + output->sent, output->len);
    output->sent = 0;
    return AMQP_STATUS_OK;
}

/* ---- to read ---- */

int broker_link_read(struct broker_link *link, amqp_frame_t *frame)
{
    static const struct timeval now = {0, 0};
    int rc;

    do {
        amqp_maybe_release_buffers(link->state);
        rc = amqp_simple_wait_frame_noblock(link->state, frame, &now);
    } while (rc == AMQP_STATUS_OK && frame->frame_type == AMQP_FRAME_HEARTBEAT);
    link->is_busy = rc == AMQP_STATUS_OK;
    link->last_look = broker_link_now();
    return rc;
}

void broker_link_watch(const struct broker_link *link, struct pollfd *fd, int64_t *deadline)
{
    int64_t heartbeat = amqp_get_heartbeat(link->state);
    int is_busy = link->is_busy || amqp_frames_enqueued(link->state) || amqp_data_in_buffer(link->state);
    int64_t look = is_busy ? broker_link_now() : link->last_look + heartbeat * 1000 / LINK_LOOKS;

    *fd = (struct pollfd){amqp_get_sockfd(link->state), POLLIN, 0};
    if (link->first && !link->is_held)
        fd->events |= POLLOUT;
    if ((is_busy || heartbeat) && (*deadline < 0 || look < *deadline))
        *deadline = look;
}

/* ---- to close ---- */

void broker_link_drop(struct broker_link *link)
{
    while (link->first) {
        struct link_output *next = link->first->next;

        broker_link_forget(link->first);
        link->first = next;
    }
    if (link->state)
        amqp_destroy_connection(link->state);
    *link = (struct broker_link){0};
}

void broker_link_close(struct broker_link *link, int64_t pause_until, int64_t deadline)
{
    int rc = AMQP_STATUS_OK;

    while (link->state && link->first && !link->is_held && !rc && broker_link_now() < deadline) {
        struct pollfd fd = {amqp_get_sockfd(link->state), POLLOUT, 0};
        int64_t left = deadline - broker_link_now();

        poll(&fd, 1, left > 0 ? (int)left : 0);
        rc = broker_link_flush(link);
    }
    if (link->state && !link->first && !rc && link_has_room(link)) {
        if (pause_until > broker_link_now())
            poll(NULL, 0, (int)(pause_until - broker_link_now()));
        broker_link_set_deadline(link, deadline);
        amqp_connection_close(link->state, AMQP_REPLY_SUCCESS);
    }
    broker_link_drop(link);
}
