/* SPDX-License-Identifier: MIT */
/* Each file in bad/ says in its first line what the message has to say: "# LINE: text". Each file in good/ says in
 * comments what has to be read: "# key=value@line". */
#include "base/utf8.h"
#include "plugin/descriptor.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <envoi/error.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

TestSuite(descriptor, .timeout = 20);

static char text[DESCRIPTOR_TEXT_MAX * 2];

static size_t slurp(const char *dir, const char *name)
{
    char path[PATH_MAX];
    FILE *file;
    size_t len;

    (void)snprintf(path, sizeof path, "%s/%s/%s", TEST_DATA, dir, name);
    file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    len = fread(text, 1, sizeof text - 1, file);
    text[len] = '\0';
    (void)fclose(file);
    return len;
}

static int no_warning(void *ctx, const char *what)
{
    (void)ctx;
    cr_assert_fail("a warning: %s", what);
    return ENVOI_OK;
}

static struct descriptor *parse(const char *data, size_t len)
{
    struct descriptor *d;

    cr_assert_eq(descriptor_parse("x", "/x.plugin", true, data, len, no_warning, NULL, &d), ENVOI_OK);
    return d;
}

static int each_file(const char *dir, void (*check)(const char *name, const struct descriptor *d))
{
    char path[PATH_MAX];
    struct dirent *item;
    int count = 0;
    DIR *stream;

    (void)snprintf(path, sizeof path, "%s/%s", TEST_DATA, dir);
    stream = opendir(path);
    cr_assert_not_null(stream, "%s", path);
    while ((item = readdir(stream))) {
        if (item->d_name[0] == '.')
            continue;
        struct descriptor *d = parse(text, slurp(dir, item->d_name));

        check(item->d_name, d);
        descriptor_free(d);
        count++;
    }
    closedir(stream);
    return count;
}

static void check_bad(const char *name, const struct descriptor *d)
{
    char want[512];

    cr_assert_eq(sscanf(text, "# %511[^\n]", want), 1, "%s says not what is wrong with it", name);
    cr_assert_not_null(d->bad, "%s was taken", name);
    cr_assert_eq(strncmp(d->bad, "/x.plugin:", 10), 0, "%s: %s", name, d->bad);
    cr_assert_eq(strncmp(d->bad + 10 + (d->bad[10] == ' '), want, strlen(want)), 0, "%s: %s, not %s", name, d->bad,
                 want);
}

Test(descriptor, bad_files_say_file_line_key)
{
    cr_assert_geq(each_file("bad", check_bad), 40);
}

static int good_values;

static void check_good(const char *name, const struct descriptor *d)
{
    int wanted = 0, found = 0;

    cr_assert_null(d->bad, "%s: %s", name, d->bad);
    for (const char *at = text; (at = strstr(at, "# ")); at++) {
        char key[32], value[64], source[64];
        unsigned line;

        if (sscanf(at, "# %31[a-z-]=%63[^@\r\n]@%u", key, value, &line) != 3)
            continue;
        enum descriptor_key k = descriptor_key_of(key);

        cr_assert_neq(k, KEY_COUNT, "%s: %s", name, key);
        cr_assert_str_eq(d->value[k].text, value, "%s: %s is %s", name, key, d->value[k].text);
        (void)snprintf(source, sizeof source, "/x.plugin:%u", line);
        cr_assert_str_eq(d->value[k].source, source, "%s: %s", name, d->value[k].source);
        wanted++;
    }
    for (enum descriptor_key k = 0; k < KEY_COUNT; k++)
        found += d->value[k].text != NULL;
    cr_assert_eq(wanted, found, "%s: %d values, not %d", name, found, wanted);
    good_values += found;
}

Test(descriptor, good_files_are_read_whole)
{
    cr_assert_geq(each_file("good", check_good), 9);
    cr_assert_geq(good_values, 15);
}

static int keep_warning(void *ctx, const char *what)
{
    char *out = ctx;
    size_t len = strlen(out);

    (void)snprintf(out + len, 512 - len, "%s|", what);
    return ENVOI_OK;
}

Test(descriptor, unknown_keys_are_warned_of)
{
    static const char data[] = "kind: auth\ncolour: green\nx-colour: green\nKind: auth\n";
    char said[512] = "";
    struct descriptor *d;

    cr_assert_eq(descriptor_parse("x", "/x.plugin", true, data, strlen(data), keep_warning, said, &d), ENVOI_OK);
    cr_assert_null(d->bad);
    cr_assert_str_eq(said, "/x.plugin:2: the key `colour` is unknown and ignored|"
                           "/x.plugin:4: the key `Kind` is unknown and ignored|");
    descriptor_free(d);
}

Test(descriptor, text_without_file_has_no_line)
{
    struct descriptor *d;

    cr_assert_eq(descriptor_parse("x", "built in", false, "kind: auth", 10, no_warning, NULL, &d), ENVOI_OK);
    cr_assert_str_eq(d->value[KEY_KIND].source, "built in");
    descriptor_free(d);
    cr_assert_eq(descriptor_parse("x", "built in", false, "kind: new", 9, no_warning, NULL, &d), ENVOI_OK);
    cr_assert_str_eq(d->bad, "built in, line 1: kind: `new` is neither transport nor auth");
    descriptor_free(d);
}

Test(descriptor, hostile_path_is_made_printable)
{
    struct descriptor *d;

    cr_assert_eq(descriptor_parse("x", "/\033[2J.plugin", true, "kind: a", 7, no_warning, NULL, &d), ENVOI_OK);
    cr_assert_str_eq(d->bad, "/?[2J.plugin:1: kind: `a` is neither transport nor auth");
    descriptor_free(d);
}

/* Whatever is cut off or exchanged, there is an answer. The sanitizers watch. */
Test(descriptor, every_prefix_and_every_octet)
{
    size_t len = slurp("good", "whole.plugin");

    for (size_t cut = 0; cut <= len; cut++)
        descriptor_free(parse(text, cut));
    for (size_t i = 0; i < len; i++) {
        static const char other[] = {'\0', '\n', ':', ';', '=', '[', ' ', '\xff', '#', '\r'};
        char old = text[i];

        for (size_t k = 0; k < sizeof other; k++) {
            struct descriptor *d;
            char said[512] = "";

            text[i] = other[k];
            cr_assert_eq(descriptor_parse("x", "/x", true, text, len, keep_warning, said, &d), ENVOI_OK);
            descriptor_free(d);
        }
        text[i] = old;
    }
}

Test(descriptor, names_of_files)
{
    char id[DESCRIPTOR_ID_MAX + 1], longest[DESCRIPTOR_ID_MAX + 16];
    static const char *const bad[] = {".plugin", "a.b.plugin", "A.plugin",        "a.plugins", "plugin",
                                      "a",       "a/b.plugin", "\xc3\xa4.plugin", " a.plugin", "a.plugin "};

    cr_assert(descriptor_id("cram-md5.plugin", id));
    cr_assert_str_eq(id, "cram_md5");
    cr_assert(descriptor_id("_9.plugin", id));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(descriptor_id(bad[i], id), "%s", bad[i]);
    memset(longest, 'a', sizeof longest);
    memcpy(longest + DESCRIPTOR_ID_MAX, ".plugin", 8);
    cr_assert(descriptor_id(longest, id));
    cr_assert_eq(strlen(id), DESCRIPTOR_ID_MAX);
    memcpy(longest + DESCRIPTOR_ID_MAX + 1, ".plugin", 8);
    longest[DESCRIPTOR_ID_MAX] = 'a';
    cr_assert_not(descriptor_id(longest, id));
}

Test(descriptor, utf8)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2\x61",
                                      "\xe0\x9f\xbf",
                                      "\xe2\x82",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff"};

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        cr_assert(utf8_is_valid(good[i], strlen(good[i])), "good %zu", i);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert_not(utf8_is_valid(bad[i], strlen(bad[i])), "bad %zu", i);
    cr_assert(utf8_is_valid("\0", 1));
}
