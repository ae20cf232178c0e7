/* SPDX-License-Identifier: MIT */
/* The section [worker]: its defaults, its values, and what does not fit together. Faults of a single line are in
 * tests/accounts/bad. */
#include "accounts/accounts.h"
#include "accounts/broker_url.h"
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "accounts/file.h"
#include "accounts/secret_source.h"
#include "worker/config.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(config, .timeout = 20);

/* [worker] with these lines, in the file /e/a.conf. */
static int read_config(const char *lines, struct config **config, struct fault *fault)
{
    struct sections users = {0}, systems = {0};
    struct accounts *accounts;
    char text[4096];
    int len = snprintf(text, sizeof text, "[worker]\n%s", lines);

    *fault = (struct fault){0};
    *config = NULL;
    int rc = file_parse("/e/a.conf", text, (size_t)len, &users, fault);
    if (rc) {
        file_free(&users);
        return rc;
    }
    rc = accounts_make(&(struct accounts_files){.given = "/e/a.conf"}, &users, &systems, &accounts, fault);
    cr_assert_eq(rc, 0, "%s", fault->text);
    rc = config_read(accounts, config, fault);
    accounts_free(accounts);
    return rc;
}

Test(config, defaults)
{
    struct config *c;
    struct fault fault;
    char label[VALUES_LABEL];
    cr_assert_eq(read_config("", &c, &fault), 0, "%s", fault.text);
    cr_expect_str_eq(c->host, "localhost");
    cr_expect_str_eq(c->vhost, "/");
    cr_expect_eq(c->port, 5672);
    cr_expect_eq(c->is_tls, 0);
    cr_expect_str_eq(c->user, "guest");
    cr_expect_null(c->ca);
    cr_expect_null(c->cert);
    cr_expect_null(c->key);
    cr_expect_null(c->content_root);
    cr_expect_null(c->metrics_file);
    cr_expect_eq(c->broker_wait, 60000);
    cr_expect_str_eq(c->prefix, "envoi");
    cr_assert_eq(c->delay_count, 5);
    cr_expect_str_eq(c->delay_names[0], "1m");
    cr_expect_str_eq(c->delay_names[4], "6h");
    cr_expect_eq(c->delays[0], 60000);
    cr_expect_eq(c->delays[4], 6 * 3600 * 1000);
    cr_expect_eq(c->delivery_limit, 20);
    cr_expect_eq(c->prefetch, 32);
    cr_expect_eq(c->max_age, (int64_t)4 * 86400 * 1000);
    cr_expect_eq(c->unknown, CONFIG_UNKNOWN_KEEP);
    cr_expect_eq(c->redelivered, CONFIG_REDELIVERED_SEND);
    cr_expect_eq(c->heartbeat, 30);
    cr_expect_eq(c->grace, 25000);
    cr_expect_eq(c->login_retry, 900000);
    const struct sockaddr_in *address = (const struct sockaddr_in *)&c->metrics_address;
    cr_assert_eq(c->metrics_len, sizeof *address);
    cr_expect_eq(ntohl(address->sin_addr.s_addr), 0x7f000001);
    cr_expect_eq(ntohs(address->sin_port), 9464);
    cr_expect_str_eq(config_label(c, KEY_PREFIX, label), "[worker]: prefix");
    cr_expect_str_eq(config_label(c, KEY_CONTENT_ROOT, label), "[worker]: content-root");
    config_free(c);
}

Test(config, all_of_it)
{
    struct config *c;
    struct fault fault;
    char label[VALUES_LABEL];
    cr_assert_eq(read_config("broker = amqps://[::1]:1/a%2Fb%40\nbroker-user = me\nbroker-password-file = p\n"
                             "broker-ca = ca.pem\nbroker-cert = cert.pem\nbroker-wait = 9s\nprefix = post.1_x\n"
                             "delays = 1s , 2s,3m\ndelivery-limit = 3\nprefetch = 65535\nmax-age = 30d\n"
                             "unknown = retry\nredelivered = park\ncontent-root = /c\nmetrics = /m.prom\ngrace = 1s\n"
                             "login-retry = 20m\nlock = yes\n",
                             &c, &fault),
                 0, "%s", fault.text);
    cr_expect_str_eq(c->host, "::1");
    cr_expect_str_eq(c->vhost, "a/b@");
    cr_expect_eq(c->port, 1);
    cr_expect_eq(c->is_tls, 1);
    cr_expect_str_eq(c->user, "me");
    cr_expect_str_eq(c->ca, "/e/ca.pem");
    cr_expect_str_eq(c->cert, "/e/cert.pem");
    cr_expect_str_eq(c->key, "/e/cert.pem");
    cr_expect_eq(c->broker_wait, 9000);
    cr_expect_str_eq(c->prefix, "post.1_x");
    cr_assert_eq(c->delay_count, 3);
    cr_expect_str_eq(c->delay_names[1], "2s");
    cr_expect_eq(c->delays[2], 180000);
    cr_expect_eq(c->delivery_limit, 3);
    cr_expect_eq(c->prefetch, 65535);
    cr_expect_eq(c->max_age, (int64_t)30 * 86400 * 1000);
    cr_expect_eq(c->unknown, CONFIG_UNKNOWN_RETRY);
    cr_expect_eq(c->redelivered, CONFIG_REDELIVERED_PARK);
    cr_expect_str_eq(c->content_root, "/c");
    cr_expect_str_eq(c->metrics_file, "/m.prom");
    cr_expect_eq(c->metrics_len, 0);
    cr_expect_eq(c->grace, 1000);
    cr_expect_eq(c->login_retry, 1200000);
    cr_expect_str_eq(config_label(c, KEY_METRICS, label), "/e/a.conf:16: metrics");
    config_free(c);
}

#define METRICS                                                                                                        \
    ": it is an address with a port, such as 127.0.0.1:9464 or [::1]:9464, the path of a file, which begins with /, "  \
    "or none"
#define NO_PASSWORD                                                                                                    \
    "there is no password for it; say broker-password-file = FILE, broker-password-command = COMMAND, or "             \
    "broker-credential = ID"

Test(config, what_does_not_fit)
{
    static const struct {
        const char *lines;
        const char *text; /* behind "/e/a.conf:"; NULL: it is taken */
    } cases[] = {
        {"broker = amqp://b.example\n",
         "2: broker: without TLS everyone on the way to b.example can read the password and the mail; say amqps://, or "
         "allow-cleartext-auth = yes in [worker]"},
        {"broker = amqp://b.example\nallow-cleartext-auth = yes\n", NULL},
        {"broker = amqp://127.3.2.1\n", NULL},
        {"broker = amqp://[::1]:5672\n", NULL},
        {"broker = amqp://LOCALHOST\n", NULL},
        {"broker = amqps://b.example\n", NULL},
        {"broker = amqp://127.example\n",
         "2: broker: without TLS everyone on the way to 127.example can read the password and the mail; say amqps://, "
         "or allow-cleartext-auth = yes in [worker]"},
        {"broker-ca = /x\n", "2: broker-ca: it is for TLS, and broker does not begin with amqps://"},
        {"broker-cert = /x\n", "2: broker-cert: it is for TLS, and broker does not begin with amqps://"},
        {"broker = amqps://b\nbroker-key = /x\n", "3: broker-key: it needs broker-cert"},
        {"broker = amqps://b\nbroker-cert = /x\n", NULL},
        {"broker = amqps://b\nbroker-cert = /x\nbroker-user = me\nbroker-credential = p\n", NULL},
        {"broker = amqps://b\nbroker-cert = /x\nbroker-user = me\n",
         "4: broker-user: there is no password for it; without broker-user the certificate of broker-cert is the "
         "login"},
        {"broker-user = me\n", "2: broker-user: " NO_PASSWORD},
        {"broker-user = guest\n", NULL},
        {"broker-user = me\nbroker-password-command = true\n", NULL},
        {"prefix = a/b\n", "2: prefix: 'a/b': it has letters, digits and any of ._- and at most 200 of them"},
        {"prefix = amq.x\n", "2: prefix: 'amq.x': names that begin with amq. are the broker's own"},
        {"delays = 1s,2s,3s,4s,5s,6s,7s,8s,9s,10s,11s,12s,13s,14s,15s,16s\n", NULL},
        {"delays = 1s,2s,3s,4s,5s,6s,7s,8s,9s,10s,11s,12s,13s,14s,15s,16s,17s\n",
         "2: delays: '17s': the list has more than 16 parts"},
        {"login-retry = 30m\n", NULL},
        {"login-retry = 31m\n", "2: login-retry: '31m': it is 30m at most: a refused secret is not remembered longer"},
        {"metrics = none\n", NULL},
        {"metrics = [::1]:1\n", NULL},
        {"metrics = 0.0.0.0:65535\n", NULL},
        {"metrics = localhost:9464\n", "2: metrics: 'localhost:9464'" METRICS},
        {"metrics = 9464\n", "2: metrics: '9464'" METRICS},
        {"metrics = :9464\n", "2: metrics: ':9464'" METRICS},
        {"metrics = ::1:9464\n", "2: metrics: '::1:9464'" METRICS},
        {"metrics = 127.0.0.1:\n", "2: metrics: '127.0.0.1:'" METRICS},
        {"metrics = 127.0.0.1:0\n", "2: metrics: '127.0.0.1:0'" METRICS},
        {"metrics = 127.0.0.1:65536\n", "2: metrics: '127.0.0.1:65536'" METRICS},
        {"metrics = 127.0.0.1:x\n", "2: metrics: '127.0.0.1:x'" METRICS},
        {"metrics = []:1\n", "2: metrics: '[]:1'" METRICS},
        {"metrics = m.prom\n", "2: metrics: 'm.prom'" METRICS},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config *c;
        struct fault fault;
        char wanted[512] = "";
        if (cases[i].text)
            snprintf(wanted, sizeof wanted, "/e/a.conf:%s", cases[i].text);
        cr_expect_eq(read_config(cases[i].lines, &c, &fault), cases[i].text ? EXIT_CONFIG : 0, "%s", cases[i].lines);
        cr_expect_str_eq(fault.text, wanted, "%s: %s", cases[i].lines, fault.text);
        cr_expect_eq(!c, cases[i].text != NULL, "%s", cases[i].lines);
        config_free(c);
    }
}

/* A host name that is a part of the next one, and names at the bounds. */
Test(config, urls)
{
    static const struct {
        const char *text;
        int taken;
    } cases[] = {
        {"AMQPS://h", 1},    {"amqp://", 0},         {"amqp:///x", 0},    {"amqp://h:", 0},       {"amqp://h:65536", 0},
        {"amqp://h:1x", 0},  {"amqp://[::1", 0},     {"amqp://[h]/x", 0}, {"amqp://[::1]x/y", 0}, {"amqp://h?x", 0},
        {"amqp://h/x?y", 0}, {"amqp://h/x#y", 0},    {"amqp://h/%00", 0}, {"amqp://h/%1f", 0},    {"amqp://h/%7F", 0},
        {"amqp://h/%", 0},   {"amqp://h/%g0", 0},    {"amqp://h/%0", 0},  {"amqp://h/%C3%A9", 1}, {"amqp://a_b.c-d", 1},
        {"amqp://h:5/", 0},  {"amqp://h:000001", 0},
    };
    struct broker_url url;
    char text[600];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        cr_expect_eq(!broker_url_parse(cases[i].text, &url), cases[i].taken, "%s", cases[i].text);
    for (int len = 254; len <= 257; len++) {
        snprintf(text, sizeof text, "amqp://h/%0*d", len, 7);
        cr_expect_eq(!broker_url_parse(text, &url), len <= 255, "%d", len);
        snprintf(text, sizeof text, "amqp://%0*d", len, 7);
        cr_expect_eq(!broker_url_parse(text, &url), len <= 255, "%d", len);
    }
}

/* The source of the password, as it is asked for each login. */
Test(config, password)
{
    char folder[] = "/tmp/envoi-worker-XXXXXX", path[64];
    struct config *c;
    struct fault fault;
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/broker", folder);
    FILE *file = fopen(path, "w");
    fprintf(file, "hunter2\n");
    fclose(file);
    setenv("CREDENTIALS_DIRECTORY", folder, 1);

    cr_assert_eq(read_config("", &c, &fault), 0);
    cr_expect_null(c->secret);
    config_free(c);

    cr_assert_eq(read_config("broker-user = me\nbroker-credential = broker\n", &c, &fault), 0, "%s", fault.text);
    cr_assert(c->secret);
    const struct secret_request request = {.where = c->secret_place, .value = c->secret_value};
    struct secret *secret = secret_new(&request, &fault);
    cr_expect_eq(c->secret->fetch(secret, &request, &fault), 0, "%s", fault.text);
    cr_expect_str_eq(secret->text, "hunter2");
    unlink(path);
    rmdir(folder);
    cr_expect_eq(c->secret->fetch(secret, &request, &fault), EXIT_CONFIG);
    cr_expect(strstr(fault.text, "/e/a.conf:3: broker-credential: cannot read '"), "%s", fault.text);
    secret_free(secret);
    config_free(c);
}
