/* SPDX-License-Identifier: MIT */
/* envoi_pool_run() is interrupted, and goes on. */
#include "post.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

TestSuite(pool_interrupt, .timeout = 60);

static struct post p;
static struct mta *m;

static void open_post(size_t count, struct mta_config config)
{
    post_open(&p, count, 1, 1);
    envoi_session_set_timeout(p.prototype, ENVOI_PHASE_NONE, ENVOI_TIMEOUT_NEVER);
    config.ledger = p.ledger;
    m = mta_start(&config);
}

static void close_post(void)
{
    struct mta_report r;

    post_check(&p);
    cr_assert_eq(p.accepted, p.count);
    r = mta_stop(m);
    cr_assert_str_empty(r.wrong, "%s", r.wrong);
    post_close(&p);
}

static void on_alarm(int number)
{
    (void)number;
    envoi_pool_interrupt(p.pool);
}

static void do_nothing(int number)
{
    (void)number;
}

static void alarm_in(int milliseconds, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    struct itimerval once = {.it_value = {0, milliseconds * 1000}};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &once, NULL);
}

/* The messages stay in the pool, and its connections open. */
Test(pool_interrupt, it_goes_on_later)
{
    open_post(20, (struct mta_config){.late_ms = 400});
    envoi_pool_interrupt(NULL);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    alarm_in(50, on_alarm);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_E_CANCELLED);
    cr_assert_eq(p.done, 0);
    cr_assert_eq(envoi_pool_pending(p.pool), 20);
    cr_assert_gt(envoi_pool_connections(p.pool), 0);
    envoi_pool_interrupt(p.pool);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_E_CANCELLED, "it was not running then");
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    cr_assert_eq(p.done, 20);
    close_post();
}

static void interrupt_when_done(struct letter *l)
{
    envoi_pool_interrupt(l->post->pool);
}

Test(pool_interrupt, from_a_callback)
{
    int rc = ENVOI_E_CANCELLED, runs = 0;

    open_post(20, (struct mta_config){0});
    envoi_pool_set_limit(p.pool, ENVOI_POOL_CONNECTIONS, 1);
    envoi_pool_set_limit(p.pool, ENVOI_POOL_IN_FLIGHT, 1);
    p.on_done = interrupt_when_done;
    post_submit_all(&p, post_route(&p, mta_where(m)));
    for (; rc == ENVOI_E_CANCELLED && runs < 100; runs++)
        rc = envoi_pool_run(p.pool);
    cr_assert_eq(rc, ENVOI_OK);
    cr_assert_gt(runs, 5);
    close_post();
}

static atomic_bool over;

static void *interrupt_often(void *ctx)
{
    while (!atomic_load(&over)) {
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
        envoi_pool_interrupt(ctx);
    }
    return NULL;
}

Test(pool_interrupt, from_another_thread)
{
    pthread_t thread;
    int rc;

    open_post(300, (struct mta_config){.late_ms = 20});
    envoi_pool_set_limit(p.pool, ENVOI_POOL_MESSAGES, 10);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    cr_assert_eq(pthread_create(&thread, NULL, interrupt_often, p.pool), 0);
    while ((rc = envoi_pool_run(p.pool)) == ENVOI_E_CANCELLED)
        ;
    cr_assert_eq(rc, ENVOI_OK);
    atomic_store(&over, true);
    pthread_join(thread, NULL);
    close_post();
}

/* Again and again: a signal that comes before envoi_pool_run() waits is none for it. */
static void alarm_every(int milliseconds)
{
    struct sigaction action = {.sa_handler = do_nothing};
    struct itimerval often = {.it_interval = {0, milliseconds * 1000}, .it_value = {0, milliseconds * 1000}};

    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
}

static int asked;

static int goes_on(void *ctx)
{
    cr_assert_eq(ctx, &asked);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_E_USAGE);
    return ++asked == 2;
}

Test(pool_interrupt, asked_after_a_signal)
{
    open_post(3, (struct mta_config){.late_ms = 400});
    cr_assert_eq(envoi_pool_set_interrupt_callback(NULL, goes_on, &asked), ENVOI_E_USAGE);
    cr_assert_eq(envoi_pool_set_interrupt_callback(p.pool, goes_on, &asked), ENVOI_OK);
    post_submit_all(&p, post_route(&p, mta_where(m)));
    alarm_every(20);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_E_CANCELLED);
    alarm_every(0);
    cr_assert_eq(asked, 2);
    cr_assert_eq(envoi_pool_run(p.pool), ENVOI_OK);
    close_post();
}
