/* SPDX-License-Identifier: MIT */
#include "tests/worker/life/life.h"

#include "accounts/fault.h"
#include "worker/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LIFE_STEP_MS 20
#define LIFE_REST_MS 2
#define LIFE_RESTS   15

struct life life;

/* ---- the clocks ---- */

/* Of this thread: those in which secrets are fetched, and the other tests, have the clocks of the system. */
static _Thread_local int64_t life_ahead;

/* Visible, so that libenvoi has it too. */
__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *t)
{
    long rc = syscall(SYS_clock_gettime, clock, t);

    if (!rc && (clock == CLOCK_MONOTONIC || clock == CLOCK_REALTIME)) {
        int64_t ns = t->tv_nsec + life_ahead % 1000 * 1000000;

        t->tv_sec += (time_t)(life_ahead / 1000 + ns / 1000000000);
        t->tv_nsec = (long)(ns % 1000000000);
    }
    return (int)rc;
}

void life_pass(int64_t ms)
{
    life_ahead += ms;
}

/* ---- the rig ---- */

static void life_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file, "%s: %s", path, strerror(errno));
    fputs(text, file);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, 0600), 0);
}

void life_write_secret(const char *secret)
{
    life_write(life.secret_file, secret);
}

static void life_write_accounts(const char *account, const char *worker)
{
    char text[4096];
    int n = snprintf(text, sizeof text,
                     "[one]\nhost = 127.0.0.1\nport = %u\ntls = off\n%s\n[two]\nhost = 127.0.0.1\nport = %u\ntls = "
                     "off\n[worker]\nmetrics = none\n%s\n",
                     life.smtp[0].port, account, life.smtp[1].port, worker);

    cr_assert(n > 0 && (size_t)n < sizeof text);
    life_write(life.accounts_file, text);
}

static void life_make_worker(void)
{
    struct worker_setup setup = {
        .accounts = life.accounts,
        .config = life.config,
        .broker = &life.broker->broker,
        .metrics = life.metrics,
        .plugins_d = WORKER_PLUGINS_D,
        .module_dir = WORKER_MODULES,
        .content_root = -1,
    };
    struct fault fault = {0};

    cr_assert_eq(worker_new(&setup, &life.worker, &fault), 0, "%s", fault.text);
}

void life_begin(const char *account, const char *worker)
{
    struct fault fault = {0};

    memset(&life, 0, sizeof life); /* it is large */
    life_ahead = 0;
    snprintf(life.folder, sizeof life.folder, "/tmp/envoi-life-XXXXXX");
    cr_assert_not_null(mkdtemp(life.folder));
    snprintf(life.accounts_file, sizeof life.accounts_file, "%s/accounts.conf", life.folder);
    snprintf(life.secret_file, sizeof life.secret_file, "%s/secret", life.folder);
    for (size_t i = 0; i < 2; i++) {
        fake_smtp_listen(&life.smtp[i], &life.loop);
        fake_smtp_close(&life.smtp[i]);
    }
    life_write_accounts(account, worker);
    cr_assert_eq(accounts_read(&(struct accounts_files){.given = life.accounts_file}, &life.accounts, &fault), 0, "%s",
                 fault.text);
    cr_assert_eq(config_read(life.accounts, &life.config, &fault), 0, "%s", fault.text);
    life.broker = fake_broker_new();
    life.metrics = metrics_new();
    life_make_worker();
    for (size_t i = 0; i < 2; i++)
        fake_smtp_listen(&life.smtp[i], &life.worker->loop);
}

void life_end(void)
{
    for (size_t i = 0; i < 2; i++)
        fake_smtp_close(&life.smtp[i]);
    worker_free(life.worker);
    life.broker->broker.functions->free(&life.broker->broker);
    metrics_free(life.metrics);
    config_free(life.config);
    accounts_free(life.accounts);
    loop_free(&life.loop);
    unlink(life.accounts_file);
    unlink(life.secret_file);
    rmdir(life.folder);
    life_ahead = 0;
}

static void life_wait(int ms)
{
    struct fault fault = {0};

    life.exit = worker_step(life.worker, ms, &fault);
}

void life_step(void)
{
    life_wait(LIFE_STEP_MS);
}

void life_rest(void)
{
    for (int i = 0; i < LIFE_RESTS; i++)
        life_wait(LIFE_REST_MS);
}

/* ---- jobs and copies ---- */

size_t life_job(const char *id, const char *to)
{
    return fake_add_mail(life.broker, id, "one", &to, 1, NULL, 0);
}

size_t life_job_of(const char *id, const char *account, const char *const *to, size_t count)
{
    return fake_add_mail(life.broker, id, account, to, count, NULL, 0);
}

const struct broker_message *life_last(const char *routing_key)
{
    size_t last = 0;

    cr_assert_gt(fake_published(life.broker, routing_key, &last), 0, "nothing was published with the key %s",
                 routing_key);
    return &life.broker->publications[last].message;
}

const char *life_to(const struct broker_message *copy)
{
    static char text[4096];
    const struct broker_header *to = fake_header(copy, "x-envoi-to");
    size_t len = 0;

    cr_assert_not_null(to);
    *text = '\0';
    for (size_t i = 0; i < to->count; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? " " : "", to->list[i]);
    return text;
}

const char *life_text(const struct broker_message *copy, const char *name)
{
    const struct broker_header *header = fake_header(copy, name);

    return header && header->kind == BROKER_TEXT ? header->text : "";
}

int64_t life_number(const struct broker_message *copy, const char *name)
{
    const struct broker_header *header = fake_header(copy, name);

    return header && header->kind == BROKER_NUMBER ? header->number : 0;
}

int life_counts(const char *line)
{
    size_t len = 0;
    char *text = metrics_text(life.metrics, &len);
    int found = 0;

    for (const char *at = text; at && !found && (at = strstr(at, line)); at++)
        found = (at == text || at[-1] == '\n') && at[strlen(line)] == '\n';
    free(text);
    return found;
}
