/* SPDX-License-Identifier: MIT */
/* Finds the dialogues. */
#ifndef DIALOGUE_FILES_H
#define DIALOGUE_FILES_H

#include <stddef.h>

struct criterion_test_params;

/* A flat struct: Criterion hands it to another process. */
struct files_name {
    char path[512];
};

/* In the memory that Criterion shares with its workers, sorted; ENVOI_DIALOGUES (a file or a directory) or the cases of
 * this tree. Ends the process if there is none. */
struct files_name *files_find(size_t *count);
void files_release(struct criterion_test_params *params);
/* The same in plain memory, to be freed by free(3). */
struct files_name *files_list(size_t *count);

#endif
