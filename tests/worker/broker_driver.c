/* SPDX-License-Identifier: MIT */
/* A broker that is driven by lines: commands on the standard input, events and results on the standard output. For
 * broker_cases.py, as broker.h is C.
 *
 *   set NAME VALUE             a member of the configuration: host port vhost user password-file is_tls ca cert key
 *                              heartbeat prefix delivery_limit
 *   open | close               => "0", or "EXIT TEXT"
 *   consume PREFETCH
 *   publish EXCHANGE KEY ID SIZE [NAME=TEXT | NAME#NUMBER | NAME@A,B]...   => "0 NUMBER"
 *   ack TAG | reject TAG
 *
 * Events: "delivery TAG redelivered=0 count=0 id=I type=T timestamp=N size=N sum=N [NAME=...]...", "confirmed N",
 * "returned N", "refused N", "cancelled", "blocked TEXT", "unblocked", "lost TEXT". After each command its result comes
 * as a line that begins with "=". The program ends with its input. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/secret_source.h"
#include "worker/broker.h"
#include "worker/config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WORDS_MAX 64
#define BUFFER    (1 << 20)

static struct config config;
static struct broker *broker;

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- events ---- */

static uint64_t sum_of(const unsigned char *body, size_t len)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < len; i++)
        sum = sum * 31 + body[i];
    return sum;
}

static void print_delivery(const struct broker_event *event)
{
    const struct broker_message *m = &event->message;

    printf("delivery %" PRIu64 " redelivered=%d count=%" PRId64 " id=%s type=%s timestamp=%" PRId64
           " size=%zu sum=%" PRIu64,
           event->number, event->redelivered, event->delivery_count, m->id, m->content_type, m->timestamp, m->len,
           sum_of(m->body, m->len));
    for (size_t i = 0; i < m->header_count; i++) {
        const struct broker_header *h = &m->headers[i];

        if (h->kind == BROKER_TEXT)
            printf(" %s=%s", h->name, h->text);
        else if (h->kind == BROKER_NUMBER)
            printf(" %s#%" PRId64, h->name, h->number);
        else if (h->kind == BROKER_OTHER)
            printf(" %s?", h->name);
        else
            printf(" %s@", h->name);
        for (size_t j = 0; h->kind == BROKER_LIST && j < h->count; j++)
            printf("%s%s", j ? "," : "", h->list[j]);
    }
    printf("\n");
}

static void print_events(void)
{
    static const char *const words[] = {[BROKER_CONFIRMED] = "confirmed",
                                        [BROKER_RETURNED] = "returned",
                                        [BROKER_REFUSED] = "refused",
                                        [BROKER_CANCELLED] = "cancelled",
                                        [BROKER_BLOCKED] = "blocked",
                                        [BROKER_UNBLOCKED] = "unblocked",
                                        [BROKER_LOST] = "lost"};
    struct broker_event event;

    for (broker->functions->take(broker, &event); event.kind; broker->functions->take(broker, &event)) {
        if (event.kind == BROKER_DELIVERY)
            print_delivery(&event);
        else if (event.text)
            printf("%s %s\n", words[event.kind], event.text);
        else if (event.number)
            printf("%s %" PRIu64 "\n", words[event.kind], event.number);
        else
            printf("%s\n", words[event.kind]);
    }
    fflush(stdout);
}

/* ---- commands ---- */

static const struct setting {
    const char *name;
    size_t member;
    int is_number;
} settings[] = {
    {"host", offsetof(struct config, host), 0},
    {"vhost", offsetof(struct config, vhost), 0},
    {"user", offsetof(struct config, user), 0},
    {"password-file", offsetof(struct config, secret_value), 0},
    {"ca", offsetof(struct config, ca), 0},
    {"cert", offsetof(struct config, cert), 0},
    {"key", offsetof(struct config, key), 0},
    {"prefix", offsetof(struct config, prefix), 0},
    {"port", offsetof(struct config, port), 1},
    {"is_tls", offsetof(struct config, is_tls), 1},
    {"heartbeat", offsetof(struct config, heartbeat), 1},
    {"delivery_limit", offsetof(struct config, delivery_limit), 1},
};

#define SETTING_COUNT (sizeof settings / sizeof *settings)

static char *texts[SETTING_COUNT];

static void set(const char *name, const char *value)
{
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        char *member = (char *)&config + settings[i].member;

        int is_this = !strcmp(settings[i].name, name);

        if (is_this && settings[i].is_number)
            *(int *)(void *)member = (int)strtol(value, NULL, 10);
        if (is_this && !settings[i].is_number) {
            free(texts[i]);
            texts[i] = *value ? strdup(value) : NULL;
            *(char **)(void *)member = texts[i];
        }
    }
    config.secret = config.secret_value ? secret_source_of(KEY_PASSWORD_FILE) : NULL;
    config.secret_place = "the test: password-file";
}

/* NAME=TEXT, NAME#NUMBER, NAME@A,B; changes the word. */
static void read_header(char *word, struct broker_header *header, const char *list[WORDS_MAX])
{
    char *at = word + strcspn(word, "=#@"), kind = *at;

    if (*at)
        *at++ = '\0';
    *header = (struct broker_header){.name = word, .text = at, .list = list};
    header->kind = kind == '=' ? BROKER_TEXT : kind == '#' ? BROKER_NUMBER : BROKER_LIST;
    header->number = strtoll(at, NULL, 10);
    for (char *save, *one = kind == '@' ? strtok_r(at, ",", &save) : NULL; one && header->count < WORDS_MAX;
         one = strtok_r(NULL, ",", &save))
        list[header->count++] = one;
}

static int publish(char **words, size_t count, uint64_t *number, struct fault *fault)
{
    static const char *lists[WORDS_MAX][WORDS_MAX];
    struct broker_header headers[WORDS_MAX];
    struct broker_message message = {
        .id = words[3], .content_type = "message/rfc822", .timestamp = 1700000000, .headers = headers};
    char *body;
    int rc;

    message.len = strtoul(words[4], NULL, 10);
    body = malloc(message.len + 1);
    if (!body)
        return fault_memory(fault);
    for (size_t i = 0; i < message.len; i++)
        body[i] = (char)(i * 7 + i / 251);
    message.body = body;
    for (size_t i = 5; i < count; i++)
        read_header(words[i], &headers[message.header_count++], lists[i]);
    rc = broker->functions->publish(broker, words[1], words[2], &message, number, fault);
    free(body);
    return rc;
}

static void command(char *line)
{
    char *words[WORDS_MAX] = {NULL};
    size_t count = 0;
    uint64_t number = 0;
    struct fault fault = {0};
    int rc = 0;

    /* "." is the empty text. */
    for (char *save, *word = strtok_r(line, " ", &save); word && count < WORDS_MAX; word = strtok_r(NULL, " ", &save))
        words[count++] = strcmp(word, ".") ? word : word + 1;
    if (!count)
        return;
    if (!strcmp(*words, "set") && count == 3)
        set(words[1], words[2]);
    else if (!strcmp(*words, "open"))
        rc = broker->functions->open(broker, &fault);
    else if (!strcmp(*words, "close"))
        broker->functions->close(broker);
    else if (!strcmp(*words, "consume") && count == 2)
        rc = broker->functions->consume(broker, (unsigned)strtoul(words[1], NULL, 10), &fault);
    else if (!strcmp(*words, "publish") && count >= 5)
        rc = publish(words, count, &number, &fault);
    else if ((!strcmp(*words, "ack") || !strcmp(*words, "reject")) && count == 2)
        rc = broker->functions->settle(broker, strtoull(words[1], NULL, 10),
                                       **words == 'a' ? BROKER_ACK : BROKER_REJECT, &fault);
    else
        rc = fault_set(&fault, EXIT_USAGE, 0, "no such command");
    if (rc)
        printf("= %d %s\n", rc, fault.text);
    else
        printf("= 0 %" PRIu64 "\n", number);
    fflush(stdout);
}

/* ---- the loop ---- */

/* Runs the complete lines. Returns the octets that are left. */
static size_t commands(char *buf, size_t len)
{
    char *start = buf, *end;

    while ((end = memchr(start, '\n', len - (size_t)(start - buf)))) {
        *end = '\0';
        command(start);
        start = end + 1;
    }
    len -= (size_t)(start - buf);
    memmove(buf, start, len);
    return len;
}

static void run(void)
{
    static char buf[BUFFER];
    size_t len = 0;

    for (;;) {
        struct pollfd fds[BROKER_FDS + 1];
        int64_t deadline, wait = -1;
        size_t count = broker->functions->fds(broker, fds, &deadline);
        ssize_t n;

        fds[count] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
        if (deadline >= 0)
            wait = deadline > now_ms() ? deadline - now_ms() : 0;
        if (poll(fds, count + 1, (int)wait) < 0 && errno != EINTR)
            return;
        if (fds[count].revents) {
            n = read(STDIN_FILENO, buf + len, sizeof buf - len);
            if (n <= 0)
                return;
            len = commands(buf, len + (size_t)n);
        }
        print_events();
    }
}

int main(void)
{
    config = (struct config){.host = "localhost",
                             .port = 5672,
                             .vhost = "/",
                             .user = "guest",
                             .heartbeat = 30,
                             .prefix = "envoi",
                             .delays = {60000, 300000},
                             .delay_names = {"1m", "5m"},
                             .delay_count = 2,
                             .delivery_limit = 20};
    broker = broker_amqp_new(&config);
    if (!broker)
        return EXIT_LOCAL;
    run();
    broker->functions->free(broker);
    for (size_t i = 0; i < SETTING_COUNT; i++)
        free(texts[i]);
    return 0;
}
