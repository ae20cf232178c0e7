/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <criterion/alloc.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

struct files_name *files_find(size_t *count)
{
    struct files_name *names = files_list(count);
    struct files_name *shared = cr_malloc(*count * sizeof *shared);

    if (!shared)
        abort();
    memcpy(shared, names, *count * sizeof *shared);
    free(names);
    return shared;
}

void files_release(struct criterion_test_params *params)
{
    cr_free(params->params);
}
