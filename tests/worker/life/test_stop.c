/* SPDX-License-Identifier: MIT */
/* The end: what is on the wire is finished, what may have been delivered is unknown, what was not begun is left alone. */
#include "tests/worker/life/life.h"

#include "accounts/fault.h"

#include <string.h>

TestSuite(life_stop, .timeout = 60);

Test(life_stop, idle)
{
    life_begin("", "");
    life_until(life.broker->prefetch == 32);
    worker_stop(life.worker);
    life_until(life.worker->phase == WORKER_OVER);
    cr_expect_eq(life.broker->prefetch, 0);
    life_end();
}

/* Nothing is waited for that is not there. */
Test(life_stop, at_once)
{
    struct fault fault = {0};
    int64_t begun;

    life_begin("", "");
    life_until(life.broker->prefetch == 32);
    begun = clock_ms();
    worker_stop(life.worker);
    for (int i = 0; i < 3 && life.worker->phase != WORKER_OVER; i++)
        cr_assert_eq(worker_step(life.worker, -1, &fault), 0);
    cr_expect_eq(life.worker->phase, WORKER_OVER);
    cr_expect_lt(clock_ms() - begun, 5000);
    life_end();
}

Test(life_stop, drains)
{
    life_begin("", "");
    life_job_of("w", "one", LIFE_TO("held@example.net", "defer@example.net"));
    life_until(fake_smtp_held(&life.smtp[0]) == 1);
    worker_stop(life.worker);
    life_job("n", "n@example.net");
    life_rest();
    cr_expect_eq(life.worker->phase, WORKER_DRAINS);
    cr_expect_eq(life.broker->prefetch, 0);
    fake_smtp_release(&life.smtp[0]);
    life_until(life.worker->phase == WORKER_OVER);
    cr_expect_eq(fake_settled(life.broker), 1);
    cr_expect_str_eq(life_to(life_last("wait.1m")), "defer@example.net");
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "n@example.net"), 0);
    life_end();
}

/* After the grace the rest is cut off: its content is gone. */
Test(life_stop, grace_is_over)
{
    life_begin("", "");
    life_job("w", "held@example.net");
    life_until(fake_smtp_held(&life.smtp[0]) == 1);
    worker_stop(life.worker);
    life_pass(24000);
    life_rest();
    cr_expect_eq(life.worker->phase, WORKER_DRAINS);
    life_pass(1000);
    life_until(life.worker->phase == WORKER_OVER);
    cr_expect_eq(fake_settled(life.broker), 1);
    cr_expect_str_eq(life_to(life_last("unknown")), "held@example.net");
    life_end();
}

Test(life_stop, second_signal)
{
    life_begin("", "");
    life_job("w", "held@example.net");
    life_until(fake_smtp_held(&life.smtp[0]) == 1);
    worker_stop(life.worker);
    life_step();
    worker_stop(life.worker);
    life_until(life.worker->phase == WORKER_OVER);
    cr_expect_str_eq(life_to(life_last("unknown")), "held@example.net");
    life_end();
}

/* Jobs that wait for their account are not begun: the broker has them still. */
Test(life_stop, not_begun)
{
    life_begin("", "");
    fake_smtp_close(&life.smtp[0]);
    life_job("a", "a@example.net");
    life_job("b", "b@example.net");
    life_until(life.worker->smtps && life.worker->smtps->breaker.fails);
    worker_stop(life.worker);
    life_until(life.worker->phase == WORKER_OVER);
    cr_expect_eq(fake_settled(life.broker), 0);
    cr_expect_eq(life.broker->publication_count, 0);
    life_end();
}

/* The broker does not confirm: the job is left to it, and that may not last. */
Test(life_stop, no_confirmation)
{
    life_begin("", "");
    life.broker->answer = FAKE_WAITS;
    life_job("r", "refuse@example.net");
    life_until(fake_published(life.broker, "dead", NULL) == 1);
    worker_stop(life.worker);
    life_pass(25000);
    life_rest();
    life_pass(3000);
    life_until(life.worker->phase == WORKER_OVER);
    cr_expect_eq(fake_settled(life.broker), 0);
    life_end();
}

Test(life_stop, without_a_broker)
{
    life_begin("", "");
    life_job("w", "held@example.net");
    life_until(fake_smtp_held(&life.smtp[0]) == 1);
    life.broker->open_exit = 69;
    fake_lose(life.broker);
    life_until(!life.worker->consumer.is_open);
    worker_stop(life.worker);
    fake_smtp_release(&life.smtp[0]);
    life_until(life.worker->phase == WORKER_OVER);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "held@example.net"), 1);
    life_end();
}
