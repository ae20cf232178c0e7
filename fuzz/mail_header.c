/* SPDX-License-Identifier: MIT */
/* The header of a mail, as envoi-sendmail edits it. Input: the mail. */
#include "edit.h"

#include "accounts/header.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static int note_address(void *ctx, const char *address, struct fault *fault)
{
    size_t *count = ctx;

    (void)fault;
    FUZZ_CHECK(*address, "an empty address");
    ++*count;
    return 0;
}

/* However much of the mail has been read, the header ends at the same place or is not known to end. */
static void check_end(const char *text, size_t len, size_t header, size_t body)
{
    FUZZ_CHECK(header <= body && body <= header + 2 && body <= len, "the header ends at %zu, %zu of %zu", header, body,
               len);
    for (size_t at = 0; at <= len; at += 1 + len / 64) {
        size_t early_header, early_body;

        if (edit_find_end(text, at, 0, &early_header, &early_body))
            FUZZ_CHECK(early_header == header && early_body == body, "with %zu octets it ends at %zu", at,
                       early_header);
    }
}

/* What leaves: nothing that must stay here, and all that a mail has. */
static void check_header(const char *text, size_t len)
{
    static const char *const never[] = {"Bcc", "Resent-Bcc", "Return-Path", "Content-Length"};
    static const char *const always[] = {"From", "Date", "Message-ID"};
    unsigned seen = 0;
    struct header_field field;
    size_t at = 0;

    for (; header_next(text, len, 1, at, &field) > 0; at = field.end) {
        for (size_t i = 0; i < 4; i++)
            FUZZ_CHECK(!header_field_is(&field, never[i]), "a field %s", never[i]);
        for (size_t i = 0; i < 3; i++)
            seen |= header_field_is(&field, always[i]) ? 1u << i : 0;
    }
    FUZZ_CHECK(seen == 7, "fields are missing: %x", seen);
    FUZZ_CHECK(at + 2 == len && !memcmp(text + at, "\r\n", 2), "it ends at %zu of %zu", at, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct edit edit = {
        .from = "me@example.org", .name = "M\xc3\xa9", .domain = "test", .id_domain = "example.org"};
    char *text = fuzz_copy(data, size), *once = NULL, *twice = NULL, *sender = NULL;
    size_t header = 0, body = 0, once_len, twice_len, count = 0;
    struct fault fault = {0};

    FUZZ_CHECK(edit_find_end(text, size, 1, &header, &body), "a whole mail has no end");
    check_end(text, size, header, body);
    (void)edit_recipients(text, header, note_address, &count, &fault);
    FUZZ_CHECK(!edit_sender(text, header, &sender, &fault), "the sender");
    FUZZ_CHECK(!edit_write(text, header, &edit, &once, &once_len, &fault), "it cannot be written");
    check_header(once, once_len);
    FUZZ_CHECK(!edit_write(once, once_len - 2, &edit, &twice, &twice_len, &fault), "it cannot be written again");
    FUZZ_CHECK(once_len == twice_len && !memcmp(once, twice, once_len), "edited again it changes");
    free(once);
    free(twice);
    free(sender);
    fuzz_free(text);
    return 0;
}
