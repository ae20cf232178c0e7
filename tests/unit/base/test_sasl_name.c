/* SPDX-License-Identifier: MIT */
#include "base/sasl_name.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(sasl_name, .timeout = 10);

Test(sasl_name, length)
{
    static const char text[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    cr_expect_not(sasl_name_is_valid(text, 0));
    for (size_t len = 1; len < sizeof text; len++)
        cr_expect_eq(sasl_name_is_valid(text, len), len <= 20, "%zu", len);
}

/* Every octet at the front, within and at the end. */
Test(sasl_name, octets)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    for (size_t at = 0; at < 3; at++)
        for (int octet = 0; octet < 256; octet++) {
            char name[] = "XYZ";

            name[at] = (char)octet;
            cr_expect_eq(sasl_name_is_valid(name, 3), octet && strchr(good, octet), "%02x at %zu", octet, at);
        }
}

Test(sasl_name, words_and_lists)
{
    char name[SASL_NAME_MAX + 1];

    cr_assert(sasl_name_take("x-Ours and more", 6, name));
    cr_assert_str_eq(name, "X-OURS");
    cr_assert_not(sasl_name_take("*", 1, name));
    cr_assert(sasl_list_has("plain !X-OURS", "!", "X-OURS"));
    cr_assert_not(sasl_list_has("plain !X-OURS", "", "X-OURS"));
    cr_assert(sasl_list_has("plain !X-OURS", "", "PLAIN"));
    cr_assert_not(sasl_list_has(NULL, "", "PLAIN"));
    cr_assert(sasl_list_only_forbids(NULL));
    cr_assert(sasl_list_only_forbids("!PLAIN !LOGIN"));
    cr_assert_not(sasl_list_only_forbids("!PLAIN LOGIN"));
    cr_assert_not(sasl_list_only_forbids("*"));
}
