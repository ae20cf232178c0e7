/* SPDX-License-Identifier: MIT */
/* Accounts that cannot send: no connection, a refused login, and how they come back. */
#include "tests/worker/life/life.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(life_accounts, .timeout = 120);

#define MINUTE 60000

/* ---- no connection ---- */

Test(life_accounts, server_away)
{
    life_begin("", "");
    fake_smtp_close(&life.smtp[0]);
    life_job("a", "a@example.net");
    life_job("b", "b@example.net");
    life_until(life.worker->smtps && life.worker->smtps->breaker.fails);
    cr_expect(life_counts("envoi_smtp_up{account=\"one\"} 0"));
    life_rest();
    /* They wait here, unacknowledged, and more are taken. */
    cr_expect_eq(fake_settled(life.broker), 0);
    cr_expect_eq(life.broker->publication_count, 0);
    cr_expect_eq(life.broker->prefetch, 32);
    /* After a minute no more are taken. */
    life_pass(MINUTE);
    life_until(life.broker->prefetch == 0);
    life_job("c", "c@example.net");
    life_rest();
    cr_expect_eq(fake_settled(life.broker), 0);
    cr_expect_eq(life.broker->publication_count, 0);
    /* After five they go back, and no attempt is counted. */
    life_pass(4 * MINUTE);
    life_until(fake_settled(life.broker) == 2);
    cr_expect_eq(fake_published(life.broker, "wait.1m", NULL), 2);
    cr_expect_eq(life_number(life_last("wait.1m"), "x-envoi-attempt"), 1);
    /* From then on one at a time is tried. */
    life_until(life.broker->prefetch == 1);
    life_job("d", "d@example.net");
    life_until(fake_in_hand(life.broker) == 1);
    life_rest();
    cr_expect_eq(fake_in_hand(life.broker), 1);
    cr_expect(life_counts("envoi_smtp_up{account=\"one\"} 0"));
    /* When that one goes through, all is as before. */
    fake_smtp_listen(&life.smtp[0], &life.worker->loop);
    life_pass(MINUTE);
    life_until(life.broker->prefetch == 32);
    life_until(fake_settled(life.broker) == 4);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "c@example.net"), 1);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "d@example.net"), 1);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "a@example.net"), 0);
    cr_expect(life_counts("envoi_smtp_up{account=\"one\"} 1"));
    life_end();
}

Test(life_accounts, back_within_a_minute)
{
    life_begin("", "");
    fake_smtp_close(&life.smtp[0]);
    life_job("a", "a@example.net");
    life_job("b", "b@example.net");
    life_until(life.worker->smtps && life.worker->smtps->breaker.fails);
    fake_smtp_listen(&life.smtp[0], &life.worker->loop);
    life_pass(30000);
    life_until(fake_settled(life.broker) == 2);
    cr_expect_eq(life.broker->publication_count, 0);
    cr_expect_not(life.worker->smtps->breaker.fails);
    life_end();
}

/* The job that tries stays on the same attempt, however often its account fails. */
Test(life_accounts, away_for_hours)
{
    size_t settled = 0, last = 0;

    life_begin("", "");
    fake_smtp_close(&life.smtp[0]);
    life_job("a", "a@example.net");
    for (int i = 0; i < 30; i++) {
        life_pass(2 * MINUTE);
        life_rest();
        if (fake_settled(life.broker) > settled) {
            settled++;
            cr_assert_eq(fake_published(life.broker, "wait.1m", &last), settled);
            fake_return_copy(life.broker, last);
        }
    }
    cr_assert_geq(settled, 3);
    cr_expect_eq(life_number(life_last("wait.1m"), "x-envoi-attempt"), 1);
    fake_smtp_listen(&life.smtp[0], &life.worker->loop);
    life_pass(MINUTE);
    life_until(fake_smtp_count(&life.smtp[0], "a@example.net") == 1);
    life_until(fake_in_hand(life.broker) == 0);
    life_end();
}

/* The jobs of an account that fails are not in the way of another one's. */
Test(life_accounts, two_accounts)
{
    life_begin("", "prefetch = 4");
    fake_smtp_close(&life.smtp[0]);
    life_job_of("t", "two", LIFE_TO("t0@example.net"));
    life_until(fake_settled(life.broker) == 1);
    for (int i = 0; i < 4; i++)
        life_job("a", "a@example.net");
    for (int i = 0; i < 4; i++)
        life_job_of("b", "two", LIFE_TO("b@example.net"));
    life_until(fake_in_hand(life.broker) == 4);
    life_until(life_counts("envoi_jobs_in_flight 4"));
    life_rest();
    cr_expect_eq(fake_smtp_count(&life.smtp[1], "b@example.net"), 0);
    life_pass(MINUTE);
    life_until(fake_smtp_count(&life.smtp[1], "b@example.net") == 4);
    cr_expect_geq(fake_published(life.broker, "wait.1m", NULL), 3);
    cr_expect_eq(life_number(life_last("wait.1m"), "x-envoi-attempt"), 1);
    cr_expect_eq(life.broker->prefetch, 4);
    life_end();
}

/* How many copies of a recipient wait for another attempt. */
static size_t copies_of(const char *to)
{
    size_t count = 0;

    for (size_t i = 0; i < life.broker->publication_count; i++)
        count += !strcmp(life_to(&life.broker->publications[i].message), to) &&
                 life_number(&life.broker->publications[i].message, "x-envoi-attempt") == 2;
    return count;
}

/* A message that the server cannot stand is not tried for ever, and holds up no other one. Those that were lost with it,
 * as they followed on the same connection, may have to wait, too. */
Test(life_accounts, poison)
{
    life_begin("", "");
    life_job("p", "drop@example.net");
    for (int i = 0; i < 8; i++)
        life_job("a", "a@example.net");
    for (int i = 0; i < 200 && !copies_of("drop@example.net"); i++) {
        life_pass(1000);
        life_job("more", "more@example.net");
        life_rest();
    }
    cr_expect_eq(copies_of("drop@example.net"), 1);
    life_until(fake_smtp_count(&life.smtp[0], "a@example.net") + copies_of("a@example.net") == 8);
    cr_expect_geq(fake_smtp_count(&life.smtp[0], "more@example.net"), 3);
    life_end();
}

Test(life_accounts, too_busy_a_greeting)
{
    life_begin("", "");
    life.smtp[0].greeting = "554 5.3.2 not today";
    life_job("a", "a@example.net");
    life_until(life.worker->smtps && life.worker->smtps->breaker.fails);
    life.smtp[0].greeting = NULL;
    life_pass(MINUTE / 2);
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "a@example.net"), 1);
    life_end();
}

/* ---- logins ---- */

#define LOGIN "user = me\npassword-file = secret\nallow-cleartext-auth = yes\n"

Test(life_accounts, login)
{
    life_begin(LOGIN, "");
    life_write_secret("right\n");
    life.smtp[0].password = "right";
    life_job("a", "a@example.net");
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(life.smtp[0].logins, 1);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "a@example.net"), 1);
    life_end();
}

/* A refused secret is presented once, until it has changed. */
Test(life_accounts, login_refused_and_changed)
{
    life_begin(LOGIN, "");
    life_write_secret("wrong\n");
    life.smtp[0].password = "right";
    life_job("a", "a@example.net");
    life_until(life.smtp[0].wrong_logins == 1);
    life_until(life_counts("envoi_smtp_up{account=\"one\"} 0"));
    for (int i = 0; i < 4; i++) {
        life_pass(MINUTE);
        life_rest();
    }
    cr_expect_eq(life.smtp[0].wrong_logins, 1, "it was presented %u times", life.smtp[0].wrong_logins);
    cr_expect_eq(fake_published(life.broker, "dead", NULL), 0);
    life_write_secret("right\n");
    for (int i = 0; i < 6 && !life.smtp[0].logins; i++) {
        life_pass(MINUTE);
        life_job("b", "b@example.net");
        life_rest();
    }
    cr_expect_eq(life.smtp[0].logins, 1);
    cr_expect_eq(life.smtp[0].wrong_logins, 1);
    life_until(life_counts("envoi_smtp_up{account=\"one\"} 1"));
    life_end();
}

/* The same secret is tried again after login-retry. */
Test(life_accounts, login_refused_for_a_while)
{
    life_begin(LOGIN, "");
    life_write_secret("secret\n");
    life.smtp[0].password = "other";
    life_job("a", "a@example.net");
    life_until(life.smtp[0].wrong_logins == 1);
    for (int i = 0; i < 13; i++) {
        life_pass(MINUTE);
        life_job("b", "b@example.net");
        life_rest();
    }
    cr_expect_eq(life.smtp[0].wrong_logins, 1);
    for (int i = 0; i < 4; i++) {
        life_pass(MINUTE);
        life_job("b", "b@example.net");
        life_rest();
    }
    cr_expect_eq(life.smtp[0].wrong_logins, 2);
    cr_expect_eq(fake_published(life.broker, "dead", NULL), 0, "a wrong password has lost mail");
    life.smtp[0].password = "secret";
    for (int i = 0; i < 17 && !life.smtp[0].logins; i++) {
        life_pass(MINUTE);
        life_job("b", "b@example.net");
        life_rest();
    }
    cr_expect_eq(life.smtp[0].logins, 1);
    life_end();
}

/* SIGHUP: what was repaired is tried at once. */
Test(life_accounts, secrets_forgotten)
{
    life_begin(LOGIN, "");
    life_write_secret("secret\n");
    life.smtp[0].password = "other";
    life_job("a", "a@example.net");
    life_until(life.smtp[0].wrong_logins == 1);
    life_rest();
    life.smtp[0].password = "secret";
    worker_forget_secrets(life.worker);
    life_pass(10000);
    life_until(life.smtp[0].logins == 1);
    life_until(fake_settled(life.broker) == 1);
    life_end();
}

Test(life_accounts, login_deferred)
{
    life_begin(LOGIN, "");
    life_write_secret("right\n");
    life.smtp[0].password = "other";
    life.smtp[0].says = "454 4.7.0 later";
    life_job("a", "a@example.net");
    life_until(life.smtp[0].wrong_logins >= 1);
    life.smtp[0].password = "right";
    life_pass(MINUTE / 2);
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "a@example.net"), 1);
    life_end();
}

/* A secret that cannot be had: the jobs wait for it. */
Test(life_accounts, secret_missing)
{
    life_begin(LOGIN, "");
    life.smtp[0].password = "right";
    life_job("a", "a@example.net");
    life_until(life_counts("envoi_smtp_up{account=\"one\"} 0"));
    cr_expect_eq(fake_settled(life.broker), 0);
    life_write_secret("right\n");
    life_pass(MINUTE / 2);
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(life.smtp[0].logins, 1);
    life_end();
}

/* A password command that takes its time does not stop the mail of the others. */
Test(life_accounts, slow_password_command)
{
    char fifo[] = "/tmp/envoi-life-fifo-XXXXXX", lines[256];
    int fd = mkstemp(fifo);

    cr_assert_geq(fd, 0);
    close(fd);
    unlink(fifo);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    snprintf(lines, sizeof lines, "user = me\npassword-command = cat %s\nallow-cleartext-auth = yes\n", fifo);
    life_begin(lines, "");
    life.smtp[0].password = "right";
    life_job("a", "a@example.net");
    life_until((fd = open(fifo, O_WRONLY | O_NONBLOCK)) >= 0); /* the command waits */
    life_job_of("b", "two", LIFE_TO("b@example.net"));
    life_until(fake_smtp_count(&life.smtp[1], "b@example.net") == 1);
    cr_expect_eq(life.smtp[0].logins, 0);
    cr_assert_eq(write(fd, "right\n", 6), 6);
    close(fd);
    life_until(fake_settled(life.broker) == 2);
    cr_expect_eq(life.smtp[0].logins, 1);
    life_end();
    unlink(fifo);
}

/* The worker ends while the command still runs. */
Test(life_accounts, command_outlives_the_worker)
{
    char fifo[] = "/tmp/envoi-life-fifo-XXXXXX", lines[256];
    int fd = mkstemp(fifo);

    cr_assert_geq(fd, 0);
    close(fd);
    unlink(fifo);
    cr_assert_eq(mkfifo(fifo, 0600), 0);
    snprintf(lines, sizeof lines, "user = me\npassword-command = cat %s\nallow-cleartext-auth = yes\n", fifo);
    life_begin(lines, "");
    life.smtp[0].password = "right";
    life_job("a", "a@example.net");
    life_until((fd = open(fifo, O_WRONLY | O_NONBLOCK)) >= 0);
    worker_stop(life.worker);
    life_pass(30000);
    life_until(life.worker->phase == WORKER_OVER);
    cr_expect_eq(fake_settled(life.broker), 0);
    life_end();
    close(fd);
    unlink(fifo);
}

/* ---- settings that cannot be used ---- */

Test(life_accounts, no_ca_file)
{
    life_begin("ca = missing.pem\n", "");
    life_job("a", "a@example.net");
    life_until(life_counts("envoi_smtp_up{account=\"one\"} 0"));
    life_pass(MINUTE);
    life_until(life.broker->prefetch == 0);
    life_pass(5 * MINUTE);
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(life_number(life_last("wait.1m"), "x-envoi-attempt"), 1);
    cr_expect_eq(fake_published(life.broker, "dead", NULL), 0);
    life_end();
}
