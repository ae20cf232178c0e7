/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include <criterion/criterion.h>
#include <envoi/error.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static struct buf out;

static void setup(void)
{
    buf_init(&out, 0, false);
}

static void teardown(void)
{
    buf_free(&out);
}

TestSuite(base64, .init = setup, .fini = teardown, .timeout = 20);

static void is(const char *text, size_t len)
{
    cr_assert_eq(out.len, len, "%zu octets, not %zu", out.len, len);
    cr_assert(!len || memcmp(buf_head(&out), text, len) == 0);
    buf_reset(&out);
}

static void decodes(const char *text, const char *plain)
{
    cr_assert_eq(base64_decode(&out, text, strlen(text)), ENVOI_OK, "%s", text);
    is(plain, strlen(plain));
}

static void is_refused(const char *text, size_t len)
{
    cr_assert_eq(base64_decode(&out, text, len), ENVOI_E_PROTOCOL, "\"%.*s\"", (int)len, text);
    cr_assert_eq(out.len, 0, "nothing is appended");
    cr_assert_eq(buf_failed(&out), ENVOI_OK, "the text is wrong, not the buffer");
}

/* RFC 4648 section 10. */
static const struct {
    const char *plain, *text;
} vectors[] = {{"", ""},
               {"f", "Zg=="},
               {"fo", "Zm8="},
               {"foo", "Zm9v"},
               {"foob", "Zm9vYg=="},
               {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"}};

Test(base64, vectors)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        cr_assert_eq(base64_encode(&out, vectors[i].plain, strlen(vectors[i].plain)), ENVOI_OK);
        is(vectors[i].text, strlen(vectors[i].text));
        decodes(vectors[i].text, vectors[i].plain);
    }
}

Test(base64, appends)
{
    cr_assert_eq(buf_append_text(&out, "AUTH PLAIN "), ENVOI_OK);
    cr_assert_eq(base64_encode(&out, "\0u\0p", 4), ENVOI_OK);
    is("AUTH PLAIN AHUAcA==", 19);
    cr_assert_eq(buf_append_text(&out, "x"), ENVOI_OK);
    cr_assert_eq(base64_decode(&out, "AHUAcA==", 8), ENVOI_OK);
    is("x\0u\0p", 5);
}

Test(base64, there_and_back)
{
    char data[256];
    struct buf text;

    buf_init(&text, 0, false);
    for (size_t len = 0; len <= sizeof data; len++) {
        for (size_t i = 0; i < len; i++)
            data[i] = (char)(i * 7 + len);
        cr_assert_eq(base64_encode(&text, data, len), ENVOI_OK);
        cr_assert_eq(text.len, (len + 2) / 3 * 4);
        cr_assert_eq(base64_decode(&out, (const char *)buf_head(&text), text.len), ENVOI_OK);
        is(data, len);
        buf_reset(&text);
    }
    buf_free(&text);
}

/* ---- strictness ---- */

Test(base64, lengths_that_cannot_be)
{
    for (size_t len = 0; len < 30; len++)
        if (len % 4)
            is_refused("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", len);
}

/* Each octet at each place of the last group: of 256, only those of the alphabet pass. */
Test(base64, octets_of_no_alphabet)
{
    for (size_t at = 0; at < 8; at++)
        for (int octet = 0; octet < 256; octet++) {
            char text[] = "AAAABBBB";
            bool good = octet && strchr(alphabet, octet);

            if (octet == '=' && at == 7)
                continue; /* padding, which the bits before it forbid: see below */
            text[at] = (char)octet;
            if (!good) {
                is_refused(text, 8);
            } else {
                cr_assert_eq(base64_decode(&out, text, 8), ENVOI_OK, "%s", text);
                cr_assert_eq(out.len, 6);
                buf_reset(&out);
            }
        }
}

Test(base64, padding_stands_at_the_end_alone)
{
    static const char *const bad[] = {
        "====",     "A===",     "=AAA",     "A=AA",       "AA=A",     "AA==AAAA", "AAA=AAAA",
        "AAAA====", "AAAAA===", "AA=AAAA=", "AAAAA=A=",   "AAAA=",    "AAA",      "AA",
        "AA=",      "=",        "==",       "AAAA\r\n==", "AAAA\r\n", " AAAA",    "AAAA    "};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        is_refused(bad[i], strlen(bad[i]));
}

/* Bits that no octet takes are zero: so there is one text for each secret, and none that hides something. */
Test(base64, no_stray_bits)
{
    for (unsigned i = 0; i < 64; i++) {
        char two[] = "Ax==", three[] = "AAx=";

        two[1] = three[2] = alphabet[i];
        if (i & 15) {
            is_refused(two, 4);
        } else {
            cr_assert_eq(base64_decode(&out, two, 4), ENVOI_OK, "%s", two);
            is((const char[]){(char)(i >> 4)}, 1);
        }
        if (i & 3) {
            is_refused(three, 4);
        } else {
            cr_assert_eq(base64_decode(&out, three, 4), ENVOI_OK, "%s", three);
            is((const char[]){0, (char)(i >> 2)}, 2);
        }
    }
}

/* ---- bounds ---- */

Test(base64, limit_of_the_buffer)
{
    buf_free(&out);
    buf_init(&out, 8, false);
    cr_assert_eq(base64_encode(&out, "foobar", 6), ENVOI_OK);
    is("Zm9vYmFy", 8);
    cr_assert_eq(base64_encode(&out, "foobar!", 7), ENVOI_E_PROTOCOL);
    cr_assert_eq(out.len, 0);
    buf_reset(&out);
    cr_assert_eq(base64_encode(&out, "", SIZE_MAX), ENVOI_E_MEMORY, "its text has no size");
}
