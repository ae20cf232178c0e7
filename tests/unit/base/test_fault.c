/* SPDX-License-Identifier: MIT */
#include "base/fault.h"

#include <criterion/criterion.h>
#include <envoi/library.h>
#include <string.h>

static struct envoi_errctx fault;

TestSuite(fault, .timeout = 10);

Test(fault, set_and_cleared)
{
    fault.library_code = 42;
    cr_assert_eq(fault_set(&fault, ENVOI_E_TLS, 7, "%s %d", "number", 3), ENVOI_E_TLS);
    cr_assert_eq(fault.code, ENVOI_E_TLS);
    cr_assert_eq(fault.phase, 7);
    cr_assert_eq(fault.library_code, 0, "that of an earlier failure");
    cr_assert_str_eq(fault.text, "number 3");
    fault.library_code = 42;
    fault_clear(&fault);
    cr_assert_eq(fault.code, ENVOI_OK);
    cr_assert_eq(fault.phase, 0);
    cr_assert_eq(fault.library_code, 0);
    cr_assert_str_eq(fault.text, "");
}

Test(fault, without_a_place_for_it)
{
    cr_assert_eq(fault_set(NULL, ENVOI_E_MEMORY, 1, "%s", "lost"), ENVOI_E_MEMORY);
    fault_prefix(NULL, "%s", "lost");
}

static void fill(char *text, size_t len, char c)
{
    memset(text, c, len);
    text[len] = '\0';
}

Test(fault, long_text_is_cut)
{
    char text[2 * FAULT_TEXT_MAX];

    fill(text, sizeof text - 1, 'x');
    (void)fault_set(&fault, ENVOI_E_TLS, 0, "%s", text);
    cr_assert_eq(strlen(fault.text), FAULT_TEXT_MAX - 1);
}

Test(fault, prefix)
{
    (void)fault_set(&fault, ENVOI_E_TLS, 7, "bad");
    fault_prefix(&fault, "plugin %s", "x");
    cr_assert_str_eq(fault.text, "plugin x: bad");
    cr_assert_eq(fault.code, ENVOI_E_TLS);
    cr_assert_eq(fault.phase, 7);
}

/* The text is never longer than its place, whatever the two lengths are; the prefix is what is kept, and a cut is
 * marked. */
Test(fault, prefix_of_every_length)
{
    char prefix[FAULT_TEXT_MAX + 10], text[FAULT_TEXT_MAX];

    fill(text, FAULT_TEXT_MAX - 1, 'x');
    for (size_t len = 1; len < sizeof prefix - 1; len++) {
        size_t kept = len < FAULT_TEXT_MAX - 4 ? len : FAULT_TEXT_MAX - 4;

        fill(prefix, len, 'p');
        (void)fault_set(&fault, ENVOI_E_TLS, 0, "%s", text);
        fault_prefix(&fault, "%s", prefix);
        cr_assert_eq(strspn(fault.text, "p"), kept, "%zu", len);
        cr_assert_eq(strlen(fault.text), FAULT_TEXT_MAX - 1, "%zu", len);
        cr_assert_str_eq(fault.text + FAULT_TEXT_MAX - 4, "...");
        if (len + 3 + 4 < FAULT_TEXT_MAX)
            cr_assert_eq(memcmp(fault.text + len, ": x", 3), 0, "%zu", len);
    }
}

/* faults: S8 */
Test(fault, text_is_printable)
{
    (void)fault_set(&fault, ENVOI_E_TLS, 0, "a\nb\x1b[1m\x9b%s", "\xe2\x80\xae");
    cr_assert_str_eq(fault.text, "a\nb?[1m????");
}

/* ---- the table of results ---- */

static const int codes[] = {ENVOI_OK,
#define CODE(name, number, class_, text) ENVOI_E_##name,
                            ENVOI_ERROR_MAP(CODE)
#undef CODE
};

Test(fault, results_are_told_apart)
{
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        cr_expect_eq(strncmp(envoi_error_name(codes[i]), i ? "ENVOI_E_" : "ENVOI_OK", 8), 0);
        cr_expect_str_neq(envoi_error_text(codes[i]), "");
        cr_expect_eq(envoi_error_class(codes[i]) == ENVOI_CLASS_OK, i == 0);
        for (size_t k = 0; k < i; k++) {
            cr_expect_neq(codes[i], codes[k]);
            cr_expect_str_neq(envoi_error_name(codes[i]), envoi_error_name(codes[k]));
            cr_expect_str_neq(envoi_error_text(codes[i]), envoi_error_text(codes[k]));
        }
    }
    cr_expect_str_eq(envoi_error_name(ENVOI_E_CERTIFICATE), "ENVOI_E_CERTIFICATE");
    cr_expect_eq(envoi_error_class(ENVOI_E_CERTIFICATE), ENVOI_CLASS_TLS);
}

Test(fault, results_that_are_none)
{
    static const int none[] = {1, -10000, 250, 0x7fffffff, -0x7fffffff - 1};

    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        cr_expect_str_eq(envoi_error_name(none[i]), "ENVOI_E_?");
        cr_expect_str_eq(envoi_error_text(none[i]), "not a result of envoi");
        cr_expect_eq(envoi_error_class(none[i]), ENVOI_CLASS_LOCAL);
    }
}
