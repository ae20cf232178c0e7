/* SPDX-License-Identifier: MIT */
/* Settings of other programs. Input: an octet for the program, then the text. */
#include "configure/import.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "configure/stanza.h"

#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

/* Notes: a line for each, and nothing that a terminal would obey. */
static void check_notes(const char *notes)
{
    for (; *notes; notes++)
        FUZZ_CHECK(*notes == '\n' || fuzz_is_printable((const char[]){*notes, '\0'}), "a note with octet %02x",
                   (unsigned char)*notes);
}

/* Each account can stand in accounts.conf, which says then just that. */
static void check_accounts(const struct imported *imported)
{
    struct stanza_file file = {.path = "accounts.conf", .after = strdup("")};

    for (size_t i = 0; i < imported->count; i++) {
        const struct import_account *a = &imported->list[i];
        struct fault fault = {0};
        char *from = NULL;

        FUZZ_CHECK(*a->name && !strpbrk(a->name, "/[] \t\r\n") && *a->name != '.', "the name \"%s\"", a->name);
        FUZZ_CHECK(!stanza_file_find(&file, a->name, &from), "there are two accounts %s", a->name);
        FUZZ_CHECK(!stanza_file_put(&file, a->name, &a->values, i == 0, &fault), "%s", fault.text);
        FUZZ_CHECK(stanza_file_find(&file, a->name, &from), "%s is not in the file", a->name);
        free(from);
    }
    stanza_file_free(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct import_dialect *const dialects[] = {&import_msmtp, &import_ssmtp, &import_esmtp, &import_git};
    static struct imported imported;
    struct fuzz_input in = {data, size};
    const struct import_dialect *dialect = dialects[fuzz_octet(&in) % 4];
    struct fault fault = {0};
    char *text = fuzz_copy(in.data, in.len), *notes = NULL;
    size_t len;
    FILE *out = open_memstream(&notes, &len);
    int rc;

    FUZZ_CHECK(out, "out of memory");
    rc = import_text(dialect, "old", text, in.len, out, &imported, &fault);
    fclose(out);
    FUZZ_CHECK(rc ? rc == EXIT_CONFIG && *fault.text : imported.count > 0, "the result %d", rc);
    check_notes(notes);
    check_accounts(&imported);
    import_free(&imported);
    free(notes);
    fuzz_free(text);
    return 0;
}
