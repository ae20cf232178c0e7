/* SPDX-License-Identifier: MIT */
#include "accounts/exit_code.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>

/* faults: F13 */
Test(exit_code, of_error, .timeout = 10)
{
    static const struct {
        int error, phase, reply, exit;
    } cases[] = {
        {ENVOI_OK, ENVOI_PHASE_NONE, 250, 0},
        {ENVOI_E_USAGE, ENVOI_PHASE_NONE, 0, 64},
        {ENVOI_E_ADDRESS, ENVOI_PHASE_NONE, 0, 65},
        {ENVOI_E_CONTENT, ENVOI_PHASE_CONTENT, 0, 65},
        {ENVOI_E_MEMORY, ENVOI_PHASE_NONE, 0, 71},
        {ENVOI_E_SYSTEM, ENVOI_PHASE_NONE, 0, 71},
        {ENVOI_E_RESOLVE, ENVOI_PHASE_DNS, 0, 68},
        {ENVOI_E_LOOKUP, ENVOI_PHASE_DNS, 0, 75},
        {ENVOI_E_TIMEOUT, ENVOI_PHASE_DNS, 0, 75},
        {ENVOI_E_CONNECT, ENVOI_PHASE_CONNECT, 0, 74},
        {ENVOI_E_TIMEOUT, ENVOI_PHASE_GREETING, 0, 74},
        {ENVOI_E_DISCONNECTED, ENVOI_PHASE_MAIL, 0, 74},
        {ENVOI_E_TRUNCATED, ENVOI_PHASE_MAIL, 0, 74},
        {ENVOI_E_TLS, ENVOI_PHASE_TLS, 0, 76},
        {ENVOI_E_CERTIFICATE, ENVOI_PHASE_TLS, 0, 76},
        {ENVOI_E_STARTTLS, ENVOI_PHASE_STARTTLS, 454, 75},
        {ENVOI_E_STARTTLS, ENVOI_PHASE_STARTTLS, 501, 76},
        {ENVOI_E_AUTH, ENVOI_PHASE_AUTH, 535, 77},
        {ENVOI_E_AUTH, ENVOI_PHASE_AUTH, 454, 75},
        {ENVOI_E_AUTH, ENVOI_PHASE_AUTH, 432, 75},
        {ENVOI_E_AUTH, ENVOI_PHASE_AUTH, 421, 75},
        {ENVOI_E_NO_MECHANISM, ENVOI_PHASE_AUTH, 454, 77},
        {ENVOI_E_NO_MECHANISM, ENVOI_PHASE_AUTH, 0, 77},
        {ENVOI_E_SERVER_PROOF, ENVOI_PHASE_AUTH, 0, 77},
        {ENVOI_E_CANCELLED, ENVOI_PHASE_AUTH, 0, 77},
        {ENVOI_E_GREETING, ENVOI_PHASE_GREETING, 554, 69},
        {ENVOI_E_GREETING, ENVOI_PHASE_GREETING, 421, 75},
        {ENVOI_E_HELO, ENVOI_PHASE_EHLO, 550, 69},
        {ENVOI_E_SENDER_REFUSED, ENVOI_PHASE_MAIL, 550, 69},
        {ENVOI_E_SENDER_REFUSED, ENVOI_PHASE_MAIL, 451, 75},
        {ENVOI_E_DATA, ENVOI_PHASE_FINAL, 554, 69},
        {ENVOI_E_TOO_LARGE, ENVOI_PHASE_MAIL, 0, 69},
        {ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_AUTH, 0, 77},
        {ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_STARTTLS, 0, 76},
        {ENVOI_E_NOT_SUPPORTED, ENVOI_PHASE_MAIL, 0, 69},
        {ENVOI_E_UNKNOWN, ENVOI_PHASE_FINAL, 0, 81},
        {ENVOI_E_PROTOCOL, ENVOI_PHASE_MAIL, 0, 76},
        {ENVOI_E_PLUGIN, ENVOI_PHASE_TLS, 0, 76},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int exit = exit_code_of_error(cases[i].error, cases[i].phase, cases[i].reply);
        cr_assert_eq(exit, cases[i].exit, "%s in phase %d with %d: %d, not %d", envoi_error_name(cases[i].error),
                     cases[i].phase, cases[i].reply, exit, cases[i].exit);
    }
}

/* Every result has an exit code, and none but 0 is success. */
Test(exit_code, of_every_error, .timeout = 10)
{
    static const int errors[] = {
#define ENVOI_X(name, number, class_, text) number,
        ENVOI_ERROR_MAP(ENVOI_X)
#undef ENVOI_X
    };
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        cr_assert_geq(exit_code_of_error(errors[i], ENVOI_PHASE_NONE, 0), 64, "%s", envoi_error_name(errors[i]));
}

Test(exit_code, of_send, .timeout = 10)
{
    static const struct {
        int error, phase, reply;
        struct tally tally;
        int exit;
        const char *word;
    } cases[] = {
        {ENVOI_OK, 0, 0, {.accepted = 2}, 0, "sent"},
        {ENVOI_OK, 0, 0, {.accepted = 1, .refused = 1}, 80, "partial"},
        {ENVOI_OK, 0, 0, {.accepted = 1, .deferred = 1}, 80, "partial"},
        {ENVOI_OK, 0, 0, {.accepted = 1, .not_attempted = 1}, 80, "partial"},
        {ENVOI_OK, 0, 0, {.accepted = 1, .unknown = 1}, 81, "unknown"},
        {ENVOI_E_UNKNOWN, ENVOI_PHASE_FINAL, 0, {.unknown = 1, .refused = 3}, 81, "unknown"},
        {ENVOI_E_RECIPIENTS_REFUSED, ENVOI_PHASE_RCPT, 550, {.refused = 2}, 69, "refused"},
        {ENVOI_E_RECIPIENTS_REFUSED, ENVOI_PHASE_RCPT, 550, {.refused = 2, .deferred = 1}, 75, "refused"},
        {ENVOI_E_SENDER_REFUSED, ENVOI_PHASE_MAIL, 451, {.not_attempted = 1}, 75, "refused"},
        {ENVOI_E_SENDER_REFUSED, ENVOI_PHASE_MAIL, 550, {.not_attempted = 1}, 69, "refused"},
        {ENVOI_E_AUTH, ENVOI_PHASE_AUTH, 535, {.not_attempted = 1}, 77, "error"},
        {ENVOI_E_DISCONNECTED, ENVOI_PHASE_RCPT, 0, {.refused = 1, .not_attempted = 1}, 74, "error"},
        {ENVOI_E_DISCONNECTED, ENVOI_PHASE_RCPT, 0, {.deferred = 1, .not_attempted = 1}, 75, "refused"},
        {ENVOI_E_CONNECT, ENVOI_PHASE_CONNECT, 0, {.not_attempted = 1}, 74, "error"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int exit = exit_code_of_send(cases[i].error, cases[i].phase, cases[i].reply, &cases[i].tally);
        cr_assert_eq(exit, cases[i].exit, "case %zu: %d, not %d", i, exit, cases[i].exit);
        cr_assert_str_eq(exit_code_word(exit), cases[i].word);
    }
}
