/* SPDX-License-Identifier: MIT */
#include "worker/config.h"

#include "accounts/accounts.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/file.h"
#include "accounts/secret_source.h"

#include <envoi/envoi.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_LOGIN_RETRY_MAX INT64_C(1800000)
#define CONFIG_HEARTBEAT       30
/* An AMQP name has 255 octets; the longest that is put behind it is ".wait.2592000s". */
#define CONFIG_PREFIX_MAX      200
/* The user of a new RabbitMQ, whom it lets in from its own machine only. Its password is no secret. */
#define CONFIG_GUEST           "guest"

/* ---- values ---- */

/* Takes one value into the member. Returns NULL, or why it cannot be: the end of a sentence. */
typedef const char *config_fn(struct config *config, void *member, const struct value *value);

static const char *config_text(struct config *config, void *member, const struct value *value)
{
    (void)config;
    *(const char **)member = value->text;
    return NULL;
}

static const char *config_number(struct config *config, void *member, const struct value *value)
{
    (void)config;
    *(unsigned *)member = (unsigned)vocabulary_number(value->text);
    return NULL;
}

static const char *config_duration(struct config *config, void *member, const struct value *value)
{
    (void)config;
    *(int64_t *)member = vocabulary_duration(value->text);
    return NULL;
}

/* The library remembers a refused secret for half an hour. */
static const char *config_login_retry(struct config *config, void *member, const struct value *value)
{
    (void)config_duration(config, member, value);
    return config->login_retry <= CONFIG_LOGIN_RETRY_MAX
               ? NULL
               : "it is 30m at most: a refused secret is not remembered longer";
}

static const char *config_flag(struct config *config, void *member, const struct value *value)
{
    (void)config;
    *(int *)member = vocabulary_flag(value->text);
    return NULL;
}

static const char *config_broker(struct config *config, void *member, const struct value *value)
{
    const char *wrong = broker_url_parse(value->text, &config->url);

    (void)member;
    config->is_tls = config->url.is_tls;
    config->host = config->url.host;
    config->port = config->url.port;
    config->vhost = config->url.vhost;
    return wrong;
}

static const char *config_unknown(struct config *config, void *member, const struct value *value)
{
    (void)config;
    *(enum config_unknown *)member = strcmp(value->text, "retry") ? CONFIG_UNKNOWN_KEEP : CONFIG_UNKNOWN_RETRY;
    return NULL;
}

static const char *config_redelivered(struct config *config, void *member, const struct value *value)
{
    (void)config;
    *(enum config_redelivered *)member =
        strcmp(value->text, "park") ? CONFIG_REDELIVERED_SEND : CONFIG_REDELIVERED_PARK;
    return NULL;
}

static const char *config_prefix(struct config *config, void *member, const struct value *value)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";

    if (strspn(value->text, letters) != strlen(value->text) || strlen(value->text) > CONFIG_PREFIX_MAX)
        return "it has letters, digits and any of ._- and at most 200 of them";
    if (!strncmp(value->text, "amq.", 4))
        return "names that begin with amq. are the broker's own";
    return config_text(config, member, value);
}

/* Called for each part of the list. */
static const char *config_delay(struct config *config, void *member, const struct value *value)
{
    (void)member;
    if (config->delay_count == CONFIG_DELAYS_MAX)
        return "the list has more than 16 parts";
    config->delays[config->delay_count] = vocabulary_duration(value->text);
    config->delay_names[config->delay_count++] = value->text;
    return NULL;
}

/* "127.0.0.1:9464", "[::1]:9464", "/run/envoi.prom" or "none". */
static const char *config_metrics(struct config *config, void *member, const struct value *value)
{
    static const struct addrinfo numeric = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    const char *port = strrchr(value->text, ':');
    size_t len = port ? (size_t)(port - value->text) : 0;
    int bracket = len > 2 && *value->text == '[' && port[-1] == ']';
    struct addrinfo *found = NULL;
    char host[64];

    (void)member;
    if (!strcmp(value->text, "none"))
        return NULL;
    if (*value->text == '/') {
        config->metrics_file = value->text;
        return NULL;
    }
    (void)snprintf(host, sizeof host, "%.*s", (int)len - 2 * bracket, value->text + bracket);
    if (!len || len >= sizeof host || (strchr(host, ':') && !bracket) || vocabulary_fault(KEY_PORT, port + 1) ||
        getaddrinfo(host, port + 1, &numeric, &found))
        return "it is an address with a port, such as 127.0.0.1:9464 or [::1]:9464, the path of a file, which begins "
               "with /, or none";
    memcpy(&config->metrics_address, found->ai_addr, found->ai_addrlen);
    config->metrics_len = found->ai_addrlen;
    freeaddrinfo(found);
    return NULL;
}

#define CONFIG_AT(member) offsetof(struct config, member)

/* The keys that are read here, and what they are if the file does not say it. */
static const struct config_row {
    enum key key;
    const char *otherwise; /* NULL: nothing */
    config_fn *take;
    size_t member;
} config_rows[] = {
    {KEY_BROKER, "amqp://localhost", config_broker, 0},
    {KEY_BROKER_USER, CONFIG_GUEST, config_text, CONFIG_AT(user)},
    {KEY_BROKER_CA, NULL, config_text, CONFIG_AT(ca)},
    {KEY_BROKER_CERT, NULL, config_text, CONFIG_AT(cert)},
    {KEY_BROKER_KEY, NULL, config_text, CONFIG_AT(key)},
    {KEY_ALLOW_CLEARTEXT_AUTH, "no", config_flag, CONFIG_AT(allows_cleartext)},
    {KEY_BROKER_WAIT, "1m", config_duration, CONFIG_AT(broker_wait)},
    {KEY_PREFIX, "envoi", config_prefix, CONFIG_AT(prefix)},
    {KEY_DELAYS, "1m, 5m, 15m, 1h, 6h", config_delay, 0},
    {KEY_DELIVERY_LIMIT, "20", config_number, CONFIG_AT(delivery_limit)},
    {KEY_PREFETCH, "32", config_number, CONFIG_AT(prefetch)},
    {KEY_MAX_AGE, "4d", config_duration, CONFIG_AT(max_age)},
    {KEY_UNKNOWN, "keep", config_unknown, CONFIG_AT(unknown)},
    {KEY_REDELIVERED, "send", config_redelivered, CONFIG_AT(redelivered)},
    {KEY_CONTENT_ROOT, NULL, config_text, CONFIG_AT(content_root)},
    {KEY_METRICS, "127.0.0.1:9464", config_metrics, 0},
    {KEY_GRACE, "25s", config_duration, CONFIG_AT(grace)},
    {KEY_LOGIN_RETRY, "15m", config_login_retry, CONFIG_AT(login_retry)},
};

#define CONFIG_ROW_COUNT (sizeof config_rows / sizeof *config_rows)
#define CONFIG_DEFAULT   "[" FILE_WORKER "]"

static int config_fill(struct values *values, struct fault *fault)
{
    struct values defaults = {0};
    struct value value = {.place = (char *)(uintptr_t)CONFIG_DEFAULT};
    int rc = 0;

    for (size_t i = 0; !rc && i < CONFIG_ROW_COUNT; i++) {
        value.key = config_rows[i].key;
        value.text = (char *)(uintptr_t)config_rows[i].otherwise;
        if (value.text)
            rc = values_add_parts(&defaults, &value);
    }
    if (!rc)
        rc = values_take(values, &defaults, 1);
    values_free(&defaults);
    return rc ? fault_memory(fault) : 0;
}

__attribute__((format(printf, 4, 5))) static int config_refuse(const struct config *config, enum key key,
                                                               struct fault *fault, const char *format, ...)
{
    char label[VALUES_LABEL], text[1024];
    va_list args;

    va_start(args, format);
    text_mark_cut(text, sizeof text, vsnprintf(text, sizeof text, format, args));
    va_end(args);
    return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: %s", config_label(config, key, label), text);
}

static int config_take(struct config *config, const struct config_row *row, struct fault *fault)
{
    const struct value *value = values_find(&config->values, row->key);
    char shown[TEXT_QUOTED];

    for (; value; value = values_next(&config->values, value)) {
        const char *wrong = row->take(config, (char *)config + row->member, value);

        if (wrong)
            return config_refuse(config, row->key, fault, "%s: %s", vocabulary_quote(row->key, value->text, shown),
                                 wrong);
    }
    return 0;
}

/* ---- what must fit together ---- */

static int config_check_tls(const struct config *config, struct fault *fault)
{
    static const enum key needs_tls[] = {KEY_BROKER_CA, KEY_BROKER_CERT, KEY_BROKER_KEY};

    for (size_t i = 0; !config->is_tls && i < sizeof needs_tls / sizeof *needs_tls; i++)
        if (values_find(&config->values, needs_tls[i]))
            return config_refuse(config, needs_tls[i], fault, "it is for TLS, and broker does not begin with amqps://");
    if (config->key && !config->cert)
        return config_refuse(config, KEY_BROKER_KEY, fault, "it needs broker-cert");
    if (config->is_tls || broker_url_is_local(&config->url) || config->allows_cleartext)
        return 0;
    return config_refuse(config, KEY_BROKER, fault,
                         "without TLS everyone on the way to %s can read the password and the mail; say "
                         "amqps://, or allow-cleartext-auth = yes in [" FILE_WORKER "]",
                         config->host);
}

static int config_take_login(struct config *config, struct fault *fault)
{
    const struct value *source, *user = values_find(&config->values, KEY_BROKER_USER);

    if ((config->secret = secret_source_of_broker(&config->values, &source))) {
        config->secret_value = source->text;
        config->secret_place = values_label(source, config->secret_label);
        return 0;
    }
    if (config->cert && user->taken)
        return 0;
    if (config->cert)
        return config_refuse(config, KEY_BROKER_USER, fault,
                             "there is no password for it; without broker-user the certificate of broker-cert is the "
                             "login");
    if (!strcmp(config->user, CONFIG_GUEST))
        return 0;
    return config_refuse(config, KEY_BROKER_USER, fault,
                         "there is no password for it; say broker-password-file = FILE, broker-password-command = "
                         "COMMAND, or broker-credential = ID");
}

int config_read(const struct accounts *accounts, struct config **out, struct fault *fault)
{
    struct config *config = calloc(1, sizeof *config);
    int rc;

    *out = NULL;
    if (!config)
        return fault_memory(fault);
    rc = accounts_worker(accounts, &config->values, fault);
    if (!rc)
        rc = config_fill(&config->values, fault);
    for (size_t i = 0; !rc && i < CONFIG_ROW_COUNT; i++)
        rc = config_take(config, &config_rows[i], fault);
    if (!rc)
        rc = config_check_tls(config, fault);
    if (!rc)
        rc = config_take_login(config, fault);
    if (rc) {
        config_free(config);
        return rc;
    }
    if (config->cert && !config->key)
        config->key = config->cert;
    config->heartbeat = CONFIG_HEARTBEAT;
    *out = config;
    return 0;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    values_free(&config->values);
    free(config);
}

const char *config_label(const struct config *config, enum key key, char room[VALUES_LABEL])
{
    const struct value *value = values_find(&config->values, key);

    if (value)
        return values_label(value, room);
    (void)snprintf(room, VALUES_LABEL, CONFIG_DEFAULT ": %s", vocabulary_word(key)->name);
    return room;
}
