/* SPDX-License-Identifier: MIT */
/* Publishes the mail on standard input as a job of envoi-worker (docs/jobs.md), and waits until the broker has it:
 *
 *   AMQP_PASSWORD=... worker_producer HOST PORT VHOST USER ID FROM TO... <message
 *
 * If it is not known whether the broker has a job, publish it again with the same ID. From another machine the
 * connection is TLS: amqp_ssl_socket_new() instead of amqp_tcp_socket_new(), with the CA and the name. */
#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#include <rabbitmq-c/tcp_socket.h>
#else /* before librabbitmq 0.12 */
#include <amqp.h>
#include <amqp_tcp_socket.h>
#endif
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHANNEL = 1, FRAME_MAX = 131072, HEARTBEAT = 0, SECONDS = 30, MAIL_MAX = 64 * 1024 * 1024 };

static amqp_table_entry_t text_header(const char *name, const char *text)
{
    amqp_table_entry_t entry = {.key = amqp_cstring_bytes(name)};

    entry.value.kind = AMQP_FIELD_KIND_UTF8;
    entry.value.value.bytes = amqp_cstring_bytes(text);
    return entry;
}

/* Publishes the job: the mail is the body, and the envelope stands in the headers. Returns 0 if it is on its way. */
static int publish(amqp_connection_state_t broker, char **words, int count, amqp_bytes_t mail)
{
    amqp_field_value_t recipients[256];
    amqp_table_entry_t headers[3];
    amqp_basic_properties_t properties = {0};

    if (count - 2 > 256)
        return -1;
    for (int i = 2; i < count; i++) {
        recipients[i - 2].kind = AMQP_FIELD_KIND_UTF8;
        recipients[i - 2].value.bytes = amqp_cstring_bytes(words[i]);
    }
    headers[0] = text_header("x-envoi-from", words[1]);
    headers[1].key = amqp_cstring_bytes("x-envoi-to");
    headers[1].value.kind = AMQP_FIELD_KIND_ARRAY;
    headers[1].value.value.array = (amqp_array_t){count - 2, recipients};
    headers[2] = text_header("x-envoi-results", "failures");
    properties._flags = AMQP_BASIC_MESSAGE_ID_FLAG | AMQP_BASIC_CONTENT_TYPE_FLAG | AMQP_BASIC_TIMESTAMP_FLAG |
                        AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_HEADERS_FLAG;
    properties.message_id = amqp_cstring_bytes(words[0]);
    properties.content_type = amqp_cstring_bytes("message/rfc822");
    properties.timestamp = (uint64_t)time(NULL);
    properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    properties.headers = (amqp_table_t){3, headers};
    return amqp_basic_publish(broker, CHANNEL, amqp_cstring_bytes("envoi"), amqp_cstring_bytes("jobs"),
                              1 /* mandatory */, 0, &properties, mail);
}

/* Returns NULL if the broker has confirmed the job, or what it has said instead. */
static const char *wait_for_confirmation(amqp_connection_state_t broker)
{
    time_t end = time(NULL) + SECONDS;
    const char *verdict = "it has not answered; the job may be there";

    while (time(NULL) < end) {
        struct timeval left = {.tv_sec = end - time(NULL)};
        amqp_frame_t frame;
        int rc = amqp_simple_wait_frame_noblock(broker, &frame, &left);

        if (rc == AMQP_STATUS_TIMEOUT)
            break;
        if (rc != AMQP_STATUS_OK)
            return amqp_error_string2(rc);
        if (frame.frame_type != AMQP_FRAME_METHOD)
            continue; /* of a message that came back */
        if (frame.payload.method.id == AMQP_BASIC_ACK_METHOD)
            return NULL;
        if (frame.payload.method.id == AMQP_BASIC_NACK_METHOD)
            return "the queue is full";
        if (frame.payload.method.id == AMQP_BASIC_RETURN_METHOD)
            return "there is no queue: envoi-worker declare makes it";
        if (frame.payload.method.id == AMQP_CONNECTION_BLOCKED_METHOD)
            verdict = "it is short of memory or disk; the job may be there later";
        if (frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD ||
            frame.payload.method.id == AMQP_CONNECTION_CLOSE_METHOD)
            return "it has closed the connection: is there an exchange envoi, and may this user publish to it?";
    }
    return verdict;
}

static int connect_to(amqp_connection_state_t broker, char **words)
{
    const char *password = getenv("AMQP_PASSWORD");
    amqp_socket_t *socket = amqp_tcp_socket_new(broker);

    if (!socket || amqp_socket_open(socket, words[0], (int)strtol(words[1], NULL, 10)))
        return -1;
    if (amqp_login(broker, words[2], 0, FRAME_MAX, HEARTBEAT, AMQP_SASL_METHOD_PLAIN, words[3],
                   password ? password : "")
            .reply_type != AMQP_RESPONSE_NORMAL)
        return -1;
    return amqp_channel_open(broker, CHANNEL) && amqp_confirm_select(broker, CHANNEL) ? 0 : -1;
}

int main(int argc, char **argv)
{
    amqp_connection_state_t broker;
    const char *problem;
    char *mail;
    size_t len;

    if (argc < 8) {
        fprintf(stderr, "usage: %s HOST PORT VHOST USER ID FROM TO... <message\n", argv[0]);
        return 64;
    }
    broker = amqp_new_connection();
    mail = malloc(MAIL_MAX);
    if (!broker || !mail)
        abort();
    len = fread(mail, 1, MAIL_MAX, stdin);
    if (connect_to(broker, argv + 1))
        problem = "no connection, or no login";
    else if (publish(broker, argv + 5, argc - 5, (amqp_bytes_t){len, mail}))
        problem = "the job cannot be published";
    else
        problem = wait_for_confirmation(broker);
    if (problem)
        fprintf(stderr, "the broker %s: %s\n", argv[1], problem);
    amqp_destroy_connection(broker);
    free(mail);
    return problem ? 75 : 0;
}
