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
