/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "../support/bytes.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int files_is_dialogue(const char *path)
{
    static const char suffix[] = ".dialogue";
    size_t len = strlen(path), end = sizeof suffix - 1;

    return len > end && strcmp(path + len - end, suffix) == 0;
}

/* Not by fts(3): musl has none, and that of glibc finds nothing on i386 where a file system has offsets of 64 bits. */
static struct files_name *files_add(struct files_name *names, size_t *count, const char *path)
{
    char below[sizeof names->path];
    struct dirent **entries;
    int n = scandir(path, &entries, NULL, alphasort); /* a file: -1 */

    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            (void)snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
            names = files_add(names, count, below);
        }
        free(entries[i]);
    }
    if (n >= 0) {
        free(entries);
    } else if (files_is_dialogue(path)) {
        names = bytes_grow(names, *count, sizeof *names);
        (void)snprintf(names[(*count)++].path, sizeof names->path, "%s", path);
    }
    return names;
}

struct files_name *files_list(size_t *count)
{
    const char *named = getenv("ENVOI_DIALOGUES"), *root = named ? named : DIALOGUE_CASES;
    struct files_name *names;

    *count = 0;
    names = files_add(NULL, count, root);
    if (!*count) {
        fprintf(stderr, "no *.dialogue below %s\n", root);
        exit(1);
    }
    return names;
}
