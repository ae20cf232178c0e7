/* SPDX-License-Identifier: MIT */
/* The order of records: RFC 2782, "Usage rules". */
#include "net/records.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static uint32_t lot;       /* what is drawn */
static uint32_t asked[32]; /* the most that could have been drawn, each time */
static size_t draws;

static uint32_t draw(uint32_t most)
{
    asked[draws++] = most;
    return lot < most ? lot : most;
}

/* Orders records of the form "PRIORITY:WEIGHT:NAME ..." and returns their names. */
static const char *order(const char *text, uint32_t drawn)
{
    static char names[256];
    struct records r = {.kind = RECORD_SRV};
    char copy[256], *rest = copy;

    names[0] = '\0';
    draws = 0;
    lot = drawn;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word; (word = strsep(&rest, " "));) {
        struct record *one = &r.list[r.count++];

        one->priority = (uint16_t)strtoul(word, &word, 10);
        one->weight = (uint16_t)strtoul(word + 1, &word, 10);
        one->host = word + 1;
    }
    records_order(&r, draw);
    for (size_t i = 0; i < r.count; i++)
        strcat(names, r.list[i].host);
    return names;
}

Test(records, by_priority)
{
    cr_expect_str_eq(order("30:0:c 10:0:a 20:0:b", 0), "abc");
    cr_expect_str_eq(order("10:0:a 10:0:b 5:9:c 10:0:d", 0), "cabd", "equal ones stay as they came");
    cr_expect_str_eq(order("65535:65535:b 0:65535:a", 0), "ab");
    cr_expect_str_eq(order("1:1:a", 1), "a");
}

Test(records, by_weight)
{
    /* running sums: a 10, b 40, c 100 */
    cr_expect_str_eq(order("1:10:a 1:30:b 1:60:c", 0), "abc");
    cr_expect_eq(asked[0], 100u, "the first lot is drawn among all: 0 to %u", asked[0]);
    cr_expect_str_eq(order("1:10:a 1:30:b 1:60:c", 10), "abc");
    cr_expect_str_eq(order("1:10:a 1:30:b 1:60:c", 11), "bca");
    cr_expect_eq(asked[1], 70u, "the second among those that are left: 0 to %u", asked[1]);
    cr_expect_str_eq(order("1:10:a 1:30:b 1:60:c", 41), "cba");
    cr_expect_str_eq(order("1:10:a 1:30:b 1:60:c", 1000), "cba");
}

Test(records, weight_0_comes_first_if_the_lot_is_0)
{
    cr_expect_str_eq(order("1:10:a 1:0:b", 0), "ba");
    cr_expect_str_eq(order("1:10:a 1:0:b", 1), "ab");
}

Test(records, the_most_that_can_be)
{
    struct records r = {.kind = RECORD_SRV, .count = RECORDS_MAX};

    for (int i = 0; i < RECORDS_MAX; i++)
        r.list[i] = (struct record){.priority = 7, .weight = UINT16_MAX, .port = (uint16_t)i};
    draws = 0;
    lot = UINT32_MAX;
    records_order(&r, draw);
    cr_expect_eq(asked[0], 32u * 65535);
    cr_expect_eq(r.list[0].port, RECORDS_MAX - 1);
    for (int seen = 0, i = 0; i < RECORDS_MAX; i++)
        for (int j = 0; j < i; j++)
            cr_expect_neq(r.list[i].port, r.list[j].port, "no record is there twice or lost (%d)", seen);
}

/* Each of two equal ones is first now and then: 64 times the same has the odds 2 to the power of -63. */
Test(records, at_random)
{
    int first[2] = {0};

    for (int i = 0; i < 64; i++) {
        struct records r = {
            .kind = RECORD_SRV, .count = 2, .list = {{.weight = 50, .port = 0}, {.weight = 50, .port = 1}}};

        records_order(&r, NULL);
        first[r.list[0].port]++;
    }
    cr_expect(first[0] && first[1]);
}
