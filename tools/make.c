/* SPDX-License-Identifier: MIT */
#include "make.h"

#include "accounts/exit_code.h"
#include "program.h"
#include <envoi/error.h>
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM "compose"

extern char **environ;

int make_is_wanted(const struct options *options)
{
    return options->subject || options->body || options->attach.count;
}

int make_file(int *out, struct fault *fault)
{
    FILE *file = tmpfile();

    *out = file ? fcntl(fileno(file), F_DUPFD_CLOEXEC, STDERR_FILENO + 1) : -1;
    if (*out < 0)
        fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "cannot make a temporary file: %s", strerror(errno));
    if (file)
        fclose(file);
    return fault->exit;
}

/* Its complaints are on standard error already. */
static int make_judge(int status, struct fault *fault)
{
    if (WIFEXITED(status) && !WEXITSTATUS(status))
        return 0;
    return fault_set(fault, WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_LOCAL, ENVOI_E_CONTENT,
                     "the message cannot be made: see above");
}

/* Runs the program, which writes into a new file; with `in` >= 0 that is its standard input. */
static int make_run(char *const *argv, int in, int *out, struct fault *fault)
{
    posix_spawn_file_actions_t actions;
    int error, status = -1;
    pid_t pid;

    if (make_file(out, fault))
        return fault->exit;
    if ((error = posix_spawn_file_actions_init(&actions)))
        return fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "%s", strerror(error));
    error = posix_spawn_file_actions_adddup2(&actions, *out, STDOUT_FILENO);
    if (!error && in >= 0)
        error = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (!error)
        error = posix_spawn(&pid, argv[0], &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error)
        return fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM,
                         "cannot run '%s', which makes messages (package envoi-compose): %s", argv[0], strerror(error));
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (!make_judge(status, fault) && lseek(*out, 0, SEEK_SET) < 0)
        fault_set(fault, EXIT_LOCAL, ENVOI_E_SYSTEM, "%s", strerror(errno));
    return fault->exit;
}

/* The program takes them for what they are: texts. */
static char *plain(const char *text)
{
    return (char *)(uintptr_t)text;
}

int make_message(const struct options *options, const char *from, int *out, struct fault *fault)
{
    static char path[PROGRAM_PATH_MAX];
    char from_option[] = "--from", to_option[] = "--to", subject_option[] = "--subject", body_option[] = "--body";
    char attach_option[] = "--attach", end[] = "--";
    const struct {
        char *option;
        const char *value;
    } texts[] = {{from_option, from}, {subject_option, options->subject}, {body_option, options->body}};
    const struct {
        char *option;
        const struct list *list;
    } lists[] = {{to_option, &options->to}, {attach_option, &options->attach}};
    char **argv = calloc(2 * (options->to.count + options->attach.count) + 12, sizeof *argv);
    size_t count = 0;
    int rc;

    *out = -1;
    if (!argv)
        return fault_memory(fault);
    program_path(PROGRAM, path);
    argv[count++] = path;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].value) {
            argv[count++] = texts[i].option;
            argv[count++] = plain(texts[i].value);
        }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (size_t j = 0; j < lists[i].list->count; j++) {
            argv[count++] = lists[i].option;
            argv[count++] = plain(lists[i].list->items[j]);
        }
    argv[count++] = end;
    if (options->operand_count)
        argv[count++] = options->operands[0];
    rc = make_run(argv, -1, out, fault);
    free(argv);
    return rc;
}

int make_7bit(int in, int *out, struct fault *fault)
{
    static char path[PROGRAM_PATH_MAX];
    char downgrade[] = "--downgrade";
    char *argv[] = {path, downgrade, NULL};

    *out = -1;
    program_path(PROGRAM, path);
    return make_run(argv, in, out, fault);
}
