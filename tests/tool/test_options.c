/* SPDX-License-Identifier: MIT */
#include "connection.h"
#include "options.h"

#include <criterion/criterion.h>
#include <envoi/envoi.h>
#include <string.h>

#define PARSE(options, command, ...) parse(options, command, (char *[]){(char[]){"envoi"}, __VA_ARGS__, NULL})
/* getopt moves the words, so they must not be literals of a const array. */
#define W(text)                      ((char[]){text})

static int parse(struct options *options, enum command command, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    *options = (struct options){0};
    return options_parse(options, command, argc, argv);
}

Test(options, values, .timeout = 10)
{
    struct options o;
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("--host"), W("h"), W("letter"), W("--to=a@b"), W("--to"), W("c@d"), W("-t"),
                       W("--timeout"), W("30"), W("--tls"), W("implicit"), W("--trace"), W("--trace"), W("--port=25")),
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
    cr_assert_eq(PARSE(&o, COMMAND_NONE, W("--plugins-d"), W("/d"), W("send"), W("--module-dir"), W("/m")), 0);
    cr_assert_str_eq(o.plugins_d, "/d");
    cr_assert_null(o.module_dir);
    cr_assert_eq(o.operand_count, 3);
    cr_assert_str_eq(o.operands[0], "send");
}

Test(options, wrong_ones, .timeout = 10)
{
    struct options o;
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("--nonsense")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("-x")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("--host")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("--json=1")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("--tls"), W("maybe")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("--timeout"), W("0")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("--timeout"), W("1.5")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("--port"), W("65536")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("--port"), W("smtp")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_PLUGINS, W("--host"), W("h")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_PROBE, W("--user"), W("u")), 64);
}

Test(options, no_secret_on_the_command_line, .timeout = 10)
{
    struct options o;
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("--password"), W("secret")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("--password=secret")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_SEND, W("--pass=secret")), 64);
    cr_assert_eq(PARSE(&o, COMMAND_PROBE, W("--passphrase=secret")), 64);
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
