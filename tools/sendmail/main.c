/* SPDX-License-Identifier: MIT */
/* envoi-sendmail: what programs call as /usr/sbin/sendmail, mailq and newaliases. */
#include "accounts/exit_code.h"
#include "accounts/secret.h"
#include "fault.h"
#include "sendmail/arguments.h"
#include "sendmail/dialogue.h"
#include "sendmail/submit.h"

#include <envoi/envoi.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* A caller may have closed them, and then a socket would be taken for standard error. The first cannot be read. */
static void open_standard_descriptors(void)
{
    for (int fd = 0; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDWR : O_WRONLY) != fd)
            _exit(EXIT_LOCAL);
}

static int send_mail(const struct arguments *arguments)
{
    struct source source;

    source_of_input(&source, arguments->ignore_dots);
    return submit_mail(arguments, &source, NULL, NULL);
}

static int list_queue(const struct arguments *arguments)
{
    (void)arguments;
    puts("Mail queue is empty");
    return 0;
}

static int do_nothing(const struct arguments *arguments)
{
    (void)arguments;
    return 0;
}

static int main_help(const struct arguments *arguments)
{
    (void)arguments;
    arguments_print_help();
    return 0;
}

static int main_version(const struct arguments *arguments)
{
    (void)arguments;
    printf(SENDMAIL " %s\n", envoi_version());
    return 0;
}

static int (*const modes[])(const struct arguments *arguments) = {
    [MODE_SEND] = send_mail,     [MODE_DIALOGUE] = dialogue_run, [MODE_LIST] = list_queue,
    [MODE_NOTHING] = do_nothing, [MODE_HELP] = main_help,        [MODE_VERSION] = main_version,
};

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct fault fault = {0};
    int exit;

    open_standard_descriptors();
    signal(SIGPIPE, SIG_IGN);
    /* A temporary file that may not grow is an error with a text. */
    signal(SIGXFSZ, SIG_IGN);
    /* It may have been ignored by who started this, and then nobody learns how a command for a secret ended. */
    signal(SIGCHLD, SIG_DFL);
    secret_forbid_core_dump();
    complain_as(SENDMAIL);
    exit = arguments_parse(&arguments, argc, argv, &fault);
    if (exit)
        complain("%s", fault.text);
    else
        exit = modes[arguments.mode](&arguments);
    fflush(stdout);
    return exit;
}
