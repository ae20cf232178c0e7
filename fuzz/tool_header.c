/* SPDX-License-Identifier: MIT */
/* The tool's --read-recipients: the header of a message that anybody may have written. Input: the message. */
#include "accounts/header.h"

#include "fuzz.h"

#include <string.h>
#include <strings.h>

static int note_address(void *ctx, const char *address, struct fault *fault)
{
    (void)fault;
    FUZZ_CHECK(address, "an address that is NULL");
    fuzz_add(ctx, address, strlen(address) + 1);
    return 0;
}

static bool is_end(const uint8_t *text, size_t len, size_t at)
{
    return at >= len || text[at] == '\r' || text[at] == '\n';
}

/* Walks the lines of a header; the next one begins behind CR LF, CR or LF. */
static size_t next_line(const uint8_t *text, size_t len, size_t at)
{
    while (!is_end(text, len, at))
        at++;
    if (at < len && text[at] == '\r' && at + 1 < len && text[at + 1] == '\n')
        return at + 2;
    return at < len ? at + 1 : at;
}

/* Does a field with this name begin at the line? */
static bool begins(const uint8_t *text, size_t len, size_t at, const char *name)
{
    size_t n = strlen(name);

    if (len - at < n || strncasecmp((const char *)text + at, name, n) != 0)
        return false;
    for (at += n; at < len && (text[at] == ' ' || text[at] == '\t'); at++)
        ;
    return at < len && text[at] == ':';
}

/* Appends the lines of the header without those of Bcc fields. */
static void drop_plainly(const uint8_t *text, size_t len, struct fuzz_bytes *out)
{
    bool dropped = false;

    for (size_t at = 0, next; at < len; at = next) {
        next = next_line(text, len, at);
        if (at == 0 || (text[at] != ' ' && text[at] != '\t'))
            dropped = begins(text, len, at, "Bcc");
        if (!dropped)
            fuzz_add(out, text + at, next - at);
    }
}

/* However much of the message has been read, the header ends at the same place or is not known to end. */
static size_t check_end(const uint8_t *text, size_t len)
{
    size_t end = header_end((const char *)text, len, 1);

    FUZZ_CHECK(end <= len && (end || !len), "the header ends at %zu of %zu", end, len);
    for (size_t at = 0; at <= len; at += 1 + len / 64) {
        size_t early = header_end((const char *)text, at, 0);

        FUZZ_CHECK(early == 0 || early == end, "the header ends at %zu with %zu octets, and at %zu", early, at, end);
    }
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_bytes addresses = {0}, should = {0};
    struct fault fault = {0};
    uint8_t *text = fuzz_copy(data, size);
    size_t end = check_end(text, size), kept = 0;
    char *header = fuzz_copy(text, end);
    int rc = header_read(header, end, &kept, note_address, &addresses, &fault);

    FUZZ_CHECK(rc == fault.exit && !rc == !fault.text[0], "%d, and the fault says %d", rc, fault.exit);
    FUZZ_CHECK(kept <= end, "it grew");
    if (!rc) {
        drop_plainly(text, end, &should);
        FUZZ_CHECK(kept == should.len && (!kept || memcmp(header, should.data, kept) == 0),
                   "%zu octets of %zu were kept instead of %zu, or others", kept, end, should.len);
    }
    fuzz_free(header);
    fuzz_free(text);
    fuzz_bytes_free(&addresses);
    fuzz_bytes_free(&should);
    return 0;
}
