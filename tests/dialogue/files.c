/* SPDX-License-Identifier: MIT */
#include "files.h"

#include "../support/bytes.h"

#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int files_compare(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int files_is_dialogue(const FTSENT *entry)
{
    static const char suffix[] = ".dialogue";
    size_t len = entry->fts_namelen, end = sizeof suffix - 1;

    return entry->fts_info == FTS_F && len > end && strcmp(entry->fts_name + len - end, suffix) == 0;
}

struct files_name *files_list(size_t *count)
{
    const char *named = getenv("ENVOI_DIALOGUES");
    char *roots[] = {bytes_strndup(named ? named : DIALOGUE_CASES, strlen(named ? named : DIALOGUE_CASES)), NULL};
    struct files_name *names = NULL;
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, files_compare);
    FTSENT *entry;

    *count = 0;
    while (tree && (entry = fts_read(tree)) != NULL) {
        if (!files_is_dialogue(entry))
            continue;
        names = bytes_grow(names, *count, sizeof *names);
        (void)snprintf(names[(*count)++].path, sizeof names->path, "%s", entry->fts_path);
    }
    if (tree)
        fts_close(tree);
    if (!*count) {
        fprintf(stderr, "no *.dialogue below %s\n", roots[0]);
        exit(1);
    }
    free(roots[0]);
    return names;
}
