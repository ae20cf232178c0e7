/* SPDX-License-Identifier: MIT */
#include "program.h"

#include "accounts/exit_code.h"
#include "fault.h"
#include "portable/self.h"
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
    const char *name;
    const char *operand;
    const char *help;
} programs[] = {
    {"configure", " ADDRESS", "find the server of an address, and make an account of it"},
};
#define PROGRAMS (sizeof programs / sizeof *programs)

int program_exists(const char *name)
{
    for (size_t i = 0; i < PROGRAMS; i++)
        if (!strcmp(name, programs[i].name))
            return 1;
    return 0;
}

void program_print(void)
{
    for (size_t i = 0; i < PROGRAMS; i++)
        printf("  %-9s%-10s %s\n", programs[i].name, programs[i].operand, programs[i].help);
}

int program_run(const struct options *options)
{
    static char path[PATH_MAX + 64];
    char **argv = calloc((size_t)options->operand_count + 8, sizeof *argv);
    char *slash = self_path(path, PATH_MAX) ? strrchr(path, '/') : NULL;
    char plugins_d[] = "--plugins-d", module_dir[] = "--module-dir", help[] = "--help";
    size_t count = 1;

    if (!argv) {
        complain("out of memory");
        return EXIT_LOCAL;
    }
    if (slash)
        snprintf(slash, 64, "/envoi-%s", options->operands[0]);
    else
        snprintf(path, sizeof path, ENVOI_BIN_DIR "/envoi-%s", options->operands[0]);
    argv[0] = path;
    if (options->plugins_d) {
        argv[count++] = plugins_d;
        argv[count++] = (char *)(uintptr_t)options->plugins_d;
    }
    if (options->module_dir) {
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
