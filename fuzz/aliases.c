/* SPDX-License-Identifier: MIT */
/* A file of aliases, as envoi-sendmail reads it. Input: the file. */
#include "sendmail/aliases.h"

#include "fuzz.h"

#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aliases aliases = {0};
    struct fault fault = {0};
    char *text = fuzz_copy(data, size);
    size_t octets = 0;

    FUZZ_CHECK(!aliases_parse(&aliases, text, size, &fault), "it is refused");
    for (size_t i = 0; i < aliases.count; i++) {
        const struct alias *found = aliases_find(&aliases, aliases.items[i].name);
        const char *at = aliases.items[i].values, *before = at;
        char value[24];

        octets += strlen(aliases.items[i].name) + strlen(aliases.items[i].values);
        FUZZ_CHECK(found && !strcasecmp(found->name, aliases.items[i].name), "%s is not found", aliases.items[i].name);
        FUZZ_CHECK(found <= &aliases.items[i], "a later one of the same name is found");
        while (alias_next(&at, value, sizeof value)) {
            FUZZ_CHECK(at > before, "no step forward");
            FUZZ_CHECK(strlen(value) < sizeof value, "it is not cut");
            before = at;
        }
    }
    FUZZ_CHECK(octets <= size, "%zu octets came out of %zu", octets, size);
    aliases_free(&aliases);
    fuzz_free(text);
    return 0;
}
