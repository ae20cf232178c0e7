/* SPDX-License-Identifier: MIT */
/* The scan and the repair of content on every kind of machine, against the same written octet by octet. */
#include "message/content_scan.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MOST 700

struct scan baseline_scan_block(const uint8_t *block, size_t len, bool dots);
size_t baseline_scan_repair(const uint8_t *block, size_t len, uint8_t before, bool strays, bool dots, uint8_t *out);
struct scan plain_scan_block(const uint8_t *block, size_t len, bool dots);
size_t plain_scan_repair(const uint8_t *block, size_t len, uint8_t before, bool strays, bool dots, uint8_t *out);

static const struct {
    const char *name;
    struct scan (*block)(const uint8_t *block, size_t len, bool dots);
    size_t (*repair)(const uint8_t *block, size_t len, uint8_t before, bool strays, bool dots, uint8_t *out);
} machines[] = {
    {"this one", scan_block, scan_repair},
    {"without AVX2", baseline_scan_block, baseline_scan_repair},
    {"without vectors", plain_scan_block, plain_scan_repair},
};
#define MACHINES (sizeof machines / sizeof machines[0])

TestSuite(scan, .timeout = 120);

/* ---- octet by octet ---- */

static struct scan scan_of(const uint8_t *p, size_t len)
{
    struct scan s = {0};

    for (size_t i = 0; i < len; i++) {
        if (i + 1 < len)
            s.strays += (p[i] == '\r') != (p[i + 1] == '\n');
        if (i + 1 < len && p[i] == '\n' && p[i + 1] == '.')
            s.dotted = true;
        s.has_nul |= p[i] == 0;
        s.has_8bit |= p[i] >= 0x80;
    }
    return s;
}

static size_t repair_of(const uint8_t *p, size_t len, uint8_t before, bool dots, uint8_t *out)
{
    uint8_t *start = out;
    bool begins = before == '\n';

    for (size_t i = 0; i < len; i++) {
        bool cr = p[i] == '\r', lf = p[i] == '\n';

        if (cr || lf) {
            *out++ = '\r';
            *out++ = '\n';
            if (cr && i + 1 < len && p[i + 1] == '\n')
                i++;
            begins = true;
            continue;
        }
        if (dots && begins && p[i] == '.')
            *out++ = '.';
        *out++ = p[i];
        begins = false;
    }
    return (size_t)(out - start);
}

/* ---- all machines ---- */

static void check_block(const uint8_t *p, size_t len)
{
    struct scan right = scan_of(p, len);

    for (size_t m = 0; m < MACHINES; m++) {
        struct scan with = machines[m].block(p, len, true), without = machines[m].block(p, len, false);

        cr_assert_eq(with.strays, right.strays, "%s, %zu octets: %zu strays, not %zu", machines[m].name, len,
                     with.strays, right.strays);
        cr_assert_eq(with.dotted, right.dotted, "%s, %zu octets", machines[m].name, len);
        cr_assert_eq(with.has_nul, right.has_nul, "%s, %zu octets", machines[m].name, len);
        cr_assert_eq(with.has_8bit, right.has_8bit, "%s, %zu octets", machines[m].name, len);
        cr_assert_eq(without.strays, right.strays, "%s, %zu octets", machines[m].name, len);
        cr_assert_eq(without.has_nul, right.has_nul, "%s, %zu octets", machines[m].name, len);
    }
}

static void check_repair(const uint8_t *p, size_t len, uint8_t before, bool dots)
{
    static uint8_t right[2 * MOST];
    size_t wanted = repair_of(p, len, before, dots, right);
    bool strays = scan_of(p, len).strays || (len && p[0] == '\n');

    for (size_t m = 0; m < MACHINES; m++) {
        for (int told = strays; told < 2; told++) {
            uint8_t *exact = malloc(2 * len + 1); /* so that a sanitizer sees the end, too */
            size_t got = machines[m].repair(p, len, before, told, dots, exact);

            cr_assert_eq(got, wanted, "%s, %zu octets: %zu, not %zu", machines[m].name, len, got, wanted);
            cr_assert(memcmp(exact, right, wanted) == 0, "%s, %zu octets", machines[m].name, len);
            free(exact);
        }
    }
}

static unsigned seed = 1;

static unsigned dice(unsigned sides)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % sides;
}

/* Of each octet in `rare`, about one in `often`; the rest is text. */
static void fill(uint8_t *p, size_t len, const char *rare, size_t kinds, unsigned often)
{
    for (size_t i = 0; i < len; i++)
        p[i] = dice(often) ? (uint8_t)('a' + dice(26)) : (uint8_t)rare[dice((unsigned)kinds)];
}

Test(scan, every_machine_finds_the_same)
{
    static const struct {
        const char *rare;
        size_t kinds;
    } alphabets[] = {{"\r\n.", 3}, {"\n", 1}, {"\r", 1}, {".\n", 2}, {"\r\n.\0\x80\xff", 6}, {"\0", 1}, {"\x80", 1}};
    uint8_t *p = malloc(MOST);

    for (int round = 0; round < 6000; round++) {
        size_t a = dice(sizeof alphabets / sizeof alphabets[0]), len = dice(MOST);

        fill(p, len, alphabets[a].rare, alphabets[a].kinds, 1 + dice(dice(2) ? 4 : 200));
        check_block(p, len);
    }
    free(p);
}

Test(scan, every_machine_repairs_the_same)
{
    uint8_t p[MOST];

    for (int round = 0; round < 6000; round++) {
        size_t len = dice(MOST);

        fill(p, len, "\r\n.", 3, 1 + dice(dice(2) ? 4 : 200));
        if (dice(2)) /* pairs of CR LF, as most texts have them */
            for (size_t i = 0; i + 1 < len; i++)
                if (p[i] == '\r')
                    p[i + 1] = '\n';
        if (len && p[len - 1] == '\r')
            p[len - 1] = 'x';
        check_repair(p, len, dice(2) ? '\n' : ' ', dice(2));
    }
}

/* More strays than lanes of eight bits can count. */
Test(scan, strays_without_number)
{
    const size_t len = 100000;
    uint8_t *p = malloc(len);

    memset(p, '\n', len);
    check_block(p, len);
    memset(p, '\r', len);
    check_block(p, len);
    free(p);
}
