/* SPDX-License-Identifier: MIT */
/* The forms of the cases for mechanisms. */
#ifndef MECH_COMBOS_H
#define MECH_COMBOS_H

#include "../check.h"

#include <envoi/plugin.h>

/* For each mechanism whose name begins with `prefix`; its body has a `combo`. Those that may block are left to
 * test_kerberos.c, since they need a ticket. */
#define EACH_NAMED(prefix, suite_, name_, promise_)                                                                    \
    static void suite_##_##name_##_with(const struct check_mechanism *);                                               \
    CHECK_CASE(suite_, name_, .kind = CHECK_MECHANISM, .of = prefix, .seconds = 120, .promise = promise_)              \
    {                                                                                                                  \
        suite_##_##name_##_with(&check_subject->mechanism[case_row]);                                                  \
    }                                                                                                                  \
    static void suite_##_##name_##_with(__attribute__((unused)) const struct check_mechanism *combo)
#define EACH_MECHANISM(suite_, name_, promise_) EACH_NAMED("", suite_, name_, promise_)
/* Once for a plugin that has mechanisms. */
#define PROVIDER(suite_, name_, promise_)                                                                              \
    CHECK_CASE(suite_, name_, .kind = CHECK_MECHANISM, .seconds = 60, .promise = promise_)
/* Once for one plugin of this tree, whose own rules go beyond plugin.h; `...`: what it needs. */
#define OF_PLUGIN(id_, suite_, name_, promise_, ...)                                                                   \
    CHECK_CASE(suite_, name_, .kind = CHECK_MECHANISM, .only = id_, .seconds = 120, .promise = promise_, __VA_ARGS__)

/* Is there a password in it? (EXTERNAL and ANONYMOUS have none.) */
static inline bool combo_has_password(const struct check_mechanism *combo)
{
    return (combo->needs & ENVOI_CRED_PASSWORD) != 0;
}

/* Does the server say in a challenge why it refuses (RFC 7628)? Then one is taken behind DONE, and is not the end. */
static inline bool combo_explains(const struct check_mechanism *combo)
{
    return (combo->needs & ENVOI_CRED_TOKEN) != 0;
}

#endif
