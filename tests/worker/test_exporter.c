/* SPDX-License-Identifier: MIT */
/* The exporter with clients that behave and that do not. The time is the test's own. */
#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "worker/config.h"
#include "worker/exporter.h"
#include "worker/metrics.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Rounds of the loop without an event, after which nothing more will come. Over loopback it is one. */
#define QUIET_MS 20

static struct config config;
static struct metrics *metrics;
static struct exporter *exporter;
static struct fault fault;
static int64_t now;
static struct sockaddr_in address;

static void address_set(const struct sockaddr_in *to)
{
    memcpy(&config.metrics_address, to, sizeof *to);
    config.metrics_len = sizeof *to;
}

/* A port that is free, found by another socket. */
static void begin(void)
{
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    cr_assert_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    address_set(&address);
    metrics = metrics_new();
    now = 1000;
    cr_assert_eq(exporter_new(&config, metrics, &exporter, &fault), 0, "%s", fault.text);
}

static void end(void)
{
    exporter_free(exporter);
    metrics_free(metrics);
}

TestSuite(exporter, .timeout = 30, .init = begin, .fini = end);

/* Runs the loop until nothing happens any more. */
static void settle(void)
{
    struct pollfd fds[EXPORTER_FDS];
    int ready = 1;
    for (int rounds = 0; ready && rounds < 10000; rounds++) {
        size_t count = exporter_fds(exporter, fds, EXPORTER_FDS);
        ready = poll(fds, (nfds_t)count, QUIET_MS);
        cr_assert_eq(exporter_process(exporter, fds, count, now, &fault), 0);
    }
    cr_assert_eq(ready, 0, "the loop is never quiet");
}

static int client(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    cr_assert_eq(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* All that the exporter has said, to its end. NULL: it has not closed, or the connection was reset. */
static char *hear(int fd)
{
    static char text[1 << 20];
    size_t len = 0;
    ssize_t n;
    do {
        settle();
        n = read(fd, text + len, sizeof text - 1 - len);
        len += n > 0 ? (size_t)n : 0;
    } while (n > 0);
    text[len] = '\0';
    return n ? NULL : text;
}

static char *ask(const char *request)
{
    int fd = client();
    say(fd, request);
    char *text = hear(fd);
    close(fd);
    settle();
    return text;
}

static int begins(const char *text, const char *with)
{
    return text && !strncmp(text, with, strlen(with));
}

Test(exporter, metrics)
{
    metrics_add(metrics, METRIC_DEAD, "refused", NULL, 3);
    char *text = ask("GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n");
    cr_assert(begins(text, "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), "%s",
              text);
    cr_expect(strstr(text, "\r\nConnection: close\r\n"));
    char *body = strstr(text, "\r\n\r\n") + 4, *length = strstr(text, "Content-Length: ");
    cr_expect_eq(strtoul(length + 16, NULL, 10), strlen(body));
    cr_expect(strstr(body, "\nenvoi_dead_total{reason=\"refused\"} 3\n"));
    cr_expect_eq(exporter_deadline(exporter), -1, "the client is gone");
}

Test(exporter, health)
{
    cr_expect(begins(ask("GET /healthz HTTP/1.1\r\n\r\n"), "HTTP/1.1 503 Service Unavailable\r\n"));
    cr_expect(strstr(ask("GET /healthz HTTP/1.1\r\n\r\n"), "\r\n\r\nstarting\n"));
    exporter_set_health(exporter, NULL);
    char *text = ask("GET /healthz HTTP/1.0\r\n\r\n");
    cr_expect(begins(text, "HTTP/1.1 200 OK\r\n"));
    cr_expect(strstr(text, "\r\n\r\nok\n"));
    exporter_set_health(exporter, "the broker is not there: Connection refused");
    text = ask("GET /healthz HTTP/1.1\n\n");
    cr_expect(begins(text, "HTTP/1.1 503 "));
    cr_expect(strstr(text, "\r\n\r\nthe broker is not there: Connection refused\n"));
    char long_reason[2000];
    memset(long_reason, 'x', sizeof long_reason - 1);
    long_reason[sizeof long_reason - 1] = '\0';
    exporter_set_health(exporter, long_reason);
    cr_expect(strstr(ask("GET /healthz HTTP/1.1\r\n\r\n"), "xxx...\n"));
}

Test(exporter, requests)
{
    static const struct {
        const char *request, *status;
    } cases[] = {
        {"GET /metrics?x=y HTTP/1.1\r\n\r\n", "200 OK"},
        {"GET / HTTP/1.1\r\n\r\n", "404 Not Found"},
        {"GET /metrics/ HTTP/1.1\r\n\r\n", "404 Not Found"},
        {"HEAD /other HTTP/1.1\r\n\r\n", "404 Not Found"},
        {"POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", "405 Method Not Allowed"},
        {"DELETE / HTTP/1.1\r\n\r\n", "405 Method Not Allowed"},
        {"get /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed"},
        {"GET\r\n\r\n", "400 Bad Request"},
        {"GET /metrics\r\n\r\n", "400 Bad Request"},
        {"GET http://x/metrics HTTP/1.1\r\n\r\n", "400 Bad Request"},
        {"GET /metrics HTTP/2.0\r\n\r\n", "400 Bad Request"},
        {"\r\n\r\n", "400 Bad Request"},
        {"\x16\x03\x01\x02\r\n\r\n", "400 Bad Request"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char wanted[64];
        char *text = ask(cases[i].request);
        snprintf(wanted, sizeof wanted, "HTTP/1.1 %s\r\n", cases[i].status);
        cr_expect(begins(text, wanted), "%s: %s", cases[i].request, text);
    }
    cr_expect(strstr(ask("PUT / HTTP/1.1\r\n\r\n"), "\r\nAllow: GET, HEAD\r\n"));
}

Test(exporter, head)
{
    char *text = ask("HEAD /metrics HTTP/1.1\r\n\r\n");
    cr_assert(begins(text, "HTTP/1.1 200 OK\r\n"));
    cr_expect_gt(strtoul(strstr(text, "Content-Length: ") + 16, NULL, 10), 1000);
    cr_expect_str_eq(strstr(text, "\r\n\r\n"), "\r\n\r\n");
}

/* One octet at a time. */
Test(exporter, torn)
{
    static const char request[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = client();
    for (size_t i = 0; i < sizeof request - 1; i++) {
        const char one[2] = {request[i], '\0'};
        settle();
        say(fd, one);
    }
    cr_expect(begins(hear(fd), "HTTP/1.1 503 "));
    close(fd);
}

Test(exporter, too_long)
{
    int fd = client();
    char filler[EXPORTER_REQUEST_MAX + 500];
    memset(filler, 'a', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    say(fd, filler);
    cr_expect(begins(hear(fd), "HTTP/1.1 431 "), "the answer arrives, although octets were left unread");
    close(fd);
}

/* A client that sends an octet now and then has five seconds, as every other one. */
Test(exporter, slow)
{
    int fd = client();
    say(fd, "GET /healthz");
    settle();
    cr_expect_eq(exporter_deadline(exporter), 1000 + EXPORTER_CLIENT_MS);
    for (now = 1001; now < 1000 + EXPORTER_CLIENT_MS; now += 1000) {
        say(fd, "x");
        settle();
        cr_expect_eq(exporter_deadline(exporter), 1000 + EXPORTER_CLIENT_MS);
    }
    cr_expect_eq(exporter_process(exporter, NULL, 0, 1000 + EXPORTER_CLIENT_MS, &fault), 0);
    cr_expect_eq(exporter_deadline(exporter), -1);
    char octet;
    ssize_t n = read(fd, &octet, 1);
    cr_expect(!n || (n < 0 && errno == ECONNRESET), "it is closed");
    close(fd);
}

/* One that does not read its answer, and one that goes on sending behind its request. */
Test(exporter, deaf_and_talkative)
{
    char account[300];
    memset(account, 'a', sizeof account - 1);
    account[sizeof account - 1] = '\0';
    for (int i = 0; i < METRICS_SERIES_MAX; i++) {
        account[snprintf(account, 8, "%d", i)] = 'a';
        metrics_add(metrics, METRIC_RECIPIENTS, account, account, 1);
        metrics_add(metrics, METRIC_JOBS, account, account, 1);
        metrics_add(metrics, METRIC_CONNECTIONS, account, NULL, 1);
    }
    int deaf = client(), talkative = client(), small = 1024;
    cr_assert_eq(setsockopt(deaf, SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
    say(deaf, "GET /metrics HTTP/1.1\r\n\r\n");
    say(talkative, "GET /healthz HTTP/1.1\r\n\r\n");
    cr_expect(begins(hear(talkative), "HTTP/1.1 503 "));
    for (int i = 0; i < 10; i++) {
        say(talkative, "more and more of it");
        settle();
    }
    struct pollfd fds[EXPORTER_FDS];
    cr_expect_eq(exporter_fds(exporter, fds, EXPORTER_FDS), 3, "both are there");
    cr_expect_eq(exporter_fds(exporter, fds, 1), 1);
    now += EXPORTER_CLIENT_MS;
    settle();
    cr_expect_eq(exporter_fds(exporter, fds, EXPORTER_FDS), 1, "both are gone");
    close(deaf);
    close(talkative);
}

/* The ninth waits until one of the eight has gone. */
Test(exporter, crowd)
{
    int idle[EXPORTER_CLIENTS];
    struct pollfd fds[EXPORTER_FDS];
    for (size_t i = 0; i < EXPORTER_CLIENTS; i++) {
        idle[i] = client();
        settle();
    }
    int ninth = client();
    say(ninth, "GET /healthz HTTP/1.1\r\n\r\n");
    settle();
    cr_expect_eq(exporter_fds(exporter, fds, EXPORTER_FDS), EXPORTER_CLIENTS);
    char octet;
    cr_expect_eq(read(ninth, &octet, 1), -1);
    close(idle[3]);
    settle();
    cr_expect(begins(hear(ninth), "HTTP/1.1 503 "));
    close(ninth);
    for (size_t i = 0; i < EXPORTER_CLIENTS; i++)
        if (i != 3)
            close(idle[i]);
    settle();
    cr_expect_eq(exporter_fds(exporter, fds, EXPORTER_FDS), 1);
}

/* Without descriptors the loop does not spin. */
Test(exporter, no_descriptors)
{
    struct rlimit limit;
    struct pollfd fds[EXPORTER_FDS];
    int fd = client();
    say(fd, "GET /healthz HTTP/1.1\r\n\r\n");
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    const struct rlimit none = {(rlim_t)fd + 1, limit.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    int filler[256], fillers = 0; /* those that are free below */
    while (fillers < 256 && (filler[fillers] = dup(fd)) >= 0)
        fillers++;
    settle();
    cr_expect_eq(exporter_fds(exporter, fds, EXPORTER_FDS), 0);
    cr_expect_eq(exporter_deadline(exporter), now + EXPORTER_PAUSE_MS);
    while (fillers)
        close(filler[--fillers]);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    now += EXPORTER_PAUSE_MS;
    settle();
    cr_expect(begins(hear(fd), "HTTP/1.1 503 "));
    close(fd);
}

Test(exporter, address_in_use)
{
    struct exporter *second;
    cr_expect_eq(exporter_new(&config, metrics, &second, &fault), EXIT_CONFIG);
    cr_expect_null(second);
    cr_expect_str_eq(fault.text, "[worker]: metrics: cannot listen there: Address already in use; a second worker on "
                                 "this machine needs another port, or metrics = none");
}

Test(exporter, none)
{
    static const struct config nothing;
    struct exporter *other;
    struct pollfd fds[EXPORTER_FDS];
    cr_assert_eq(exporter_new(&nothing, metrics, &other, &fault), 0);
    cr_expect_eq(exporter_fds(other, fds, EXPORTER_FDS), 0);
    cr_expect_eq(exporter_deadline(other), -1);
    cr_expect_eq(exporter_process(other, fds, 0, 5, &fault), 0);
    exporter_free(other);
    exporter_free(NULL);
}

static int file_has(const char *path, const char *text)
{
    static char content[65536];
    FILE *file = fopen(path, "r");
    size_t n = file ? fread(content, 1, sizeof content - 1, file) : 0;
    content[n] = '\0';
    if (file)
        fclose(file);
    return strstr(content, text) != NULL;
}

Test(exporter, file)
{
    char folder[] = "/tmp/envoi-worker-XXXXXX", path[64];
    struct exporter *other;
    struct stat status;
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/envoi.prom", folder);
    const struct config to_file = {.metrics_file = path};
    metrics_add(metrics, METRIC_REDELIVERED, NULL, NULL, 1);
    cr_assert_eq(exporter_new(&to_file, metrics, &other, &fault), 0, "%s", fault.text);
    cr_expect(file_has(path, "\nenvoi_redelivered_total 1\n"));
    cr_expect_eq(stat(path, &status), 0);
    cr_expect_eq(status.st_mode & 0777, 0644, "others read it");

    cr_expect_eq(exporter_process(other, NULL, 0, 100, &fault), 0);
    metrics_add(metrics, METRIC_REDELIVERED, NULL, NULL, 1);
    cr_expect_eq(exporter_deadline(other), 100 + EXPORTER_FILE_MS);
    cr_expect_eq(exporter_process(other, NULL, 0, 100 + EXPORTER_FILE_MS - 1, &fault), 0);
    cr_expect(file_has(path, "\nenvoi_redelivered_total 1\n"));
    cr_expect_eq(exporter_process(other, NULL, 0, 100 + EXPORTER_FILE_MS, &fault), 0);
    cr_expect(file_has(path, "\nenvoi_redelivered_total 2\n"));

    /* What goes wrong is said once. */
    unlink(path);
    rmdir(folder);
    int64_t then = 100 + 2 * EXPORTER_FILE_MS;
    cr_expect_eq(exporter_process(other, NULL, 0, then, &fault), EXIT_CONFIG);
    cr_expect(strstr(fault.text, "[worker]: metrics: cannot write '/tmp/envoi-worker-") &&
                  strstr(fault.text, "/envoi.prom': No such file or directory"),
              "%s", fault.text);
    cr_expect_eq(exporter_process(other, NULL, 0, then += EXPORTER_FILE_MS, &fault), 0);
    cr_assert_eq(mkdir(folder, 0700), 0);
    cr_expect_eq(exporter_process(other, NULL, 0, then += EXPORTER_FILE_MS, &fault), 0);
    cr_expect(file_has(path, "\nenvoi_redelivered_total 2\n"));
    metrics_add(metrics, METRIC_REDELIVERED, NULL, NULL, 1);
    exporter_free(other);
    cr_expect(file_has(path, "\nenvoi_redelivered_total 3\n"), "the end is in it too");
    unlink(path);
    rmdir(folder);
    cr_expect_eq(exporter_new(&to_file, metrics, &other, &fault), EXIT_CONFIG);
    cr_expect_null(other);
}
