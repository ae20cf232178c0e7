/* SPDX-License-Identifier: MIT */
/* The scan and the repair of content on every kind of machine, against the same written octet by octet. A plain program,
 * so that scripts/architecture can run it where Criterion is not installed. */
#include "message/content_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 700

struct scan baseline_scan_block(const uint8_t *block, size_t len, bool dots);
size_t baseline_scan_repair(const uint8_t *block, size_t len, uint8_t before, struct repair r, uint8_t *out);
struct scan plain_scan_block(const uint8_t *block, size_t len, bool dots);
size_t plain_scan_repair(const uint8_t *block, size_t len, uint8_t before, struct repair r, uint8_t *out);

static const struct {
    const char *name;
    struct scan (*block)(const uint8_t *block, size_t len, bool dots);
    size_t (*repair)(const uint8_t *block, size_t len, uint8_t before, struct repair r, uint8_t *out);
} machines[] = {
    {"this one", scan_block, scan_repair},
    {"without AVX2", baseline_scan_block, baseline_scan_repair},
    {"without vectors", plain_scan_block, plain_scan_repair},
};
#define MACHINES (sizeof machines / sizeof machines[0])

static void check(bool right, const char *what, const char *machine, size_t len)
{
    if (right)
        return;
    fprintf(stderr, "%s, %zu octets: %s differs\n", machine, len, what);
    exit(1);
}

/* ---- octet by octet ---- */

static struct scan scan_of(const uint8_t *p, size_t len)
{
    struct scan s = {.no_cr = true};

    for (size_t i = 0; i < len; i++) {
        s.no_cr &= p[i] != '\r';
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

static void check_scan(const struct scan *got, const struct scan *right, const char *machine, size_t len)
{
    check(got->strays == right->strays, "the number of strays", machine, len);
    check(got->no_cr == right->no_cr, "whether there is a CR", machine, len);
    check(got->has_nul == right->has_nul, "whether there is a NUL", machine, len);
    check(got->has_8bit == right->has_8bit, "whether there is an 8-bit octet", machine, len);
}

static void check_block(const uint8_t *p, size_t len)
{
    struct scan right = scan_of(p, len);

    for (size_t m = 0; m < MACHINES; m++) {
        struct scan with = machines[m].block(p, len, true), without = machines[m].block(p, len, false);

        check_scan(&with, &right, machines[m].name, len);
        check(with.dotted == right.dotted, "whether a line begins with a dot", machines[m].name, len);
        check_scan(&without, &right, machines[m].name, len);
    }
}

static void check_repair(const uint8_t *p, size_t len, uint8_t before, bool dots)
{
    static uint8_t right[2 * MOST];
    size_t wanted = repair_of(p, len, before, dots, right);
    struct scan found = scan_of(p, len);
    bool strays = found.strays || (len && p[0] == '\n');

    for (size_t m = 0; m < MACHINES; m++) {
        for (int told = 0; told < 4; told++) {
            struct repair r = {told & 1, told & 2, dots};
            uint8_t *exact = malloc(2 * len + 1); /* so that a sanitizer sees the end, too */
            size_t got;

            if ((r.strays || (r.dots && !strays)) && (!r.no_cr || found.no_cr)) {
                got = machines[m].repair(p, len, before, r, exact);
                check(got == wanted && memcmp(exact, right, wanted) == 0, "what is repaired", machines[m].name, len);
            }
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

static void every_machine_finds_the_same(void)
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

static void every_machine_repairs_the_same(void)
{
    uint8_t p[MOST];

    for (int round = 0; round < 6000; round++) {
        size_t len = dice(MOST);

        if (dice(3))
            fill(p, len, "\r\n.", 3, 1 + dice(dice(2) ? 4 : 200));
        else /* as files on Unix are */
            fill(p, len, "\n.", 2, 1 + dice(dice(2) ? 4 : 200));
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
static void strays_without_number(void)
{
    const size_t len = 100000;
    uint8_t *p = malloc(len);

    memset(p, '\n', len);
    check_block(p, len);
    memset(p, '\r', len);
    check_block(p, len);
    free(p);
}

int main(void)
{
    every_machine_finds_the_same();
    every_machine_repairs_the_same();
    strays_without_number();
    puts("scan: every machine agrees");
    return 0;
}
