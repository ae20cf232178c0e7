/* SPDX-License-Identifier: MIT */
#include "programs.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/envoi-test-XXXXXX";

const char *programs_begin(int others)
{
    char path[4096];
    cr_assert(mkdtemp(folder));
    snprintf(path, sizeof path, "%s%s%s", folder, others ? ":" : "", others ? getenv("PATH") : "");
    setenv("PATH", path, 1);
    setenv("HOME", folder, 1);
    unsetenv("XDG_CONFIG_HOME");
    return folder;
}

void programs_end(void)
{
    char command[64];
    snprintf(command, sizeof command, "exec /bin/rm -rf '%s'", folder);
    cr_assert_eq(system(command), 0);
}

const char *programs_file(const char *name)
{
    static char paths[8][256];
    static size_t turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void programs_write(const char *name, const char *text, unsigned mode)
{
    const char *path = programs_file(name);
    FILE *file = fopen(path, "w");
    cr_assert(file, "%s", path);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, mode), 0);
}

void programs_add(const char *name, const char *script)
{
    char text[2048];
    snprintf(text, sizeof text, "#!/bin/sh\ncd '%s'\n%s\n", folder, script);
    programs_write(name, text, 0700);
}

const char *programs_read(const char *name)
{
    static char text[8192];
    int fd = open(programs_file(name), O_RDONLY);
    ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    cr_assert_geq(n, 0);
    text[n] = '\0';
    return text;
}

int secret_is_wiped(const struct secret *secret)
{
    for (size_t i = 0; i < sizeof secret->text; i++)
        if (secret->text[i])
            return 0;
    return secret->len == 0;
}
