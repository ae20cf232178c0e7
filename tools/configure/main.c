/* SPDX-License-Identifier: MIT */
#include "accounts/exit_code.h"
#include "accounts/secret.h"
#include "configure/configure.h"
#include "fault.h"

#include <envoi/envoi.h>
#include <signal.h>

static int main_check(const struct arguments *a)
{
    const struct {
        int wrong;
        const char *text;
    } checks[] = {
        {!a->operand && !a->import, "the address is missing: 'envoi configure ADDRESS'"},
        {a->import && a->autoconfig, "--import and --autoconfig exclude one another"},
        {a->import && a->test, "--import and --test exclude one another; 'envoi send' sends"},
        {a->import && a->given.count, "--import takes no settings of an account"},
        {a->autoconfig && values_find(&a->given, KEY_HOST), "--autoconfig and --host exclude one another"},
        {a->dry_run && a->test, "--dry-run and --test exclude one another"},
    };

    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].wrong) {
            complain("%s; see 'envoi configure --help'", checks[i].text);
            return EXIT_USAGE;
        }
    return 0;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    int rc;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that gets too large is a failure of write(2) */
    secret_forbid_core_dump();
    rc = arguments_parse(&arguments, argc, argv);
    if (!rc && arguments.version)
        printf("envoi %s\n", envoi_version());
    else if (!rc && arguments.help)
        arguments_print_help(stdout);
    else if (!rc && !(rc = main_check(&arguments)))
        rc = arguments.import ? configure_import(&arguments) : configure_address(&arguments);
    arguments_free(&arguments);
    if (fflush(stdout) && !rc) {
        complain("cannot write to standard output");
        rc = EXIT_LOCAL;
    }
    return rc;
}
