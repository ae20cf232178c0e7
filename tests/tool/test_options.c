/* SPDX-License-Identifier: MIT */
#include "connection.h"
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
    cr_assert_str_eq(o.host, "h");
    cr_assert_str_eq(o.port, "25");
    cr_assert_eq(o.to.count, 2);
    cr_assert_str_eq(o.to.items[0], "a@b");
    cr_assert_str_eq(o.to.items[1], "c@d");
    cr_assert_eq(o.read_recipients, 1);
    cr_assert_eq(o.timeout, 30000);
    cr_assert_eq(o.tls, ENVOI_TLS_IMPLICIT);
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
    cr_assert_eq(parse(&o, COMMAND_PROBE, "--user u"), 64);
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

Test(server, host_and_port, .timeout = 10)
{
    static const struct {
        const char *host, *port;
        int lmtp, tls;
        const char *server; /* NULL: refused */
    } cases[] = {
        {"mail.example.org", NULL, 0, ENVOI_TLS_DEFAULT, "mail.example.org:587"},
        {"mail.example.org", NULL, 0, ENVOI_TLS_IMPLICIT, "mail.example.org:465"},
        {"mail.example.org", NULL, 1, ENVOI_TLS_OFF, "mail.example.org:24"},
        {"mail.example.org", "25", 0, ENVOI_TLS_DEFAULT, "mail.example.org:25"},
        {"mail.example.org:26", NULL, 0, ENVOI_TLS_DEFAULT, "mail.example.org:26"},
        {"mail.example.org:26", "25", 0, ENVOI_TLS_DEFAULT, NULL},
        {"::1", NULL, 0, ENVOI_TLS_DEFAULT, "[::1]:587"},
        {"::1", "25", 0, ENVOI_TLS_DEFAULT, "[::1]:25"},
        {"[::1]", "25", 0, ENVOI_TLS_DEFAULT, "[::1]:25"},
        {"[::1]:26", NULL, 0, ENVOI_TLS_DEFAULT, "[::1]:26"},
        {"[::1]:26", "25", 0, ENVOI_TLS_DEFAULT, NULL},
        {"/run/lmtp", NULL, 1, ENVOI_TLS_DEFAULT, "/run/lmtp"},
        {"/run/lmtp", "24", 1, ENVOI_TLS_DEFAULT, NULL},
        {"", NULL, 0, ENVOI_TLS_DEFAULT, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct options o = {.port = cases[i].port, .lmtp = cases[i].lmtp, .tls = cases[i].tls};
        struct fault fault = {0};
        char server[SERVER_MAX] = "";
        int rc = connection_server(&o, cases[i].host, server, &fault);
        cr_assert_eq(rc, cases[i].server ? 0 : 64, "%s", cases[i].host);
        cr_assert_eq(fault.exit, rc);
        if (cases[i].server)
            cr_assert_str_eq(server, cases[i].server);
    }
}

Test(server, too_long, .timeout = 10)
{
    struct options o = {0};
    struct fault fault = {0};
    char host[2 * SERVER_MAX], server[SERVER_MAX];
    memset(host, 'a', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    cr_assert_eq(connection_server(&o, host, server, &fault), 64);
}
