/* SPDX-License-Identifier: MIT */
/* Every mechanism of every module: what the parameterised tests run over. */
#ifndef MECH_COMBOS_H
#define MECH_COMBOS_H

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdint.h>

struct combo {
    char plugin[16];
    char mech[32];
    uint32_t flags;
    uint32_t needs;
};

struct criterion_test_params combos_all(void);
/* Those whose name begins with `prefix`. */
struct criterion_test_params combos_named(const char *prefix);

/* Is there a password in it? (EXTERNAL and ANONYMOUS have none.) */
int combo_has_password(const struct combo *combo);

/* Does the server say in a challenge why it refuses (RFC 7628)? Then one is taken behind DONE, and is not the end. */
int combo_explains(const struct combo *combo);

#define EACH_MECHANISM(suite, name)                                                                                    \
    ParameterizedTestParameters(suite, name)                                                                           \
    {                                                                                                                  \
        return combos_all();                                                                                           \
    }                                                                                                                  \
    ParameterizedTest(struct combo *combo, suite, name, .timeout = 60)

#define EACH_NAMED(prefix, suite, name)                                                                                \
    ParameterizedTestParameters(suite, name)                                                                           \
    {                                                                                                                  \
        return combos_named(prefix);                                                                                   \
    }                                                                                                                  \
    ParameterizedTest(struct combo *combo, suite, name, .timeout = 60)

#endif
