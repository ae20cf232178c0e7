/* SPDX-License-Identifier: MIT */
/* Replies: the same octets give the same replies wherever they are cut, and the replies that a plain reader finds.
 * Input: an octet that says how to cut, then what the server sends. */
#include "reply/reply.h"
#include "base/utf8.h"

#include "fuzz.h"

#include <envoi/error.h>
#include <string.h>

/* The lines as they came: as many as the text has, and none is longer than that allows. */
static void note_lines(struct fuzz_bytes *out, const struct envoi_reply *r)
{
    size_t lines = envoi_reply_lines(r), breaks = 1, len;

    for (const char *c = envoi_reply_text(r); *c; c++)
        breaks += *c == '\n';
    FUZZ_CHECK(lines == breaks, "%zu lines, and a text of %zu", lines, breaks);
    for (size_t i = 0; i < lines; i++) {
        const char *line = envoi_reply_line(r, i, &len);

        FUZZ_CHECK(line && strlen(line) == len && len < REPLY_LINE_MAX, "line %zu", i);
        FUZZ_CHECK(!strpbrk(line, "\r\n"), "a line end in line %zu", i);
        fuzz_add(out, line, len);
        fuzz_add(out, "\n", 1);
    }
    fuzz_add(out, "", 1);
    FUZZ_CHECK(!envoi_reply_line(r, lines, &len) && !len, "there is one more line");
}

/* What was read, one line each, and how it ended. */
static void note(struct fuzz_bytes *out, const struct envoi_reply *r)
{
    const char *text = envoi_reply_text(r);
    uint8_t code[2] = {(uint8_t)(r->code >> 8), (uint8_t)r->code};

    FUZZ_CHECK(r->code >= 200 && r->code <= 599 && (r->code >= 400 || r->code % 100 < 60), "code %d", r->code);
    FUZZ_CHECK(strlen(text) < REPLY_OCTETS_MAX, "a text of %zu octets", strlen(text));
    for (const char *c = text; *c; c++)
        FUZZ_CHECK(*c == '\n' || *c == '\t' || ((unsigned char)*c >= 0x20 && *c != 0x7f), "a control character");
    FUZZ_CHECK(utf8_is_valid(text, strlen(text)), "no UTF-8");
    FUZZ_CHECK(!r->enhanced[0] || r->enhanced[0] == '0' + r->code / 100, "enhanced code %s of %d", r->enhanced,
               r->code);
    FUZZ_CHECK(strlen(r->enhanced) == strspn(r->enhanced, "0123456789."), "enhanced code \"%s\"", r->enhanced);
    fuzz_add(out, code, sizeof code);
    fuzz_add(out, r->enhanced, strlen(r->enhanced) + 1);
    fuzz_add(out, text, strlen(text) + 1);
    note_lines(out, r);
}

static int read_in_pieces(const uint8_t *data, size_t size, size_t step, struct fuzz_bytes *out)
{
    struct reply_parser p;
    struct envoi_reply reply;
    int rc = ENVOI_OK;

    reply_parser_init(&p, &reply);
    for (size_t at = 0; at < size && !rc;) {
        size_t part = size - at < step ? size - at : step, used = 0;
        char *piece = fuzz_copy(data + at, part);

        for (size_t done = 0; done < part && !rc; done += used) {
            bool complete;

            rc = reply_parse(&p, piece + done, part - done, &used, &complete, NULL, NULL);
            FUZZ_CHECK(used <= part - done && (rc || used), "%zu of %zu octets were used", used, part - done);
            if (!rc && complete)
                note(out, p.reply);
        }
        FUZZ_CHECK(rc || (p.line.len <= REPLY_LINE_MAX && p.lines <= REPLY_LINES_MAX), "a bound was passed");
        fuzz_free(piece);
        at += part;
    }
    reply_parser_free(&p);
    FUZZ_CHECK(rc == ENVOI_OK || rc == ENVOI_E_PROTOCOL, "the result is %d", rc);
    return rc;
}

/* How many whole replies a plain reader finds before the first line that is none, bounds left aside. */
static size_t count_plainly(const uint8_t *data, size_t size, bool *broken)
{
    size_t replies = 0, len;
    char code[3] = "";

    *broken = false;
    for (const uint8_t *end; size && (end = memchr(data, '\n', size)); size -= len + 1, data += len + 1) {
        size_t n = len = (size_t)(end - data);

        n -= n && data[n - 1] == '\r';
        *broken = n < 3 || memchr(data, 0, n) || memchr(data, '\r', n) || !memchr("2345", data[0], 4) ||
                  !memchr("0123456789", data[1], data[0] < '4' ? 6 : 10) || data[2] < '0' || data[2] > '9' ||
                  (n > 3 && data[3] != ' ' && data[3] != '-') ||
                  (code[0] && memcmp(code, data, 3) != 0 && data[0] < '4');
        if (*broken)
            return replies;
        if (n > 3 && data[3] == '-') {
            if (!code[0] || data[0] >= code[0])
                memcpy(code, data, 3);
        } else {
            replies++;
            code[0] = '\0';
        }
    }
    return replies;
}

/* Does a reply begin with a handshake or an alert of TLS? That is refused before its line ends. */
static bool begins_tls(const uint8_t *data, size_t len)
{
    for (size_t at = 0; at + 1 < len; at++)
        if ((data[at] == 0x15 || data[at] == 0x16) && data[at + 1] == 0x03 && (!at || data[at - 1] == '\n'))
            return true;
    return false;
}

static size_t count_notes(const struct fuzz_bytes *notes)
{
    size_t count = 0;

    for (size_t at = 0; at < notes->len; count++) {
        at += 2;
        for (int text = 0; text < 3; text++)
            at += strlen((const char *)notes->data + at) + 1;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct fuzz_bytes whole = {0}, pieces = {0};
    size_t step = 1u + fuzz_octet(&in) % 64;
    bool broken;
    size_t count = count_plainly(in.data, in.len, &broken);
    int rc = read_in_pieces(in.data, in.len, SIZE_MAX, &whole);

    /* A line that is too long is refused in the middle, wherever it is cut; one octet at a time tells the same. */
    FUZZ_CHECK(read_in_pieces(in.data, in.len, step, &pieces) == rc, "pieces of %zu end otherwise", step);
    FUZZ_CHECK(fuzz_same(&whole, &pieces), "pieces of %zu give other replies", step);
    if (rc == ENVOI_OK)
        FUZZ_CHECK(!broken && count == count_notes(&whole), "%zu replies instead of %zu", count_notes(&whole), count);
    else
        FUZZ_CHECK(count_notes(&whole) <= count, "more replies than there are");
    if (broken)
        FUZZ_CHECK(rc == ENVOI_E_PROTOCOL, "a line that is no reply was taken");
    if (rc && !broken && !begins_tls(in.data, in.len)) /* only a bound can have been passed */
        FUZZ_CHECK(in.len > REPLY_LINES_MAX * 4, "%zu octets are refused and nothing is wrong", in.len);
    fuzz_bytes_free(&whole);
    fuzz_bytes_free(&pieces);
    return 0;
}
