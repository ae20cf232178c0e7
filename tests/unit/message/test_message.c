/* SPDX-License-Identifier: MIT */
/* The message object's own functions: what they refuse, and that a refusal sticks. What a send makes of a message is
 * tested by the dialogues. */
#include "message/message.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <string.h>

/* Some place in a pool, which nothing looks at. */
#define POOLED ((struct pool_delivery *)(void *)&pool)

static int64_t pool;

TestSuite(message, .timeout = 30);

Test(message, no_object)
{
    cr_expect_eq(envoi_message_new("me@example.org", NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_reset(NULL, "me@example.org"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_add_recipient(NULL, "you@example.net"), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_options(NULL, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_drop_options(NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_require_all(NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_body(NULL, ENVOI_BODY_AUTO), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_data(NULL, "x", 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_file(NULL, stdin), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_fd(NULL, 0), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_callback(NULL, NULL, NULL, NULL, -1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_canonical(NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_progress(NULL), 0u);
    cr_expect_eq(envoi_message_result(NULL), ENVOI_RESULT_NOT_SENT);
    cr_expect_eq(envoi_message_recipients(NULL), 0u);
    cr_expect_null(envoi_message_recipient(NULL, 0));
    cr_expect_null(envoi_message_verdict_text(NULL, 0));
    envoi_message_free(NULL);
}

/* faults: F16 */
Test(message, why_a_setter_failed)
{
    static const struct {
        const char *address, *why;
    } cases[] = {
        {"a..b@x", "two in a row, need quotes: \"a..b\"@"},
        {".a@x", "quotes"},
        {"a.@x", "quotes"},
        {"\"a@x", "not closed"},
        {"@x", "nothing before"},
        {"(a)@x", "quotes"},
        {"a b@x", "quotes: \"a b\"@"},
        {"a@x..y", "domain"},
        {"a,b", "local user"},
        {"a.b..c@x", "quotes: \"a..b\"@"},
        {"", "it is empty"},
    };
    struct envoi_message *m;

    cr_expect_str_eq(envoi_message_error(NULL), "");
    cr_assert_eq(envoi_message_new(NULL, &m), ENVOI_OK);
    cr_expect_str_eq(envoi_message_error(m), "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_expect_eq(envoi_message_add_recipient(m, cases[i].address), ENVOI_E_ADDRESS, "%s", cases[i].address);
        cr_expect_not_null(strstr(envoi_message_error(m), cases[i].why), "%s: %s", cases[i].address,
                           envoi_message_error(m));
        cr_expect_eq(envoi_message_set_data(m, NULL, 1), ENVOI_E_USAGE);
        cr_expect_not_null(strstr(envoi_message_error(m), cases[i].why), "the first failure counts");
        cr_assert_eq(envoi_message_reset(m, "<>"), ENVOI_OK);
        cr_expect_str_eq(envoi_message_error(m), "");
    }
    cr_expect_eq(envoi_message_add_recipient_with(m, "a@x", "ORCPT=rfc822;a+b"), ENVOI_E_USAGE);
    cr_expect_not_null(strstr(envoi_message_error(m), "+2B"), "%s", envoi_message_error(m));
    cr_assert_eq(envoi_message_reset(m, "<>"), ENVOI_OK);
    cr_expect_eq(envoi_message_set_body(m, 99), ENVOI_E_USAGE);
    cr_expect_str_eq(envoi_message_error(m), envoi_error_detail_text(ENVOI_DETAIL_RANGE));
    cr_expect_eq(envoi_message_reset(m, "a..b@x"), ENVOI_E_ADDRESS);
    envoi_message_free(m);
}

static struct envoi_message *fresh(void)
{
    struct envoi_message *m = NULL;

    cr_assert_eq(envoi_message_new("me@example.org", &m), ENVOI_OK);
    return m;
}

Test(message, no_values)
{
    struct envoi_message *m = fresh();

    cr_expect_eq(envoi_message_add_recipient(m, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_body(m, 99), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_data(m, NULL, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_file(m, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_fd(m, -1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_callback(m, NULL, NULL, NULL, -1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_canonical(m, 1), ENVOI_OK);
    cr_expect_eq(envoi_message_progress(m), 0u);
    cr_expect_eq(envoi_message_recipients(m), 0u);
    cr_expect_eq(envoi_message_reset(m, "two words"), ENVOI_E_ADDRESS);
    envoi_message_free(m);
}

/* Wrong arguments too: the message belongs to another one, whose send a sticky error must not touch. */
Test(message, busy)
{
    struct envoi_message *m = fresh();
    uint8_t octet = 0;

    cr_assert_eq(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    m->pooled = POOLED;
    cr_expect_eq(envoi_message_reset(m, "two words"), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_add_recipient(m, NULL), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_options(m, "="), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_dsn(m, 99, ""), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_recipient_dsn(m, 99, 99, ""), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_deliver_by(m, 0, 99, 0), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_hold_for(m, -1), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_hold_until(m, -1), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_mt_priority(m, 99), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_submitter(m, "\n"), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_recipient_valid_since(m, 99, 0, 99), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_drop_options(m, 1), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_require_all(m, 1), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_body(m, 99), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_data(m, NULL, 1), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_data(m, &octet, SIZE_MAX), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_file(m, NULL), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_file(m, stdin), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_fd(m, -1), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_callback(m, NULL, NULL, NULL, -1), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_size_estimate(m, 1), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_set_canonical(m, 1), ENVOI_E_BUSY);
    m->pooled = NULL;
    cr_expect_eq(m->sticky, ENVOI_OK);
    envoi_message_free(m);
}

/* faults: U4 */
Test(message, keep)
{
    static const char *const to[] = {"a@x", "b@x", "c@x", "d@x",
                                     "a.longer.address.than.usual@some.longer.domain.example"};
    static const int verdicts[] = {ENVOI_VERDICT_ACCEPTED, ENVOI_VERDICT_DEFERRED, ENVOI_VERDICT_REFUSED,
                                   ENVOI_VERDICT_UNKNOWN, ENVOI_VERDICT_NOT_ATTEMPTED};
    struct envoi_message *m = fresh();

    for (size_t i = 0; i < 5; i++) {
        cr_assert_eq(envoi_message_add_recipient_with(m, to[i], "NOTIFY=NEVER"), ENVOI_OK);
        m->recipients[i].verdict = verdicts[i];
    }
    cr_expect_eq(envoi_message_keep(NULL, ENVOI_KEEP_ALL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_keep(m, ENVOI_KEEP_ALL), ENVOI_OK);
    cr_expect_eq(envoi_message_recipients(m), 5u);
    cr_expect_eq(envoi_message_keep(m, ENVOI_KEEP_OPEN), ENVOI_OK);
    cr_assert_eq(envoi_message_recipients(m), 2u);
    cr_expect_str_eq(envoi_message_recipient(m, 0), "b@x");
    cr_expect_str_eq(envoi_message_recipient(m, 1), to[4]);
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_DEFERRED);
    cr_expect_str_eq(m->recipients[1].options, "NOTIFY=NEVER");
    cr_expect_eq(envoi_message_forget_verdicts(m), ENVOI_OK);
    cr_expect_eq(envoi_message_verdict(m, 0), ENVOI_VERDICT_NOT_ATTEMPTED);
    cr_expect_eq(envoi_message_keep(m, 0x20), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_keep(m, 0), ENVOI_OK);
    cr_expect_eq(envoi_message_recipients(m), 0u);
    cr_expect_eq(envoi_message_add_recipient(m, "e@x"), ENVOI_OK);
    cr_expect_eq(m->sticky, ENVOI_E_USAGE);
    m->pooled = POOLED;
    cr_expect_eq(envoi_message_keep(m, 0x20), ENVOI_E_BUSY);
    cr_expect_eq(envoi_message_forget_verdicts(m), ENVOI_E_BUSY);
    m->pooled = NULL;
    envoi_message_free(m);
}

Test(message, reset_forgets_that_all_are_required)
{
    struct envoi_message *m = fresh();

    cr_expect_eq(envoi_message_set_require_all(m, 1), ENVOI_OK);
    cr_expect(m->require_all);
    cr_expect_eq(envoi_message_reset(m, "me@example.org"), ENVOI_OK);
    cr_expect_not(m->require_all);
    envoi_message_free(m);
}

/* ---- delivery status notifications: the options that are made ---- */

static void expect_dsn(int ret, const char *envid, const char *before, const char *options)
{
    struct envoi_message *m = fresh();

    cr_assert_eq(envoi_message_set_options(m, before), ENVOI_OK);
    cr_assert_eq(envoi_message_set_dsn(m, ret, envid), ENVOI_OK);
    if (options)
        cr_expect_str_eq(m->options, options);
    else
        cr_expect_null(m->options);
    envoi_message_free(m);
}

Test(message, dsn)
{
    expect_dsn(ENVOI_RET_FULL, NULL, NULL, "RET=FULL");
    expect_dsn(ENVOI_RET_HEADERS, "QQ314159", NULL, "RET=HDRS ENVID=QQ314159");
    expect_dsn(ENVOI_RET_UNSAID, "a+b=c d~", NULL, "ENVID=a+2Bb+3Dc+20d~");
    expect_dsn(ENVOI_RET_UNSAID, NULL, "RET=FULL ENVID=x", NULL);
    expect_dsn(ENVOI_RET_HEADERS, "y", "BODY=8BITMIME ret=full  SIZE=3 ENVID=x",
               "BODY=8BITMIME SIZE=3 RET=HDRS ENVID=y");
    expect_dsn(ENVOI_RET_FULL, NULL, "RETRY=1 ENVIDX=2", "RETRY=1 ENVIDX=2 RET=FULL");
}

static void refuse_dsn(int ret, const char *envid)
{
    struct envoi_message *m = fresh();

    cr_expect_eq(envoi_message_set_dsn(m, ret, envid), ENVOI_E_USAGE, "%d %s", ret, envid);
    cr_expect_eq(m->sticky, ENVOI_E_USAGE);
    cr_expect_null(m->options);
    envoi_message_free(m);
}

/* faults: U15 */
Test(message, dsn_that_cannot_be)
{
    char hundred[102];

    memset(hundred, 'x', 101);
    hundred[101] = '\0';
    refuse_dsn(3, NULL);
    refuse_dsn(-1, NULL);
    refuse_dsn(ENVOI_RET_FULL, "");
    refuse_dsn(ENVOI_RET_FULL, "a\r\nRCPT TO:<b>");
    refuse_dsn(ENVOI_RET_FULL, "\303\274");
    refuse_dsn(ENVOI_RET_FULL, hundred);
    hundred[100] = '\0';
    expect_dsn(ENVOI_RET_UNSAID, hundred, NULL,
               "ENVID=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
               "xxxxxxxxxxxxxxxxxxxxxxxxxxx");
    hundred[0] = '+';
    refuse_dsn(ENVOI_RET_UNSAID, hundred);
    cr_expect_eq(envoi_message_set_dsn(NULL, ENVOI_RET_FULL, NULL), ENVOI_E_USAGE);
}

/* ---- when and how the server delivers: the options that are made ---- */

typedef int setter_fn(struct envoi_message *m);

static void expect_option(setter_fn *set, const char *before, const char *options)
{
    struct envoi_message *m = fresh();

    cr_assert_eq(envoi_message_set_options(m, before), ENVOI_OK);
    cr_expect_eq(set(m), ENVOI_OK, "%s", options ? options : "none");
    if (options)
        cr_expect_str_eq(m->options, options);
    else
        cr_expect_null(m->options);
    envoi_message_free(m);
}

static void refuse_option(setter_fn *set, int error, int detail)
{
    struct envoi_message *m = fresh();

    cr_assert_eq(envoi_message_set_options(m, "RET=FULL"), ENVOI_OK);
    cr_expect_eq(set(m), error);
    cr_expect_eq(envoi_message_error_detail(m), detail);
    cr_expect_str_eq(m->options, "RET=FULL");
    envoi_message_free(m);
}

#define SETTER(name, call)                                                                                             \
    static int name(struct envoi_message *m)                                                                           \
    {                                                                                                                  \
        return call;                                                                                                   \
    }

SETTER(by_return, envoi_message_set_deliver_by(m, 120, ENVOI_DELIVER_BY_RETURN, 0))
SETTER(by_notify_traced, envoi_message_set_deliver_by(m, -60, ENVOI_DELIVER_BY_NOTIFY, 1))
SETTER(by_unsaid, envoi_message_set_deliver_by(m, 0, ENVOI_DELIVER_BY_UNSAID, 0))
SETTER(by_return_in_no_time, envoi_message_set_deliver_by(m, 0, ENVOI_DELIVER_BY_RETURN, 0))
SETTER(by_ten_digits, envoi_message_set_deliver_by(m, 1000000000, ENVOI_DELIVER_BY_NOTIFY, 0))
SETTER(by_long_ago, envoi_message_set_deliver_by(m, INT64_MIN, ENVOI_DELIVER_BY_NOTIFY, 0))
SETTER(by_unknown_mode, envoi_message_set_deliver_by(m, 60, 3, 0))
SETTER(hold_for, envoi_message_set_hold_for(m, 86400))
SETTER(hold_for_nothing, envoi_message_set_hold_for(m, 0))
SETTER(hold_for_negative, envoi_message_set_hold_for(m, -1))
SETTER(hold_for_ten_digits, envoi_message_set_hold_for(m, 1000000000))
SETTER(hold_until, envoi_message_set_hold_until(m, 1796112000))
SETTER(hold_until_after_2038, envoi_message_set_hold_until(m, 253402300799))
SETTER(hold_until_nothing, envoi_message_set_hold_until(m, 0))
SETTER(hold_until_year_10000, envoi_message_set_hold_until(m, 253402300800))
SETTER(hold_until_negative, envoi_message_set_hold_until(m, -1))
SETTER(urgent, envoi_message_set_mt_priority(m, 9))
SETTER(not_urgent, envoi_message_set_mt_priority(m, -9))
SETTER(usual, envoi_message_set_mt_priority(m, ENVOI_MT_PRIORITY_UNSAID))
SETTER(too_urgent, envoi_message_set_mt_priority(m, 10))
SETTER(too_slow, envoi_message_set_mt_priority(m, -10))
SETTER(submitter, envoi_message_set_submitter(m, "a+b=c@example.org"))
SETTER(submitter_unknown, envoi_message_set_submitter(m, "<>"))
SETTER(submitter_empty, envoi_message_set_submitter(m, ""))
SETTER(submitter_unsaid, envoi_message_set_submitter(m, NULL))
SETTER(submitter_injected, envoi_message_set_submitter(m, "a@b\r\nRCPT TO:<c@d>"))

Test(message, typed_parameters)
{
    expect_option(by_return, "BY=1;N RET=FULL", "RET=FULL BY=120;R");
    expect_option(by_notify_traced, NULL, "BY=-60;NT");
    expect_option(by_unsaid, "by=1;N", NULL);
    expect_option(hold_for, "HOLDUNTIL=2026-12-01T08:00:00Z", "HOLDFOR=86400");
    expect_option(hold_for_nothing, "HOLDFOR=1 BYE=1", "BYE=1");
    expect_option(hold_until, "HOLDFOR=1", "HOLDUNTIL=2026-12-01T08:00:00Z");
    expect_option(hold_until_after_2038, NULL, "HOLDUNTIL=9999-12-31T23:59:59Z");
    expect_option(hold_until_nothing, "HOLDFOR=1 HOLDUNTIL=2026-12-01T08:00:00Z", NULL);
    expect_option(urgent, "MT-PRIORITY=0", "MT-PRIORITY=9");
    expect_option(not_urgent, NULL, "MT-PRIORITY=-9");
    expect_option(usual, "MT-PRIORITY=0", NULL);
    expect_option(submitter, "AUTH=<>", "AUTH=a+2Bb+3Dc@example.org");
    expect_option(submitter_unknown, NULL, "AUTH=<>");
    expect_option(submitter_empty, NULL, "AUTH=<>");
    expect_option(submitter_unsaid, "AUTH=<> RET=FULL", "RET=FULL");
}

Test(message, typed_parameters_that_cannot_be)
{
    static setter_fn *const out_of_range[] = {
        by_return_in_no_time, by_ten_digits,         by_long_ago,         by_unknown_mode, hold_for_negative,
        hold_for_ten_digits,  hold_until_year_10000, hold_until_negative, too_urgent,      too_slow};

    for (size_t i = 0; i < sizeof out_of_range / sizeof out_of_range[0]; i++)
        refuse_option(out_of_range[i], ENVOI_E_USAGE, ENVOI_DETAIL_RANGE);
    refuse_option(submitter_injected, ENVOI_E_ADDRESS, ENVOI_DETAIL_CONTROL);
    cr_expect_eq(envoi_message_set_hold_for(NULL, 1), ENVOI_E_USAGE);
}

Test(message, typed_parameters_beside_too_many_others)
{
    struct envoi_message *m = fresh();
    char options[901] = "X=";

    memset(options + 2, 'x', 898);
    cr_assert_eq(envoi_message_set_options(m, options), ENVOI_OK);
    cr_expect_eq(envoi_message_set_mt_priority(m, 1), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_error_detail(m), ENVOI_DETAIL_LENGTH);
    cr_expect_str_eq(m->options, options);
    envoi_message_free(m);
}

Test(message, valid_since)
{
    struct envoi_message *m = fresh();

    cr_assert_eq(envoi_message_add_recipient_with(m, "you@example.net", "NOTIFY=NEVER"), ENVOI_OK);
    cr_expect_eq(envoi_message_set_recipient_valid_since(m, 0, 1796112000, ENVOI_RRVS_UNSAID), ENVOI_OK);
    cr_expect_str_eq(m->recipients[0].options, "NOTIFY=NEVER RRVS=2026-12-01T08:00:00Z");
    cr_expect_eq(envoi_message_set_recipient_valid_since(m, 0, 1796112000, ENVOI_RRVS_REJECT), ENVOI_OK);
    cr_expect_str_eq(m->recipients[0].options, "NOTIFY=NEVER RRVS=2026-12-01T08:00:00Z;R");
    cr_expect_eq(envoi_message_set_recipient_valid_since(m, 0, 1, ENVOI_RRVS_CONTINUE), ENVOI_OK);
    cr_expect_str_eq(m->recipients[0].options, "NOTIFY=NEVER RRVS=1970-01-01T00:00:01Z;C");
    cr_expect_eq(envoi_message_set_recipient_valid_since(m, 0, 0, ENVOI_RRVS_UNSAID), ENVOI_OK);
    cr_expect_str_eq(m->recipients[0].options, "NOTIFY=NEVER");
    cr_expect_eq(envoi_message_set_recipient_valid_since(m, 1, 1, ENVOI_RRVS_UNSAID), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_recipient_valid_since(m, 0, -1, ENVOI_RRVS_UNSAID), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_recipient_valid_since(m, 0, 1, 3), ENVOI_E_USAGE);
    envoi_message_free(m);
}

static void expect_recipient_dsn(unsigned notify, const char *orcpt, const char *options)
{
    struct envoi_message *m = fresh();

    cr_assert_eq(envoi_message_add_recipient(m, "first@example.net"), ENVOI_OK);
    cr_assert_eq(envoi_message_add_recipient_with(m, "you@example.net", "NOTIFY=DELAY ORCPT=rfc822;x"), ENVOI_OK);
    cr_assert_eq(envoi_message_set_recipient_dsn(m, 1, notify, orcpt), ENVOI_OK);
    if (options)
        cr_expect_str_eq(m->recipients[1].options, options);
    else
        cr_expect_null(m->recipients[1].options);
    cr_expect_null(m->recipients[0].options);
    envoi_message_free(m);
}

Test(message, dsn_of_a_recipient)
{
    expect_recipient_dsn(0, NULL, NULL);
    expect_recipient_dsn(ENVOI_NOTIFY_NEVER, NULL, "NOTIFY=NEVER");
    expect_recipient_dsn(ENVOI_NOTIFY_SUCCESS | ENVOI_NOTIFY_FAILURE | ENVOI_NOTIFY_DELAY, NULL,
                         "NOTIFY=SUCCESS,FAILURE,DELAY");
    expect_recipient_dsn(ENVOI_NOTIFY_FAILURE, "team+all@example.org",
                         "NOTIFY=FAILURE ORCPT=rfc822;team+2Ball@example.org");
    expect_recipient_dsn(0, "\"a b\"@example.org", "ORCPT=rfc822;\"a+20b\"@example.org");
    expect_recipient_dsn(0, "j\303\274rgen=\360\237\230\200@example.org",
                         "ORCPT=utf-8;j\\x{FC}rgen\\x{3D}\\x{1F600}@example.org");
}

Test(message, dsn_of_a_recipient_that_cannot_be)
{
    struct envoi_message *m = fresh();

    cr_expect_eq(envoi_message_set_recipient_dsn(m, 0, ENVOI_NOTIFY_NEVER, NULL), ENVOI_E_USAGE);
    cr_assert_eq(envoi_message_add_recipient(m, "you@example.net"), ENVOI_OK);
    cr_expect_eq(envoi_message_set_recipient_dsn(m, 0, ENVOI_NOTIFY_NEVER | ENVOI_NOTIFY_DELAY, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_recipient_dsn(m, 0, 0x10, NULL), ENVOI_E_USAGE);
    cr_expect_eq(envoi_message_set_recipient_dsn(m, 0, 0, "two words"), ENVOI_E_ADDRESS);
    cr_expect_eq(envoi_message_set_recipient_dsn(m, 0, 0, "a@example.org>\r\nDATA"), ENVOI_E_ADDRESS);
    cr_expect_eq(envoi_message_set_recipient_dsn(NULL, 0, 0, NULL), ENVOI_E_USAGE);
    cr_expect_null(m->recipients[0].options);
    envoi_message_free(m);
}
