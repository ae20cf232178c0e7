/* SPDX-License-Identifier: MIT */
/* Runs a target over its seeds without libFuzzer, so that any compiler does: every file of the folders, whole, and cut
 * off at some places. A seed that fails aborts, as it would under libFuzzer. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CUTS 8

static size_t runs, files;

static void run(const uint8_t *data, size_t len)
{
    uint8_t *copy = fuzz_copy(data, len);

    (void)LLVMFuzzerTestOneInput(copy, len);
    fuzz_free(copy);
    runs++;
}

static int run_file(const char *path)
{
    uint8_t block[4096];
    struct fuzz_bytes seed = {0};
    FILE *file = fopen(path, "rb");
    size_t n;

    if (!file) {
        perror(path);
        return 1;
    }
    while ((n = fread(block, 1, sizeof block, file)) > 0)
        fuzz_add(&seed, block, n);
    fclose(file);
    if (getenv("FUZZ_NAMES")) /* to find the one that crashes */
        fprintf(stderr, "%s\n", path);
    for (size_t i = 0; i <= CUTS; i++)
        run(seed.data, seed.len * i / CUTS);
    fuzz_bytes_free(&seed);
    files++;
    return 0;
}

static int run_folder(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort), failed = 0;

    if (count < 0) {
        perror(path);
        return 1;
    }
    for (int i = 0; i < count; i++) {
        char name[4096];
        struct stat status;

        if (snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name) < (int)sizeof name &&
            stat(name, &status) == 0 && S_ISREG(status.st_mode))
            failed |= run_file(name);
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++) {
        struct stat status;

        if (stat(argv[i], &status) == 0 && S_ISDIR(status.st_mode))
            failed |= run_folder(argv[i]);
        else
            failed |= run_file(argv[i]);
    }
    printf("%zu seeds, %zu runs\n", files, runs);
    return failed || !files;
}
