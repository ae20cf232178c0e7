/* SPDX-License-Identifier: MIT */
#include "program.h"

#include "accounts/exit_code.h"
#include "fault.h"
#include "portable/self.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    const char *operand;
    const char *help;
    int takes_plugins; /* 1: and so the options that say where they are */
} programs[] = {
    {"configure", " ADDRESS", "find the server of an address, and make an account of it", 1},
    {"compose", " [FILE]", "make a message of a text and files, and print it", 0},
};
#define PROGRAMS (sizeof programs / sizeof *programs)

/* Returns the row of a program; PROGRAMS: there is none. */
static size_t program_find(const char *name)
{
    size_t i = 0;

    while (i < PROGRAMS && strcmp(name, programs[i].name) != 0)
        i++;
    return i;
}

int program_exists(const char *name)
{
    return program_find(name) < PROGRAMS;
}

void program_print(void)
{
    for (size_t i = 0; i < PROGRAMS; i++)
        printf("  %-9s%-10s %s\n", programs[i].name, programs[i].operand, programs[i].help);
}

void program_path(const char *name, char path[PROGRAM_PATH_MAX])
{
    char *slash = self_path(path, PATH_MAX) ? strrchr(path, '/') : NULL;

    if (slash)
        snprintf(slash, 64, "/envoi-%s", name);
    else
        snprintf(path, PROGRAM_PATH_MAX, ENVOI_BIN_DIR "/envoi-%s", name);
}

int program_run(const struct options *options)
{
    static char path[PROGRAM_PATH_MAX];
    char **argv = calloc((size_t)options->operand_count + 8, sizeof *argv);
    char plugins_d[] = "--plugins-d", module_dir[] = "--module-dir", help[] = "--help";
    int plugins = programs[program_find(options->operands[0])].takes_plugins;
    size_t count = 1;

    if (!argv) {
        complain("out of memory");
        return EXIT_LOCAL;
    }
    program_path(options->operands[0], path);
    argv[0] = path;
    if (plugins && options->plugins_d) {
        argv[count++] = plugins_d;
        argv[count++] = (char *)(uintptr_t)options->plugins_d;
    }
    if (plugins && options->module_dir) {
        argv[count++] = module_dir;
        argv[count++] = (char *)(uintptr_t)options->module_dir;
    }
    if (options->help)
        argv[count++] = help;
    memcpy(argv + count, options->operands + 1, ((size_t)options->operand_count - 1) * sizeof *argv);
    execv(path, argv);
    complain("cannot run '%s': %s", path, strerror(errno));
    free(argv);
    return EXIT_LOCAL;
}
