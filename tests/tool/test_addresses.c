/* SPDX-License-Identifier: MIT */
#include "accounts/addresses.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tell(void *ctx, const char *address, struct fault *fault)
{
    char *told = ctx;
    (void)fault;
    snprintf(told + strlen(told), 512 - strlen(told), "%s;", address);
    return 0;
}

Test(addresses, read, .timeout = 10)
{
    static const struct {
        const char *list, *told;
    } cases[] = {
        {"", ""},
        {" , \t,", ""},
        {"a@x", "a@x;"},
        {"a@x,b@x,,c@x,", "a@x;b@x;c@x;"},
        {"A B <a@x>, \"C, D\" <c@x>", "a@x;c@x;"},
        {"\"e f\"@x, \"a\\\"b,c\"@x", "\"e f\"@x;\"a\\\"b,c\"@x;"},
        {"a @ x . y (home (of, \\) many)), <b@ x (y)>", "a@x.y;b@x;"},
        {"<@r,@s:a@x>", "a@x;"},
        {"a@[192.0.2.1], b@[IPv6:::1]", "a@[192.0.2.1];b@[IPv6:::1];"},
        {"g: a@x, B <b@x>; , c@x", "a@x;b@x;c@x;"},
        {"\"g, h\": ;a@x", "a@x;"},
        {"g: a@x", "a@x;"},
        {"root", "root;"},
        {"John Q. Public <a@x>, \"J @ home\" <b@x>", "a@x;b@x;"},
        {"a@x <A@X>", "A@X;"},
        {"=?utf-8?q?a=2C?= <a@x>", "a@x;"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char told[512] = "";
        struct fault fault = {0};
        cr_assert_eq(addresses_read("x", cases[i].list, strlen(cases[i].list), tell, told, &fault), 0, "%s: %s",
                     cases[i].list, fault.text);
        cr_assert_str_eq(told, cases[i].told, "%s: %s", cases[i].list, told);
    }
}

/* The entry is named, not the list, with the reason. */
/* faults: S6, S7, F16 */
Test(addresses, refused, .timeout = 10)
{
    static const struct {
        const char *list, *entry, *why;
    } cases[] = {
        {"a@x, (John b@x, c@x", "'(John b@x, c@x'", "'(' has no ')'"},
        {"\"a, b@x", "'\"a", "quote is not closed"},
        {"a@x, b@[1", "'b@[1'", "'[' has no ']'"},
        {"a@x, B <b@x, c@x", "'B <b@x", "'<' has no '>'"},
        {"a@x <>", "'a@x <>'", "nothing between"},
        {"a@x <b@x>, c@x", "'a@x <b@x>'", "another one behind it"},
        {"<a@x> b@x", "'<a@x> b@x'", "behind the '>'"},
        {"<a@x> <b@x>", "'<a@x> <b@x>'", "two addresses"},
        {"<a <b@x>", "'<a <b@x>'", "follows another"},
        {"a@x, (nobody)", "'(nobody)'", "no address"},
        {"a@x, foo bar, b@x", "'foo bar'", "',' is missing"},
        {"a@x b@x", "'a@x b@x'", "',' is missing"},
        {"a@x; b@x", "'a@x'", "there is a ','"},
        {"a@x: b@x", "'a@x: b@x'", "name of a group"},
        {": a@x", "': a@x'", "name of a group"},
        {"a: b: c@x;", "'b: c@x'", "other groups"},
        {"a>b@x", "'a>b@x'", "has no '<'"},
        {"a@x\nb@x", "'a@x\nb@x'", "control character"},
        {"a@x\rb@x", "'a@x\rb@x'", "control character"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa bb", "aaa...'", "missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char told[512] = "";
        struct fault fault = {0};
        cr_assert_eq(addresses_read("--to", cases[i].list, strlen(cases[i].list), tell, told, &fault), 65, "%s",
                     cases[i].list);
        cr_assert(strstr(fault.text, cases[i].entry), "%s: %s", cases[i].list, fault.text);
        cr_assert(strstr(fault.text, cases[i].why), "%s: %s", cases[i].list, fault.text);
    }
}

static int stop(void *ctx, const char *address, struct fault *fault)
{
    ++*(int *)ctx;
    return fault_set(fault, 65, -1, "%s", address);
}

Test(addresses, ended_by_the_caller, .timeout = 10)
{
    int calls = 0;
    struct fault fault = {0};
    cr_assert_eq(addresses_read("x", "a@x, b@x", 8, stop, &calls, &fault), 65);
    cr_assert_eq(calls, 1);
    cr_assert_str_eq(fault.text, "a@x");
}

/* However deep and long, it is read in linear time and without recursion. */
/* faults: S6 */
Test(addresses, deep, .timeout = 20)
{
    static const char *const parts[] = {"(", "()", "<", "\"", "[", "a:", ",", "@", "\\", "=?", ":;", "a "};
    static char list[1 << 20], told[512];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        struct fault fault = {0};
        size_t n = strlen(parts[i]);
        *told = '\0';
        for (size_t at = 0; at + n <= sizeof list; at += n)
            memcpy(list + at, parts[i], n);
        addresses_read("x", list, sizeof list, tell, told, &fault);
    }
}

/* faults: F23 */
Test(addresses, set, .timeout = 10)
{
    static const struct {
        const char *address;
        int added;
    } steps[] = {{"a@x.y", 1},       {"b@x.y", 1},       {"a@X.Y", 0}, {"A@x.y", 1}, {"\"a\"@x.y", 0},
                 {"\"\\a\"@x.y", 0}, {"\"a b\"@x.y", 1}, {"root", 1},  {"root", 0},  {"Root", 1}};
    struct address_set *set = NULL;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        cr_assert_eq(address_set_add(&set, steps[i].address), steps[i].added, "%s", steps[i].address);
    address_set_free(set);
}
