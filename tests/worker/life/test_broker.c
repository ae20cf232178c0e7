/* SPDX-License-Identifier: MIT */
/* What the broker may do: it is lost, blocked, full, without queues, and it delivers again. */
#include "tests/worker/life/life.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"

#include <string.h>

TestSuite(life_broker, .timeout = 60);

#define MINUTE 60000

static void come_back(void)
{
    unsigned opened = life.broker->opened;

    life_until(!life.worker->consumer.is_open);
    life_pass(2000);
    life_until(life.broker->opened > opened);
    life_until(life.broker->prefetch > 0);
}

/* ---- the first connection ---- */

Test(life_broker, not_there)
{
    life_begin("", "broker-wait = 10s");
    life.broker->open_exit = EXIT_REFUSED;
    life_step();
    cr_expect_eq(life.exit, 0);
    life_pass(20000);
    life_step();
    cr_expect_eq(life.exit, EXIT_REFUSED);
    life_end();
}

Test(life_broker, there_in_time)
{
    life_begin("", "");
    life.broker->open_exit = EXIT_REFUSED;
    life_step();
    life.broker->open_exit = 0;
    life_pass(2000);
    life_job("a", "a@example.net");
    life_until(fake_settled(life.broker) == 1);
    life_end();
}

Test(life_broker, not_for_us)
{
    static const int exits[] = {EXIT_PROTOCOL, EXIT_LOGIN, EXIT_CONFIG};

    life_begin("", "");
    for (size_t i = 0; i < 3; i++) {
        life.broker->open_exit = exits[i];
        life_pass(60000 * (int64_t)i);
        life_step();
        cr_expect_eq(life.exit, exits[i]);
        life_end();
        life_begin("", "");
    }
    life_end();
}

/* ---- lost ---- */

Test(life_broker, reconnects_with_longer_pauses)
{
    int64_t pause = 0;

    life_begin("", "");
    life_until(life.broker->is_open);
    life.broker->open_exit = EXIT_LOGIN;
    fake_lose(life.broker);
    life_until(!life.worker->consumer.is_open);
    cr_expect(life_counts("envoi_broker_up 0"));
    for (int i = 0; i < 10; i++) {
        int64_t before = pause;

        life_pass(life.worker->consumer.open_at - clock_ms() + 1);
        life_step();
        cr_expect_eq(life.exit, 0, "it gives up a broker that was there");
        pause = life.worker->consumer.open_at - clock_ms();
        cr_expect_leq(pause, MINUTE * 5 / 4);
        cr_expect_geq(pause, i < 5 ? before : MINUTE - 100);
    }
    life.broker->open_exit = 0;
    life_pass(2 * MINUTE);
    life_until(life.broker->is_open);
    life_pass(MINUTE);
    fake_lose(life.broker);
    life_until(!life.worker->consumer.is_open);
    cr_expect_leq(life.worker->consumer.open_at - clock_ms(), 1250, "a good connection does not begin anew");
    life_pass(2000);
    life_until(life.broker->is_open);
    cr_expect(life_counts("envoi_broker_up 1"));
    cr_expect(life_counts("envoi_broker_reconnects_total 2"));
    life_end();
}

/* The user may not read the queue, say. */
Test(life_broker, lost_as_soon_as_it_is_there)
{
    int64_t pause = 0;

    life_begin("", "");
    life_until(life.broker->is_open);
    for (int i = 0; i < 10; i++) {
        int64_t before = pause;

        fake_lose(life.broker);
        life_until(!life.worker->consumer.is_open);
        pause = life.worker->consumer.open_at - clock_ms();
        cr_expect_geq(pause, i < 6 ? before : MINUTE - 100);
        life_pass(pause + 1);
        life_until(life.broker->is_open);
    }
    life_end();
}

/* What is on the wire is finished, and not sent again when it is delivered again. What was not begun is. */
Test(life_broker, lost_while_on_the_wire)
{
    life_begin("", "");
    life_job("w", "held@example.net");
    life_until(fake_smtp_held(&life.smtp[0]) == 1);
    life.broker->open_exit = EXIT_REFUSED;
    fake_lose(life.broker);
    life_until(!life.worker->consumer.is_open);
    fake_smtp_release(&life.smtp[0]);
    life_until(life.worker->jobs.count == 0);
    life.broker->open_exit = 0;
    life_pass(10000);
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(life.broker->jobs[0].deliveries, 2);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "held@example.net"), 1);
    cr_expect(life_counts("envoi_redelivered_total 1"));
    life_end();
}

/* The same, and the broker is back before the server has answered. */
Test(life_broker, back_while_on_the_wire)
{
    life_begin("", "");
    life_job_of("w", "one", LIFE_TO("held@example.net", "defer@example.net"));
    life_until(fake_smtp_held(&life.smtp[0]) == 1);
    fake_lose(life.broker);
    come_back();
    life_until(fake_in_hand(life.broker) == 1);
    life_rest();
    cr_expect_eq(life.worker->jobs.count, 1);
    cr_expect_eq(fake_settled(life.broker), 0);
    fake_smtp_release(&life.smtp[0]);
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "held@example.net"), 1);
    cr_expect_str_eq(life_to(life_last("wait.1m")), "defer@example.net");
    life_end();
}

/* Lost between the verdict and the confirmation of the copy: the plan is carried out, and nothing is sent. */
Test(life_broker, lost_before_the_confirmation)
{
    life_begin("", "");
    life.broker->answer = FAKE_WAITS;
    life_job_of("c", "one", LIFE_TO("you@example.net", "refuse@example.net"));
    life_until(fake_published(life.broker, "dead", NULL) == 1);
    life_rest();
    cr_expect_eq(fake_settled(life.broker), 0, "it was acknowledged before its copy was confirmed");
    fake_lose(life.broker);
    life.broker->answer = FAKE_CONFIRMS;
    come_back();
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(fake_published(life.broker, "dead", NULL), 2);
    cr_expect_str_eq(life_to(life_last("dead")), "refuse@example.net");
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "you@example.net"), 1);
    life_end();
}

/* The acknowledgement itself was lost. */
Test(life_broker, lost_acknowledgement)
{
    life_begin("", "");
    life_job_of("k", "one", LIFE_TO("you@example.net", "defer@example.net"));
    life_until(fake_settled(life.broker) == 1);
    life.broker->jobs[0].is_settled = 0;
    fake_lose(life.broker);
    come_back();
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(fake_published(life.broker, "wait.1m", NULL), 1);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "you@example.net"), 1);
    life_end();
}

/* A copy that was postponed has the attempt of the job before, and is another one all the same. */
Test(life_broker, postponed_copy_is_no_known_job)
{
    size_t last = 0;

    life_begin("", "");
    fake_smtp_close(&life.smtp[0]);
    life_job("p", "you@example.net");
    life_until(life.worker->smtps && life.worker->smtps->breaker.fails);
    life_pass(6 * MINUTE);
    life_until(fake_settled(life.broker) == 1);
    cr_assert_eq(fake_published(life.broker, "wait.1m", &last), 1);
    life.broker->jobs[fake_return_copy(life.broker, last)].deliveries = 1; /* to another worker, which is dead */
    fake_smtp_listen(&life.smtp[0], &life.worker->loop);
    life_pass(2 * MINUTE);
    life_until(fake_settled(life.broker) == 2);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "you@example.net"), 1, "the mail is lost");
    life_end();
}

/* Jobs that were not begun are dropped, and delivered again. */
Test(life_broker, lost_with_jobs_that_wait)
{
    life_begin("", "");
    fake_smtp_close(&life.smtp[0]);
    for (int i = 0; i < 5; i++)
        life_job("a", "a@example.net");
    life_until(fake_in_hand(life.broker) == 5);
    life_until(life.worker->smtps && life.worker->smtps->breaker.fails);
    fake_lose(life.broker);
    life_until(!life.worker->consumer.is_open);
    life_until(life.worker->jobs.count == 0);
    fake_smtp_listen(&life.smtp[0], &life.worker->loop);
    life_pass(30000);
    life_until(fake_settled(life.broker) == 5);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "a@example.net"), 5);
    life_end();
}

/* ---- redelivered ---- */

Test(life_broker, redelivered_is_sent)
{
    life_begin("", "");
    life.broker->jobs[life_job("r", "you@example.net")].deliveries = 3;
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "you@example.net"), 1);
    cr_expect(life_counts("envoi_redelivered_total 1"));
    life_end();
}

Test(life_broker, redelivered_is_parked)
{
    life_begin("", "redelivered = park");
    life.broker->jobs[life_job("r", "you@example.net")].deliveries = 1;
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "you@example.net"), 0);
    cr_expect_str_eq(life_to(life_last("unknown")), "you@example.net");
    cr_expect_not_null(strstr(life_text(life_last("unknown"), "x-envoi-text"), "park"));
    cr_expect(life_counts("envoi_redelivered_total 1"));
    life_end();
}

/* ---- publications ---- */

Test(life_broker, publication_fails)
{
    static const enum fake_answer answers[] = {FAKE_RETURNS, FAKE_REFUSES};

    for (size_t i = 0; i < 2; i++) {
        life_begin("", "");
        life.broker->answer = answers[i];
        life_job("p", "refuse@example.net");
        life_until(fake_published(life.broker, "dead", NULL) == 1);
        life_rest();
        cr_expect_eq(fake_settled(life.broker), 0);
        cr_expect_eq(fake_published(life.broker, "dead", NULL), 1, "without a pause");
        life_pass(1000);
        life_until(fake_published(life.broker, "dead", NULL) == 2);
        life_rest();
        life.broker->answer = FAKE_CONFIRMS;
        life_pass(2000);
        life_until(fake_settled(life.broker) == 1);
        cr_expect_eq(life.broker->jobs[0].settlement, BROKER_ACK);
        cr_expect_eq(fake_published(life.broker, "dead", NULL), 3);
        life_end();
    }
}

/* The message does not even fit into AMQP, or memory runs out. */
Test(life_broker, publication_is_impossible)
{
    static const int exits[] = {EXIT_DATA, EXIT_LOCAL};

    for (size_t i = 0; i < 2; i++) {
        life_begin("", "");
        life.broker->publish_exit = exits[i];
        life_job("p", "refuse@example.net");
        life_until(life.worker->jobs.first && life.worker->jobs.first->was_told);
        cr_expect_eq(fake_settled(life.broker), 0);
        life.broker->publish_exit = 0;
        life_pass(1000);
        life_until(fake_settled(life.broker) == 1);
        life.broker->publish_exit = exits[i];
        fake_add(life.broker, &(struct broker_message){.id = "i", .content_type = "text/plain", .body = "x", .len = 1});
        life_until(fake_settled(life.broker) == 2);
        cr_expect_eq(life.broker->jobs[1].settlement, BROKER_REJECT);
        life_end();
    }
}

/* The queue has no leader, say. The job stays in hand, and whoever runs the worker is told. */
Test(life_broker, not_confirmed)
{
    life_begin("", "");
    life.broker->answer = FAKE_WAITS;
    life_job("c", "refuse@example.net");
    life_until(fake_published(life.broker, "dead", NULL) == 1);
    life_pass(29000);
    life_rest();
    cr_expect(!settling_is_late(life.worker));
    cr_expect_eq(life.worker->jobs.first->was_told, 0);
    life_pass(2000);
    life_until(life.worker->jobs.first->was_told);
    cr_expect(settling_is_late(life.worker));
    cr_expect_eq(fake_settled(life.broker), 0);
    cr_expect_eq(fake_published(life.broker, "dead", NULL), 1, "it is published again");
    fake_answer_all(life.broker, FAKE_CONFIRMS);
    life_until(fake_settled(life.broker) == 1);
    cr_expect(!settling_is_late(life.worker));
    life_end();
}

Test(life_broker, blocked)
{
    life_begin("", "");
    life_job("h", "held@example.net");
    life_job("r", "refuse@example.net");
    life.smtp[0].mail = NULL;
    life_until(fake_smtp_held(&life.smtp[0]) == 1);
    fake_say(life.broker, BROKER_BLOCKED);
    life_until(life.broker->prefetch == 0);
    life_job("n", "n@example.net");
    fake_smtp_release(&life.smtp[0]);
    life_rest();
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "n@example.net"), 0);
    fake_say(life.broker, BROKER_UNBLOCKED);
    life_until(fake_settled(life.broker) == 3);
    cr_expect_eq(fake_published(life.broker, "dead", NULL), 1);
    life_end();
}

Test(life_broker, queue_deleted)
{
    life_begin("", "");
    life_until(life.broker->prefetch == 32);
    fake_say(life.broker, BROKER_CANCELLED);
    life_until(life.worker->consumer.prefetch == 0);
    life_rest();
    cr_expect_eq(life.broker->prefetch, 0, "without a pause");
    life_pass(2000);
    life_until(life.broker->prefetch == 32);
    life_job("a", "a@example.net");
    life_until(fake_settled(life.broker) == 1);
    life_end();
}
