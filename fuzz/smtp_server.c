/* SPDX-License-Identifier: MIT */
/* The server of tools/server. Input: an octet (SMTP or LMTP, and how it is cut), then what a client sends. */
#include "server/smtp_server.h"

#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#define SIZE_MAX_TOLD 200

/* What the owner was told, and the content of one message. */
struct owner {
    struct fuzz_bytes told, content;
    const uint8_t *input;
    size_t len;
    unsigned recipients;
};

static void fuzz_note(struct owner *o, const char *what, const char *text, const char *options)
{
    FUZZ_CHECK(!fuzz_has_control(text) && (!options || !fuzz_has_control(options)), "a control character in %s", what);
    fuzz_add(&o->told, what, strlen(what));
    fuzz_add(&o->told, text, strlen(text) + 1);
    if (options)
        fuzz_add(&o->told, options, strlen(options) + 1);
}

static void owner_mail(void *ctx, const char *sender, const char *options, struct smtp_reply *reply)
{
    fuzz_note(ctx, "M", sender, options);
    if (*sender == '!')
        smtp_reply_set(reply, 550, "5.1.8", "%s", sender);
}

static void owner_recipient(void *ctx, const char *address, const char *options, struct smtp_reply *reply)
{
    struct owner *o = ctx;

    FUZZ_CHECK(*address, "an empty recipient");
    fuzz_note(o, "R", address, options);
    if (*address == '!')
        smtp_reply_set(reply, 450, "", "%s", address);
    else
        o->recipients++;
}

static void owner_begin(void *ctx, struct smtp_reply *reply)
{
    struct owner *o = ctx;

    (void)reply;
    FUZZ_CHECK(o->recipients, "content for nobody");
    fuzz_clear(&o->content);
}

static void owner_content(void *ctx, const void *data, size_t len)
{
    struct owner *o = ctx;

    fuzz_add(&o->content, data, len);
    FUZZ_CHECK(o->content.len <= SIZE_MAX_TOLD, "%zu octets of content", o->content.len);
}

/* Written out with its dots and its end, the content is a part of what the client has sent: nothing was added to it,
 * and it ends nowhere else. */
static void owner_deliver(void *ctx)
{
    struct owner *o = ctx;
    const struct fuzz_bytes *c = &o->content;
    struct fuzz_bytes wire = {0};

    for (size_t i = 0; i < c->len; i++) {
        int begins = i == 0 || (i >= 2 && c->data[i - 2] == '\r' && c->data[i - 1] == '\n');

        if (begins && c->data[i] == '.')
            fuzz_add_octet(&wire, '.');
        fuzz_add_octet(&wire, c->data[i]);
    }
    fuzz_add(&wire, ".\r\n", 3);
    FUZZ_CHECK(c->len == 0 || (c->len >= 2 && !memcmp(c->data + c->len - 2, "\r\n", 2)), "it ends inside of a line");
    /* A dot that was not doubled is removed all the same. */
    for (size_t i = 0; i + 2 < o->len; i++)
        if (o->input[i] == '.' && (i == 0 || o->input[i - 1] == '\n') && o->input[i + 1] != '.')
            goto end;
    FUZZ_CHECK(memmem(o->input, o->len, wire.data, wire.len), "content that was not sent");
end:
    fuzz_bytes_free(&wire);
    fuzz_add(&o->told, "D", 1);
    fuzz_add(&o->told, c->data, c->len);
}

static void owner_verdict(void *ctx, size_t recipient, struct smtp_reply *reply)
{
    struct owner *o = ctx;

    FUZZ_CHECK(recipient < o->recipients, "recipient %zu of %u", recipient, o->recipients);
    smtp_reply_set(reply, 250, "2.0.0", "ok");
}

static void owner_reset(void *ctx)
{
    ((struct owner *)ctx)->recipients = 0;
}

static const struct smtp_server_calls owner_calls = {owner_mail,    owner_recipient, owner_begin, owner_content,
                                                     owner_deliver, owner_verdict,   owner_reset};

/* Each reply is lines of a code and a text. */
static void check_replies(const char *out, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *line = out + at;
        const char *end = memmem(line, len - at, "\r\n", 2);

        FUZZ_CHECK(end && end - line >= 4 && end - line <= 510, "a reply without an end, or too long");
        FUZZ_CHECK(line[0] >= '2' && line[0] <= '5' && (line[3] == ' ' || line[3] == '-'), "%.*s", (int)(end - line),
                   line);
        for (const char *c = line; c < end; c++)
            FUZZ_CHECK((unsigned char)*c >= ' ' && *c != 0x7f, "octet %02x in a reply", (unsigned char)*c);
        at = (size_t)(end - out) + 2;
    }
}

static void talk(struct fuzz_input in, int lmtp, size_t piece, struct owner *owner, struct fuzz_bytes *out)
{
    struct smtp_server_settings settings = {"fuzz.example", lmtp, SIZE_MAX_TOLD, 3, &owner_calls, owner};
    struct smtp_server *server = smtp_server_new(&settings);

    FUZZ_CHECK(server, "out of memory");
    while (in.len) {
        size_t part = in.len < piece ? in.len : piece, len;
        void *copy = fuzz_copy(in.data, part);
        const char *text;

        smtp_server_feed(server, copy, part);
        fuzz_free(copy);
        text = smtp_server_output(server, &len);
        fuzz_add(out, text, len);
        smtp_server_sent(server, len);
        in.data += part;
        in.len -= part;
    }
    smtp_server_free(server);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 2, 3, 7, 64};
    struct fuzz_input in = {data, size};
    uint8_t how = fuzz_octet(&in);
    struct owner whole = {.input = in.data, .len = in.len}, cut = whole;
    struct fuzz_bytes out = {0}, out_cut = {0};

    talk(in, how & 1, size, &whole, &out);
    talk(in, how & 1, pieces[(how >> 1) % 5], &cut, &out_cut);
    check_replies((const char *)out.data, out.len);
    FUZZ_CHECK(fuzz_same(&out, &out_cut), "other replies when it is cut");
    FUZZ_CHECK(fuzz_same(&whole.told, &cut.told), "other calls when it is cut");
    fuzz_bytes_free(&out);
    fuzz_bytes_free(&out_cut);
    fuzz_bytes_free(&whole.told);
    fuzz_bytes_free(&whole.content);
    fuzz_bytes_free(&cut.told);
    fuzz_bytes_free(&cut.content);
    return 0;
}
