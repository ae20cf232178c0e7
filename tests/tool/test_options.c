/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <string.h>

/* Parses words with blanks between them. They are kept until the next call, as argv is for the life of a program. */
static int parse(struct options *options, enum command command, const char *line)
{
    static char words[512];
    static char *argv[40];
    int argc = 0;
    cr_assert_lt(strlen(line), sizeof words);
    snprintf(words, sizeof words, "%s", line);
    char *rest = words;
    argv[argc++] = words + sizeof words - 1;
    for (char *word; (word = strsep(&rest, " "));)
        argv[argc++] = word;
    argv[argc] = NULL;
    *options = (struct options){0};
    return options_parse(options, command, argc, argv);
}

Test(options, values, .timeout = 10)
{
    struct options o;
    cr_assert_eq(parse(&o, COMMAND_SEND,
                       "--host h letter --to=a@b --to c@d -t --timeout 30 --tls implicit --trace --trace --port=25"),
                 0);
    cr_assert_str_eq(values_text(&o.values, KEY_HOST), "h");
    cr_assert_str_eq(values_text(&o.values, KEY_PORT), "25");
    cr_assert_eq(o.to.count, 2);
    cr_assert_str_eq(o.to.items[0], "a@b");
    cr_assert_str_eq(o.to.items[1], "c@d");
    cr_assert_eq(o.read_recipients, 1);
    cr_assert_eq(vocabulary_milliseconds(values_text(&o.values, KEY_TIMEOUT)), 30000);
    cr_assert_eq(vocabulary_tls(values_text(&o.values, KEY_TLS)), ENVOI_TLS_IMPLICIT);
    cr_assert_eq(o.trace, 2);
    cr_assert_eq(o.operand_count, 1);
    cr_assert_str_eq(o.operands[0], "letter");
    options_free(&o);
}

Test(options, common_ones_end_at_the_command, .timeout = 10)
{
    struct options o;
    cr_assert_eq(parse(&o, COMMAND_NONE, "--plugins-d /d send --module-dir /m"), 0);
    cr_assert_str_eq(o.plugins_d, "/d");
    cr_assert_null(o.module_dir);
    cr_assert_eq(o.operand_count, 3);
    cr_assert_str_eq(o.operands[0], "send");
}

Test(options, wrong_ones, .timeout = 10)
{
    struct options o;
    cr_assert_eq(parse(&o, COMMAND_SEND, "--nonsense"), 64);
    cr_assert_eq(parse(&o, COMMAND_SEND, "-x"), 64);
    cr_assert_eq(parse(&o, COMMAND_SEND, "--host"), 64);
    cr_assert_eq(parse(&o, COMMAND_SEND, "--json=1"), 64);
    cr_assert_eq(parse(&o, COMMAND_SEND, "--tls maybe"), 64);
    cr_assert_eq(parse(&o, COMMAND_SEND, "--timeout 0"), 64);
    cr_assert_eq(parse(&o, COMMAND_SEND, "--timeout 1.5"), 64);
    cr_assert_eq(parse(&o, COMMAND_SEND, "--port 65536"), 64);
    cr_assert_eq(parse(&o, COMMAND_SEND, "--port smtp"), 64);
    cr_assert_eq(parse(&o, COMMAND_PLUGINS, "--host h"), 64);
    cr_assert_eq(parse(&o, COMMAND_PROBE, "--hold-for 1"), 64);
}

/* faults: 80 */
Test(options, no_secret_on_the_command_line, .timeout = 10)
{
    struct options o;
    cr_assert_eq(parse(&o, COMMAND_SEND, "--password secret"), 64);
    cr_assert_eq(parse(&o, COMMAND_SEND, "--password=secret"), 64);
    cr_assert_eq(parse(&o, COMMAND_SEND, "--pass=secret"), 64);
    cr_assert_eq(parse(&o, COMMAND_PROBE, "--passphrase=secret"), 64);
    cr_assert_eq(parse(&o, COMMAND_SEND, "--token secret"), 64);
    cr_assert_eq(parse(&o, COMMAND_SEND, "--tok=secret"), 64);
}

Test(options, help_shows_those_of_the_command, .timeout = 10)
{
    char *text = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&text, &len);
    options_print(COMMAND_PLUGINS, file);
    fclose(file);
    cr_assert(strstr(text, "--why"));
    cr_assert(strstr(text, "-h, --help"));
    cr_assert_not(strstr(text, "--host"));
    free(text);
}

/* Every key of an account is an option, but those that belong to the file and to sendmail's face; and the other way round
 * a key has the name of its option. */
Test(options, keys_are_options, .timeout = 10)
{
    for (enum key key = 0; key < KEY_COUNT; key++) {
        const struct word *word = vocabulary_word(key);
        int option = word->group & (GROUP_CONNECTION | GROUP_LOGIN | GROUP_ENVELOPE);
        const char *value = word->kind == KIND_TLS ? "off" : "1";
        char line[64];
        struct options o;
        snprintf(line, sizeof line, "--%s%s%s", word->name, word->argument ? " " : "", word->argument ? value : "");
        cr_expect_eq(parse(&o, COMMAND_SEND, line), option ? 0 : 64, "%s", line);
        if (option)
            cr_expect_str_eq(values_text(&o.values, key), word->argument ? value : "yes", "%s", line);
        options_free(&o);
    }
}

/* The last one counts, but of the lists, which grow. */
Test(options, given_twice, .timeout = 10)
{
    struct options o;
    cr_assert_eq(parse(&o, COMMAND_SEND, "--user a --user b --from x --from y --pin 1 --pin 2 --host h --host i -C f"),
                 0);
    cr_assert_str_eq(values_text(&o.values, KEY_USER), "b");
    cr_assert_str_eq(values_text(&o.values, KEY_FROM), "y");
    cr_assert_eq(values_count(&o.values, KEY_FROM), 1);
    cr_assert_eq(values_count(&o.values, KEY_PIN), 2);
    cr_assert_eq(values_count(&o.values, KEY_HOST), 2);
    cr_assert_str_eq(o.accounts_file, "f");
    options_free(&o);
    cr_assert_eq(parse(&o, COMMAND_PROBE, "-C"), 64);
    options_free(&o);
}
