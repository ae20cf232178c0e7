/* SPDX-License-Identifier: MIT */
/* Descriptors of plugins. Input: the name of the file, a line, then its text. */
#include "plugin/descriptor.h"

#include "fuzz.h"

#include <envoi/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int count_warning(void *ctx, const char *text)
{
    FUZZ_CHECK(*text && fuzz_is_printable(text), "a warning that is not printable: %s", text);
    ++*(unsigned *)ctx;
    return ENVOI_OK;
}

static bool is_number(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text);
}

/* What must not come out of a file, whoever wrote it. */
static void check_value(enum descriptor_key key, const char *text)
{
    const char *slash = strrchr(text, '/');
    long long n = strtoll(text, NULL, 10);

    FUZZ_CHECK(*text && strlen(text) <= DESCRIPTOR_LINE_MAX && fuzz_is_utf8(text, strlen(text)), "the value \"%s\"",
               text);
    FUZZ_CHECK(fuzz_is_printable(text), "a control character");
    if (key == KEY_MODULE) {
        FUZZ_CHECK(text[0] != '.' && !strstr(text, "/../") && strcmp(text, "..") != 0, "the module %s", text);
        FUZZ_CHECK(!slash || (text[0] == '/' && slash[1]), "the module %s", text);
        FUZZ_CHECK(!slash || strcmp(slash, "/..") != 0, "the module %s", text);
    }
    if (key == KEY_ABI)
        FUZZ_CHECK(is_number(text) && n >= 1 && n <= UINT32_MAX, "the abi %s", text);
    if (key == KEY_PRIORITY)
        FUZZ_CHECK(is_number(text + (*text == '-')) && n >= -1000000 && n <= 1000000, "the priority %s", text);
    if (key == KEY_ENABLED || key == KEY_CRITICAL || key == KEY_REQUIRE_TLS)
        FUZZ_CHECK(!strcmp(text, "yes") || !strcmp(text, "no"), "the switch %s", text);
    if (key == KEY_KIND)
        FUZZ_CHECK(!strcmp(text, "auth") || !strcmp(text, "transport"), "the kind %s", text);
    if (key == KEY_PROVIDES)
        FUZZ_CHECK(strspn(text, "*-_ \t0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(text),
                   "it provides %s", text);
}

/* But for blanks at the ends of the first. */
static bool is_same(const char *was, const char *is)
{
    size_t len = strlen(is);

    was += strspn(was, " \t");
    return strncmp(was, is, len) == 0 && strspn(was + len, " \t") == strlen(was + len);
}

static void check_again(const struct descriptor *d)
{
    struct fuzz_bytes text = {0};
    struct descriptor *again;
    unsigned warnings = 0;

    fuzz_add(&text, "# again\n", 8);
    for (enum descriptor_key key = 0; key < KEY_COUNT; key++) {
        if (!d->value[key].text)
            continue;
        fuzz_add(&text, descriptor_key_name(key), strlen(descriptor_key_name(key)));
        fuzz_add(&text, ":", 1);
        fuzz_add(&text, d->value[key].text, strlen(d->value[key].text));
        fuzz_add(&text, "\n", 1);
    }
    FUZZ_CHECK(descriptor_parse(d->id, "again", true, (const char *)text.data, text.len, count_warning, &warnings,
                                &again) == ENVOI_OK,
               "out of memory");
    FUZZ_CHECK(!again->bad && !warnings, "%s", again->bad ? again->bad : "a warning");
    for (enum descriptor_key key = 0; key < KEY_COUNT; key++) {
        const char *text_was = d->value[key].text, *text_is = again->value[key].text;

        FUZZ_CHECK(!text_was == !text_is, "%s is gone", descriptor_key_name(key));
        if (text_was) /* a comma at either end has become a blank */
            FUZZ_CHECK(is_same(text_was, text_is), "%s became %s", text_was, text_is);
    }
    descriptor_free(again);
    fuzz_bytes_free(&text);
}

static void check_text(const char *id, bool from_file, const uint8_t *data, size_t len)
{
    char *text = fuzz_copy(data, len);
    struct descriptor *d;
    unsigned warnings = 0;
    int rc = descriptor_parse(id, "x.plugin", from_file, text, len, count_warning, &warnings, &d);

    FUZZ_CHECK(rc == ENVOI_OK, "the result is %d", rc);
    if (d->bad) {
        FUZZ_CHECK(!strncmp(d->bad, "x.plugin", 8) && fuzz_is_printable(d->bad), "the reason \"%s\"", d->bad);
    } else {
        for (enum descriptor_key key = 0; key < KEY_COUNT; key++)
            if (d->value[key].text)
                check_value(key, d->value[key].text);
        check_again(d);
    }
    descriptor_free(d);
    fuzz_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    char *name = fuzz_line(&in);
    char id[DESCRIPTOR_ID_MAX + 1] = "fuzz";

    if (descriptor_id(name, id)) {
        FUZZ_CHECK(descriptor_is_id(id) && strlen(id) + strlen(DESCRIPTOR_SUFFIX) == strlen(name), "the id \"%s\"", id);
        FUZZ_CHECK(!strpbrk(id, "/.-"), "the id \"%s\"", id);
    } else {
        (void)snprintf(id, sizeof id, "fuzz");
    }
    check_text(id, true, in.data, in.len);
    check_text(id, false, in.data, in.len);
    fuzz_free(name);
    return 0;
}
