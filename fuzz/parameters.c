/* SPDX-License-Identifier: MIT */
/* The parameters of MAIL: what a message asks for against what the server announces.
 * Input: two octets of ways, a line of options for MAIL, one for RCPT, one with the recipient, the content up to a line
 * with a lone dot, then what EHLO announced. */
#include "engine/mail_parameters.h"
#include "engine/state.h"
#include "message/message.h"

#include "fuzz.h"

#include <string.h>
#include <strings.h>

/* RFC 1870, 3461, 6152, 6531, 8689, 3030, 4954, 2852, 4865, 6710, 7293: whose a parameter is. NULL: nobody's. */
static const char *const owners[][2] = {
    {"BODY", "8BITMIME"},
    {"SMTPUTF8", "SMTPUTF8"},
    {"REQUIRETLS", "REQUIRETLS"},
    {"SIZE", "SIZE"},
    {"AUTH", "AUTH"},
    {"RET", "DSN"},
    {"ENVID", "DSN"},
    {"NOTIFY", "DSN"},
    {"ORCPT", "DSN"},
    {"BY", "DELIVERBY"},
    {"HOLDFOR", "FUTURERELEASE"},
    {"HOLDUNTIL", "FUTURERELEASE"},
    {"RRVS", "RRVS"},
    {"MT-PRIORITY", "MT-PRIORITY"},
};

struct letter {
    struct envoi_message *message;
    char *options, *recipient_options, *recipient;
    struct fuzz_bytes content;
    int built;
};

static void built(struct letter *l, int rc)
{
    if (rc)
        l->built = rc;
}

static void make_letter(struct letter *l, struct fuzz_input *in, uint8_t ways)
{
    char *line;

    l->options = fuzz_line(in);
    l->recipient_options = fuzz_line(in);
    l->recipient = fuzz_line(in);
    while (in->len) {
        line = fuzz_line(in);
        if (strcmp(line, ".") == 0) {
            fuzz_free(line);
            break;
        }
        fuzz_add(&l->content, line, strlen(line));
        fuzz_add(&l->content, "\r\n", 2);
        fuzz_free(line);
    }
    FUZZ_CHECK(envoi_message_new("me@example.org", &l->message) == ENVOI_OK, "out of memory");
    built(l, envoi_message_set_options(l->message, *l->options ? l->options : NULL));
    built(l, envoi_message_add_recipient_with(l->message, l->recipient,
                                              *l->recipient_options ? l->recipient_options : NULL));
    built(l, envoi_message_set_data(l->message, l->content.data, l->content.len));
    built(l, envoi_message_set_body(l->message, ways & 3));
    built(l, envoi_message_set_drop_options(l->message, ways >> 2 & 1));
    built(l, envoi_message_set_canonical(l->message, ways >> 3 & 1));
}

static bool is_named(const char *word, size_t len, const char *name)
{
    size_t n = strlen(name);

    return len >= n && strncasecmp(word, name, n) == 0 && (len == n || word[n] == '=');
}

static const char *owner_of(const char *word, size_t len)
{
    if (len == strlen("BODY=BINARYMIME") && strncasecmp(word, "BODY=BINARYMIME", len) == 0)
        return "BINARYMIME";
    for (size_t i = 0; i < sizeof owners / sizeof owners[0]; i++)
        if (is_named(word, len, owners[i][0]))
            return owners[i][1];
    return NULL;
}

static size_t count(const char *words, const char *name)
{
    size_t found = 0;

    for (const char *at = words; *(at += strspn(at, " ")); at += strcspn(at, " "))
        found += is_named(at, strcspn(at, " "), name);
    return found;
}

/* All that is said was announced, once if envoi says it, and a line. */
static void check_said(const struct engine *e, const struct letter *l, const char *said)
{
    static const char *const own[] = {"SIZE", "BODY", "SMTPUTF8"};

    FUZZ_CHECK(!fuzz_has_control(said), "a control character");
    for (const char *at = said; *(at += strspn(at, " ")); at += strcspn(at, " ")) {
        const char *owner = owner_of(at, strcspn(at, " "));

        FUZZ_CHECK(!owner || extensions_get(&e->extensions, owner), "%s, and %s is not announced", at, owner);
    }
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        size_t asked = count(l->options, own[i]);

        FUZZ_CHECK(count(said, own[i]) <= (asked ? asked : 1), "%s is said too often: %s", own[i], said);
    }
}

/* What was asked for is said or, where that is allowed, told to be left out. */
static void check_asked(const struct letter *l, const char *said, const char *asked)
{
    const char *dropped = envoi_message_dropped_options(l->message);

    for (const char *at = asked; *(at += strspn(at, " ")); at += strcspn(at, " ")) {
        char *word = fuzz_string(at, strcspn(at, " "));
        bool is_said = strstr(said, word) != NULL, is_dropped = strcasestr(dropped, word) != NULL;

        FUZZ_CHECK(is_said || is_dropped, "%s is gone", word);
        FUZZ_CHECK(!is_dropped || l->message->drop_options, "%s is left out against the will of the caller", word);
        fuzz_free(word);
    }
}

static void check(struct engine *e, struct letter *l)
{
    struct buf out;
    char *said;
    int rc;

    buf_init(&out, 0, false);
    message_begin(l->message);
    rc = parameters_of_mail(e, l->message, e->extensions.chunking, &out);
    said = fuzz_string(buf_head(&out), out.len);
    FUZZ_CHECK(!rc || (e->fault->code == rc && e->fault->text[0]), "%d is not told", rc);
    FUZZ_CHECK(strlen(said) == out.len, "a NUL");
    if (!rc) {
        check_said(e, l, said);
        check_asked(l, said, l->options);
        FUZZ_CHECK(l->message->body != ENVOI_BODY_BINARY || strcasestr(said, " BODY=BINARYMIME"), "not declared: %s",
                   said);
        FUZZ_CHECK(!l->message->recipients[0].address.utf8 || strcasestr(said, " SMTPUTF8"), "not declared: %s", said);
        buf_reset(&out);
        parameters_append(e, l->message->recipients[0].options, &out);
        FUZZ_CHECK(!buf_failed(&out), "out of memory");
        fuzz_free(said);
        said = fuzz_string(buf_head(&out), out.len);
        check_asked(l, said, l->recipient_options);
    }
    fuzz_free(said);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct engine e;
    struct fuzz_input in = {data, size};
    struct fuzz_bytes announced = {0};
    struct envoi_errctx fault = {0};
    struct settings settings;
    struct letter l = {0};
    uint8_t ways = fuzz_octet(&in), more = fuzz_octet(&in);
    char *text;

    settings_init(&settings);
    settings.chunk_size = more & 1 ? 0 : settings.chunk_size;
    e = (struct engine){
        .settings = &settings, .fault = &fault, .hello = more & 2 ? ENVOI_HELLO_HELO : ENVOI_HELLO_EHLO};
    make_letter(&l, &in, ways);
    fuzz_add(&announced, "mx\n", 3);
    fuzz_add(&announced, in.data, in.len);
    text = fuzz_string(announced.data, announced.len);
    extensions_clear(&e.extensions);
    if (e.hello == ENVOI_HELLO_EHLO)
        FUZZ_CHECK(extensions_parse(&e.extensions, text) == ENVOI_OK, "out of memory");
    if (!l.built)
        check(&e, &l);
    extensions_clear(&e.extensions);
    settings_free(&settings);
    envoi_message_free(l.message);
    fuzz_free(l.options);
    fuzz_free(l.recipient_options);
    fuzz_free(l.recipient);
    fuzz_bytes_free(&l.content);
    fuzz_bytes_free(&announced);
    fuzz_free(text);
    return 0;
}
