/* SPDX-License-Identifier: MIT */
/* Base64: what is taken is the one text of its octets, and nothing that a plain encoder makes is refused. */
#include "base/base64.h"

#include "fuzz.h"

#include <envoi/error.h>
#include <string.h>

static void encode_plainly(const uint8_t *data, size_t len, struct fuzz_bytes *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned held = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | data[i];
        for (held += 8; held >= 6; held -= 6)
            fuzz_add_octet(out, (uint8_t)digits[bits >> (held - 6) & 63]);
    }
    if (held)
        fuzz_add_octet(out, (uint8_t)digits[bits << (6 - held) & 63]);
    while (out->len % 4)
        fuzz_add_octet(out, '=');
}

static void check_octets(const uint8_t *data, size_t size)
{
    struct fuzz_bytes plain = {0};
    struct buf text, octets;

    buf_init(&text, 0, false);
    buf_init(&octets, 0, true);
    encode_plainly(data, size, &plain);
    FUZZ_CHECK(base64_encode(&text, data, size) == ENVOI_OK, "encoding fails");
    FUZZ_CHECK(text.len == plain.len && (!plain.len || memcmp(buf_head(&text), plain.data, plain.len) == 0),
               "another text than a plain encoder makes");
    FUZZ_CHECK(base64_decode(&octets, (const char *)plain.data, plain.len) == ENVOI_OK, "what was encoded is refused");
    FUZZ_CHECK(octets.len == size && (!size || memcmp(buf_head(&octets), data, size) == 0), "other octets come back");
    buf_free(&text);
    buf_free(&octets);
    fuzz_bytes_free(&plain);
}

static void check_text(const uint8_t *data, size_t size)
{
    struct fuzz_bytes again = {0};
    struct buf octets;

    buf_init(&octets, 0, true);
    FUZZ_CHECK(buf_append(&octets, "x", 1) == ENVOI_OK, "out of memory");
    if (base64_decode(&octets, (const char *)data, size) == ENVOI_OK) {
        encode_plainly(buf_head(&octets) + 1, octets.len - 1, &again);
        FUZZ_CHECK(again.len == size && (!size || memcmp(again.data, data, size) == 0),
                   "two texts stand for the same octets");
    } else
        FUZZ_CHECK(octets.len == 1, "something was appended although the text is refused");
    buf_free(&octets);
    fuzz_bytes_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *text = fuzz_copy(data, size);

    check_text(text, size);
    check_octets(text, size);
    fuzz_free(text);
    return 0;
}
