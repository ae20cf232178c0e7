/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

TestSuite(utf8, .timeout = 60);

/* The form of RFC 3629 for n continuation octets, be it the shortest or not. */
static size_t encode(uint32_t point, size_t more, char out[4])
{
    static const unsigned char leads[] = {0x00, 0xc0, 0xe0, 0xf0};

    for (size_t i = more; i > 0; i--, point >>= 6)
        out[i] = (char)(0x80 | (point & 0x3f));
    out[0] = (char)(leads[more] | point);
    return more + 1;
}

static size_t shortest(uint32_t point)
{
    return (size_t)(point >= 0x80) + (point >= 0x800) + (point >= 0x10000);
}

/* Every number that four octets can say, in every form: good is the shortest form of what is a character. */
Test(utf8, every_code_point_in_every_form)
{
    static const uint32_t most[] = {0x7f, 0x7ff, 0xffff, 0x1fffff};
    char text[4];

    for (size_t more = 0; more < 4; more++)
        for (uint32_t point = 0; point <= most[more]; point++) {
            size_t len = encode(point, more, text);
            bool good = more == shortest(point) && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);

            if (utf8_is_valid(text, len) != good)
                cr_assert_fail("U+%04X in %zu octets", point, len);
        }
}

/* The texts end where memory ends, so that an octet behind them cannot be read. */
Test(utf8, characters_that_are_cut)
{
    static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x90\x8e";
    static const bool whole[] = {true, true, false, true, false, false, true, false, false, false, true};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *room = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    cr_assert_neq(room, MAP_FAILED);
    cr_assert_eq(mprotect(room + page, page, PROT_NONE), 0);
    for (size_t len = 0; len < sizeof whole; len++) {
        memcpy(room + page - len, text, len);
        cr_expect_eq(utf8_is_valid(room + page - len, len), whole[len], "%zu octets", len);
    }
    munmap(room, 2 * page);
}

static const struct {
    const char *text;
    size_t len;
} bad[] = {
    {"\x80", 1}, /* continues nothing */
    {"\xbf", 1},
    {"a\xc3", 2},
    {"\xc3(", 2}, /* is not continued */
    {"\xe2(\xa1", 3},
    {"\xe2\x82(", 3},
    {"\xf0\x9f(\x8e", 4},
    {"\xf0\x9f\x90(", 4},
    {"\xc3\xc3\xa4", 3},
    {"\xc3\xa4\xa4", 3}, /* too few, too many */
    {"\xc0\x80", 2},
    {"\xc0\xaf", 2},
    {"\xe0\x80\xaf", 3}, /* not the shortest form */
    {"\xed\xa0\x80", 3},
    {"\xed\xa0\xbd\xed\xb0\x8e", 6}, /* surrogates */
    {"\xf8\x88\x80\x80\x80", 5},
    {"\xfc\x84\x80\x80\x80\x80", 6}, /* of five and six octets */
    {"\xfe", 1},
    {"\xff", 1},
    {"ok\xffok", 5},
    {"\xe2\x82\xc3", 3},
    {"\xf0\x9f\x90\xc0", 4},
    {"\xf0\x9f\xff\x8e", 4},
};

Test(utf8, refused)
{
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_expect_not(utf8_is_valid(bad[i].text, bad[i].len), "number %zu", i);
}

Test(utf8, nul_is_a_character)
{
    cr_expect(utf8_is_valid("", 0));
    cr_expect(utf8_is_valid("a\0b", 3));
    cr_expect_not(utf8_is_valid("a\0\x80", 3), "it does not end the text");
}
