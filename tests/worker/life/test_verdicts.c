/* SPDX-License-Identifier: MIT */
/* From a delivery to its settlement: each verdict, and jobs that are not sent. */
#include "tests/worker/life/life.h"

#include <jansson.h>
#include <string.h>

TestSuite(life_verdicts, .timeout = 60);

Test(life_verdicts, accepted)
{
    life_begin("", "");
    life_job_of("a", "one", LIFE_TO("you@example.net", "me@example.net"));
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(life.broker->jobs[0].settlement, BROKER_ACK);
    cr_expect_eq(life.broker->publication_count, 0);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "you@example.net"), 1);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "me@example.net"), 1);
    cr_expect_eq(life.worker->jobs.count, 0);
    cr_expect(life_counts("envoi_recipients_total{account=\"one\",verdict=\"accepted\"} 2"));
    cr_expect(life_counts("envoi_jobs_total{account=\"one\",result=\"sent\"} 1"));
    cr_expect(life_counts("envoi_smtp_up{account=\"one\"} 1"));
    life_end();
}

Test(life_verdicts, some_of_each)
{
    const struct broker_message *copy;

    life_begin("", "");
    life_job_of("mix", "one", LIFE_TO("you@example.net", "refuse@example.net", "defer@example.net", "me@example.net"));
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(life.broker->publication_count, 2);
    copy = life_last("wait.1m");
    cr_expect_str_eq(copy->id, "mix");
    cr_expect_str_eq(life_to(copy), "defer@example.net");
    cr_expect_eq(life_number(copy, "x-envoi-attempt"), 2);
    copy = life_last("dead");
    cr_expect_str_eq(life_to(copy), "refuse@example.net");
    cr_expect_str_eq(life_text(copy, "x-envoi-reason"), "refused");
    cr_expect_not_null(strstr(life_text(copy, "x-envoi-text"), "no such user"));
    cr_expect_not_null(strstr(life_text(copy, "x-envoi-verdicts"), "5.1.1"));
    cr_expect(life_counts("envoi_jobs_total{account=\"one\",result=\"partial\"} 1"));
    cr_expect(life_counts("envoi_retries_total{delay=\"1m\"} 1"));
    cr_expect(life_counts("envoi_dead_total{reason=\"refused\"} 1"));
    life_end();
}

/* A job that is deferred again and again takes each delay in turn, and its recipient gets no copy. */
Test(life_verdicts, deferred)
{
    static const char *const delays[] = {"wait.1m", "wait.5m", "wait.15m", "wait.1h", "wait.6h", "wait.6h"};

    life_begin("", "");
    life_job("d", "defer@example.net");
    for (size_t i = 0; i < 6; i++) {
        size_t last = 0;

        life_until(fake_settled(life.broker) == i + 1);
        cr_assert_geq(fake_published(life.broker, delays[i], &last), 1);
        cr_expect_eq(last, i, "attempt %zu did not go to %s", i + 1, delays[i]);
        cr_expect_eq(life_number(&life.broker->publications[i].message, "x-envoi-attempt"), (int64_t)i + 2);
        life_pass(60000);
        fake_return_copy(life.broker, last);
    }
    life_end();
}

Test(life_verdicts, max_age)
{
    size_t last = 0;

    life_begin("", "");
    life_job("d", "defer@example.net");
    life_until(fake_settled(life.broker) == 1);
    cr_assert_eq(fake_published(life.broker, "wait.1m", &last), 1);
    life_pass(INT64_C(4) * 86400 * 1000);
    fake_return_copy(life.broker, last);
    life_until(fake_settled(life.broker) == 2);
    cr_expect_str_eq(life_text(life_last("dead"), "x-envoi-reason"), "expired");
    cr_expect_not_null(strstr(life_text(life_last("dead"), "x-envoi-text"), "try later"));
    life_end();
}

Test(life_verdicts, unknown)
{
    life_begin("", "");
    life_job_of("u", "one", LIFE_TO("lost@example.net", "refuse@example.net"));
    life_until(fake_settled(life.broker) == 1);
    cr_expect_str_eq(life_to(life_last("unknown")), "lost@example.net");
    cr_expect_str_eq(life_to(life_last("dead")), "refuse@example.net");
    cr_expect_eq(life.smtp[0].contents, 1, "it was sent %u times", life.smtp[0].contents);
    life_end();
}

Test(life_verdicts, unknown_retry)
{
    life_begin("", "unknown = retry");
    life_job("u", "lost@example.net");
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(fake_published(life.broker, "unknown", NULL), 0);
    cr_expect_eq(life_number(life_last("wait.1m"), "x-envoi-attempt"), 2);
    life_end();
}

/* ---- jobs that are not sent ---- */

Test(life_verdicts, invalid)
{
    life_begin("", "");
    fake_add(life.broker, &(struct broker_message){.id = "i", .content_type = "text/plain", .body = "x", .len = 1});
    life_until(fake_settled(life.broker) == 1);
    cr_expect_eq(life.broker->jobs[0].settlement, BROKER_ACK);
    cr_expect_str_eq(life_text(life_last("dead"), "x-envoi-reason"), "invalid");
    cr_expect_neq(*life_text(life_last("dead"), "x-envoi-text"), '\0');
    cr_expect(life_counts("envoi_dead_total{reason=\"invalid\"} 1"));
    cr_expect(life_counts("envoi_jobs_total{account=\"\",result=\"invalid\"} 1"));
    life_end();
}

/* If it cannot be published either, the broker puts it among the dead. */
Test(life_verdicts, invalid_rejected)
{
    static const enum fake_answer answers[] = {FAKE_RETURNS, FAKE_REFUSES};

    life_begin("", "");
    for (size_t i = 0; i < 2; i++) {
        life.broker->answer = answers[i];
        fake_add(life.broker, &(struct broker_message){.id = "i", .content_type = "text/plain", .body = "x", .len = 1});
        life_until(fake_settled(life.broker) == i + 1);
        cr_expect_eq(life.broker->jobs[i].settlement, BROKER_REJECT);
    }
    life_end();
}

static const struct invalid_row {
    const char *account, *to, *text;
} invalid_rows[] = {
    {"three", "you@example.net", "three"},
    {"one", "a..b@example.net", "a..b"},
};

Test(life_verdicts, invalid_account_or_address)
{
    life_begin("", "");
    for (size_t i = 0; i < sizeof invalid_rows / sizeof *invalid_rows; i++) {
        life_job_of("i", invalid_rows[i].account, &invalid_rows[i].to, 1);
        life_until(fake_settled(life.broker) == i + 1);
        cr_expect_str_eq(life_text(life_last("dead"), "x-envoi-reason"), "invalid");
        cr_expect_not_null(strstr(life_text(life_last("dead"), "x-envoi-text"), invalid_rows[i].text), "%s",
                           life_text(life_last("dead"), "x-envoi-text"));
    }
    cr_expect_eq(life.smtp[0].contents, 0);
    life_end();
}

Test(life_verdicts, not_after)
{
    struct broker_header late = {.name = "x-envoi-not-after", .kind = BROKER_TEXT, .text = "2020-01-01T00:00:00Z"};
    const char *to = "you@example.net";

    life_begin("", "");
    fake_add_mail(life.broker, "l", "one", &to, 1, &late, 1);
    life_until(fake_settled(life.broker) == 1);
    cr_expect_str_eq(life_text(life_last("dead"), "x-envoi-reason"), "expired");
    cr_expect_eq(life.smtp[0].connections, 0);
    life_end();
}

/* ---- results ---- */

static json_t *result_of(size_t publication)
{
    const struct broker_message *message = &life.broker->publications[publication].message;
    json_t *result;

    cr_assert_str_eq(message->content_type, "application/json");
    result = json_loadb(message->body, message->len, 0, NULL);
    cr_assert_not_null(result);
    return result;
}

Test(life_verdicts, result)
{
    struct broker_header all = {.name = "x-envoi-results", .kind = BROKER_TEXT, .text = "all"};
    const char *const to[] = {"you@example.net", "defer@example.net"};
    size_t last = 0;
    json_t *result;

    life_begin("", "");
    fake_add_mail(life.broker, "r", "one", to, 2, &all, 1);
    life_until(fake_settled(life.broker) == 1);
    cr_assert_eq(fake_published(life.broker, "results", &last), 1);
    result = result_of(last);
    cr_expect_str_eq(json_string_value(json_object_get(result, "id")), "r");
    cr_expect_str_eq(json_string_value(json_object_get(result, "account")), "one");
    cr_expect_str_eq(json_string_value(json_object_get(result, "result")), "partial");
    cr_expect_str_eq(json_string_value(json_object_get(result, "next")), "envoi.wait.1m");
    cr_expect_eq(json_integer_value(json_object_get(result, "attempt")), 1);
    cr_expect_eq(json_array_size(json_object_get(result, "recipients")), 2);
    json_decref(result);
    life_end();
}

Test(life_verdicts, same_message_id_in_each_copy)
{
    char first[256];

    life_begin("", "");
    life_job("again", "defer@example.net");
    life_job("again", "you@example.net");
    life_until(fake_settled(life.broker) == 2);
    memcpy(first, life.smtp[0].message_id, sizeof first);
    cr_expect_not_null(strstr(first, "again"), "%s", first);
    life_job("again", "you@example.net");
    life_until(fake_settled(life.broker) == 3);
    cr_expect_str_eq(life.smtp[0].message_id, first);
    cr_expect_eq(fake_smtp_count(&life.smtp[0], "you@example.net"), 2, "a producer who uses an id twice lost mail");
    life_end();
}

/* No more jobs are in hand than `prefetch` says, and each is accepted once. */
Test(life_verdicts, many)
{
    life_begin("", "prefetch = 8");
    for (int i = 0; i < 500; i++) {
        char id[16], to[32];

        snprintf(id, sizeof id, "job%d", i);
        snprintf(to, sizeof to, "r%d@example.net", i);
        life_job(id, to);
    }
    life_until(fake_settled(life.broker) == 500);
    cr_expect_leq(life.broker->most_at_once, 8);
    cr_expect_eq(life.smtp[0].taken_count, 500);
    for (int i = 0; i < 500; i++) {
        char to[32];

        snprintf(to, sizeof to, "r%d@example.net", i);
        cr_expect_eq(fake_smtp_count(&life.smtp[0], to), 1);
    }
    cr_expect_leq(life.smtp[0].connections, 8);
    life_end();
}
