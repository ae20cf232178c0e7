/* SPDX-License-Identifier: MIT */
/* The small form that the cases of envoi-plugin-check are written in: an assertion with a sentence, and a row for each
 * case. A case is run in a process of its own (runner.c), so it may end anywhere, and it may crash. */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- what is checked ---- */

struct check_mechanism {
    char mech[32];
    uint32_t flags; /* ENVOI_MECH_* */
    uint32_t needs; /* ENVOI_CRED_* */
};

#define CHECK_MECHANISMS 64

/* What a plugin says of itself. A process of its own has asked it, for it may crash there already. */
struct check_subject {
    char id[64];
    char transport[32]; /* "": none */
    uint32_t caps;
    size_t mechanisms;
    struct check_mechanism mechanism[CHECK_MECHANISMS];
};

/* What a library may lack. A case that needs one of these is passed over then, with the reason. Most are told by
 * envoi_transport::caps, all can be told by --no. */
#define CHECK_TICKETS     0x1u
#define CHECK_EXPORTER    0x2u
#define CHECK_END_POINT   0x4u
#define CHECK_UNIQUE      0x8u
#define CHECK_CLIENT_CERT 0x10u
#define CHECK_MEMORY      0x20u
#define CHECK_SNI         0x40u
#define CHECK_CHAIN       0x80u
#define CHECK_PIN         0x100u
#define CHECK_SYSTEM_CA   0x200u
#define CHECK_READ_ALL    0x400u
#define CHECK_TLS13       0x800u /* --max-tls */
#define CHECK_ED25519     0x1000u
#define CHECK_CIPHERS     0x2000u  /* a cipher string in the language of OpenSSL or GnuTLS: --ciphers */
#define CHECK_KEY_UPDATE  0x4000u  /* of TLS 1.3 */
#define CHECK_EXPORTER12  0x8000u  /* tls-exporter with TLS 1.2 */
#define CHECK_POLICY      0x10000u /* the environment has a policy of the system: --policy */
#define CHECK_KDC         0x20000u /* --kdc */
#define CHECK_ENCRYPTED   0x40000u /* PKCS#8 keys with a passphrase */
#define CHECK_SANS_IO     0x80000u /* its library may block below: calls that do are not looked for */

enum check_language { CHECK_OPENSSL, CHECK_GNUTLS, CHECK_OTHER_LANGUAGE };

struct check_options {
    const char *module;     /* absolute */
    const char *descriptor; /* or NULL */
    const char *other;      /* module of another transport, or NULL */
    const char *kdc;        /* script that starts a KDC, or NULL */
    const char *pki;        /* absolute */
    uint32_t lacks;         /* CHECK_* */
    unsigned max_tls;
    enum check_language ciphers;
    bool wording;
};
extern struct check_options check_options;
extern struct check_subject *check_subject; /* shared by all processes */

/* ---- cases ---- */

enum check_kind { CHECK_PLUGIN, CHECK_TRANSPORT, CHECK_MECHANISM };

struct check_case {
    enum check_kind kind;
    unsigned seconds; /* then it hangs, and is ended */
    uint32_t needs;   /* CHECK_* */
    const char *suite, *name;
    const char *promise;                       /* what holds if it passes, in a sentence */
    const char *of;                            /* CHECK_MECHANISM: for each whose name begins with it; NULL: once */
    const char *only;                          /* the id of the one plugin that it is about, or NULL */
    size_t rows;                               /* of a table: one run for each; 0: once */
    void (*label)(size_t row, char *, size_t); /* names a row */
    void (*run)(size_t row);                   /* row: of the table, or of check_subject->mechanism */
    struct check_case *next;
};

void check_add(struct check_case *);
extern struct check_case *check_cases; /* in the order of the files */

#define CHECK_CASE(suite_, name_, ...)                                                                                 \
    static void suite_##_##name_##_run(size_t);                                                                        \
    static struct check_case suite_##_##name_##_case = {                                                               \
        .suite = #suite_, .name = #name_, .run = suite_##_##name_##_run, __VA_ARGS__};                                 \
    __attribute__((constructor)) static void suite_##_##name_##_add(void)                                              \
    {                                                                                                                  \
        check_add(&suite_##_##name_##_case);                                                                           \
    }                                                                                                                  \
    static void suite_##_##name_##_run(__attribute__((unused)) size_t case_row)

/* ---- assertions ---- */

enum check_state { CHECK_RUNS, CHECK_PASSED, CHECK_FAILED, CHECK_SKIPPED };

/* What a process says to its parent; in memory that both see. */
struct check_report {
    enum check_state state;
    int line;
    char file[128];
    char slot[32]; /* in which it is */
    char with[80]; /* what it is tried with */
    char text[1500];
};
extern struct check_report *check_report; /* NULL: there is no parent; a failure goes to standard error */

extern void (*check_cleanup)(void); /* called when the case has ended, passed or not */

/* A slot is entered and left: a crash or a hang is told with its name, and a call that blocks is caught in it. */
void check_enter(const char *slot);
void check_leave(void);
__attribute__((format(printf, 1, 2))) void check_with(const char *format, ...);

__attribute__((noreturn, format(printf, 4, 5))) void check_failed(const char *file, int line, const char *expression,
                                                                  const char *format, ...);
__attribute__((noreturn, format(printf, 7, 8))) void check_differs(const char *file, int line, const char *expression,
                                                                   long long value, const char *relation,
                                                                   const char *other, const char *format, ...);
__attribute__((noreturn, format(printf, 1, 2))) void check_skip(const char *format, ...);
/* Why something cannot be tried: what the library lacks of it (CHECK_*), or NULL. */
const char *check_lacking(uint32_t need);
void check_need(uint32_t need); /* the same; passes over the case */
/* The name of a result, such as "ENVOI_E_TLS"; static for a number of its own. */
const char *check_result(int32_t rc);

/* Each takes a sentence and its arguments behind what it needs, or nothing: then the expression is shown. */
#define check(condition, ...) ((condition) ? (void)0 : check_failed(__FILE__, __LINE__, #condition, " " __VA_ARGS__))
#define check_fail(...)       check_failed(__FILE__, __LINE__, "", " " __VA_ARGS__)
#define CHECK_COMPARE(a, relation, b, ...)                                                                             \
    do {                                                                                                               \
        __auto_type check_a = (a);                                                                                     \
        if (!(check_a relation(b)))                                                                                    \
            check_differs(__FILE__, __LINE__, #a, (long long)(intptr_t)check_a, #relation, #b, " " __VA_ARGS__);       \
    } while (0)
#define check_eq(a, b, ...)          CHECK_COMPARE(a, ==, b, __VA_ARGS__)
#define check_neq(a, b, ...)         CHECK_COMPARE(a, !=, b, __VA_ARGS__)
#define check_gt(a, b, ...)          CHECK_COMPARE(a, >, b, __VA_ARGS__)
#define check_geq(a, b, ...)         CHECK_COMPARE(a, >=, b, __VA_ARGS__)
#define check_lt(a, b, ...)          CHECK_COMPARE(a, <, b, __VA_ARGS__)
#define check_leq(a, b, ...)         CHECK_COMPARE(a, <=, b, __VA_ARGS__)
#define check_not(condition, ...)    check(!(condition), __VA_ARGS__)
#define check_null(p, ...)           check((p) == NULL, __VA_ARGS__)
#define check_not_null(p, ...)       check((p) != NULL, __VA_ARGS__)
#define check_arr_eq(a, b, len, ...) check(memcmp(a, b, len) == 0, __VA_ARGS__)
#define check_str_eq(a, b, ...)                                                                                        \
    do {                                                                                                               \
        const char *check_a = (a), *check_b = (b);                                                                     \
        if (!check_a || strcmp(check_a, check_b) != 0)                                                                 \
            check_fail("%s is '%s', not '%s'", #a, check_a ? check_a : "(NULL)", check_b);                             \
    } while (0)
#define check_str_neq(a, b, ...) check(strcmp(a, b) != 0, __VA_ARGS__)
/* Are these words in the text? Looked at with --wording only: a plugin of somebody else has words of its own. */
#define check_words(text, words, ...)                                                                                  \
    check(!check_options.wording || strstr(text, words), "the text \"%s\" has no \"%s\"", text, words)

#endif
