/* SPDX-License-Identifier: MIT */
/* The reply to EHLO. Input: its text behind the first line, as the reply parser joins it. */
#include "reply/extensions.h"

#include "fuzz.h"

#include <envoi/error.h>
#include <string.h>
#include <strings.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_keyword_octet(char c)
{
    return c && (strchr("-0123456789", c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'));
}

/* What a plain reader takes for the parameters of the first line with this keyword; NULL: there is none. AUTH, whose
 * lines are merged, is only looked for. */
static char *find_plainly(const char *text, const char *name)
{
    size_t n = strlen(name);

    for (const char *line = text; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        size_t len = strcspn(line, "\n"), skip = n;
        bool old = strcmp(name, "AUTH") == 0 && len > n && line[n] == '=';

        if (len < n || strncasecmp(line, name, n) != 0 || (len > n && !is_blank(line[n]) && !old))
            continue;
        skip += len > n;
        while (skip < len && is_blank(line[skip]))
            skip++;
        while (len > skip && is_blank(line[len - 1]))
            len--;
        return fuzz_string(line + skip, len - skip);
    }
    return NULL;
}

static void check_list(const struct extensions *x)
{
    FUZZ_CHECK(x->count <= EXTENSIONS_MAX, "%zu extensions", x->count);
    for (size_t i = 0; i < x->count; i++) {
        const char *name = x->list[i].name;

        FUZZ_CHECK(*name && *name != '-', "the name \"%s\"", name);
        for (const char *c = name; *c; c++)
            FUZZ_CHECK(is_keyword_octet(*c) && !(*c >= 'a' && *c <= 'z'), "the name \"%s\"", name);
        FUZZ_CHECK(!strchr(x->list[i].parameters, '\n'), "a line end among the parameters of %s", name);
        for (size_t k = 0; k < i; k++)
            FUZZ_CHECK(strcmp(x->list[k].name, name) != 0, "%s is there twice", name);
        FUZZ_CHECK(extensions_get(x, name) == x->list[i].parameters, "%s is not found", name);
    }
}

/* What was read, written as a server would, is read as the same. */
static void check_again(const struct extensions *x)
{
    struct fuzz_bytes text = {0};
    struct extensions again = {0};

    fuzz_add(&text, "x", 1);
    for (size_t i = 0; i < x->count; i++) {
        fuzz_add(&text, "\n", 1);
        fuzz_add(&text, x->list[i].name, strlen(x->list[i].name));
        fuzz_add(&text, " ", 1);
        fuzz_add(&text, x->list[i].parameters, strlen(x->list[i].parameters));
    }
    fuzz_add(&text, "", 1);
    FUZZ_CHECK(extensions_parse(&again, (const char *)text.data) == ENVOI_OK, "out of memory");
    FUZZ_CHECK(again.count == x->count, "%zu became %zu", x->count, again.count);
    for (size_t i = 0; i < x->count; i++)
        FUZZ_CHECK(strcmp(again.list[i].name, x->list[i].name) == 0 &&
                       strcmp(again.list[i].parameters, x->list[i].parameters) == 0,
                   "%s %s became %s %s", x->list[i].name, x->list[i].parameters, again.list[i].name,
                   again.list[i].parameters);
    FUZZ_CHECK(again.size_limit == x->size_limit && again.pipelining == x->pipelining, "what was found is another");
    extensions_clear(&again);
    fuzz_bytes_free(&text);
}

static void check_names(const struct extensions *x, const char *text)
{
    static const char *const names[] = {"PIPELINING", "CHUNKING", "8BITMIME", "SIZE",   "BURL",      "STARTTLS",
                                        "AUTH",       "SMTPUTF8", "DSN",      "LIMITS", "BINARYMIME"};
    const bool found[] = {x->pipelining, x->chunking, x->eight_bit, x->size, x->burl};

    for (size_t i = 0; i < sizeof names / sizeof names[0] && x->count < EXTENSIONS_MAX; i++) {
        const char *is = extensions_get(x, names[i]);
        char *should = find_plainly(text, names[i]);

        FUZZ_CHECK(!should == !is, "%s", names[i]);
        if (is && strcmp(names[i], "AUTH") != 0)
            FUZZ_CHECK(strcmp(is, should) == 0, "%s \"%s\" instead of \"%s\"", names[i], is, should);
        if (i < sizeof found / sizeof found[0])
            FUZZ_CHECK(found[i] == (is != NULL), "%s", names[i]);
        fuzz_free(should);
    }
    FUZZ_CHECK(x->size_limit > 0, "a limit of nothing");
    (void)extensions_limit(x, "RCPTMAX");
    (void)extensions_limit(x, "MAILMAX");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct extensions x = {0};
    char *text = fuzz_string(data, size);
    struct fuzz_bytes lines = {0};
    char *reply;

    fuzz_add(&lines, "x\n", 2);
    fuzz_add(&lines, text, strlen(text));
    reply = fuzz_string(lines.data, lines.len);
    fuzz_bytes_free(&lines);
    /* Twice: the second EHLO forgets the first. */
    FUZZ_CHECK(extensions_parse(&x, "mx\nSTARTTLS\nX-OLD 1") == ENVOI_OK, "out of memory");
    FUZZ_CHECK(extensions_parse(&x, reply) == ENVOI_OK, "out of memory");
    check_list(&x);
    check_names(&x, text);
    check_again(&x);
    extensions_clear(&x);
    fuzz_free(reply);
    fuzz_free(text);
    return 0;
}
