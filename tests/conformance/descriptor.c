/* SPDX-License-Identifier: MIT */
#include "descriptor.h"

#include "check.h"
#include "guard.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool descriptor_is(const char *path)
{
    const char *end = strrchr(path, '.');

    return end && strcmp(end, ".plugin") == 0;
}

/* The value of `key`, without blanks around it; "" when there is none. The core reads descriptors more strictly;
 * `envoi plugins --check` says what it finds. */
static void descriptor_value(const char *path, const char *key, char *out, size_t cap)
{
    FILE *file = fopen(path, "r");
    char line[256];

    out[0] = '\0';
    while (file && fgets(line, sizeof line, file)) {
        size_t len = strlen(key);
        char *value = line + len + 1;
        if (strncmp(line, key, len) != 0 || line[len] != ':')
            continue;
        value += strspn(value, " \t");
        value[strcspn(value, "\r\n")] = '\0';
        for (char *end = value + strlen(value); end > value && strchr(" \t", end[-1]);)
            *--end = '\0';
        snprintf(out, cap, "%s", value);
    }
    if (file)
        fclose(file);
}

const char *descriptor_module(const char *path, const char *dir)
{
    static char out[PATH_MAX];
    const char *slash = strrchr(path, '/');
    char name[200];

    descriptor_value(path, "module", name, sizeof name);
    if (!name[0]) {
        fprintf(stderr, "envoi-plugin-check: %s: it cannot be read, or has no line 'module: ...'\n", path);
        exit(66);
    }
    if (name[0] == '/')
        snprintf(out, sizeof out, "%s", name);
    else if (dir)
        snprintf(out, sizeof out, "%s/%s", dir, name);
    else
        snprintf(out, sizeof out, "%.*s/%s", slash ? (int)(slash - path) : 1, slash ? path : ".", name);
    if (access(out, R_OK) != 0 && name[0] != '/' && !dir)
        snprintf(out, sizeof out, "%s/%s", CHECK_PLUGIN_DIR, name);
    return out;
}

static bool offers(const char *name)
{
    for (size_t i = 0; i < check_subject->mechanisms; i++)
        if (strcmp(check_subject->mechanism[i].mech, name) == 0)
            return true;
    return false;
}

CHECK_CASE(plugin, the_descriptor_tells_the_truth, .kind = CHECK_PLUGIN, .seconds = 60,
           .promise = "kind, provides and abi of the descriptor fit the module")
{
    const char *path = check_options.descriptor;
    char value[256], *rest = value;

    if (!path)
        check_skip("a module was given, not a descriptor");
    descriptor_value(path, "kind", value, sizeof value);
    if (strcmp(value, "transport") == 0)
        check(check_subject->transport[0], "kind is transport, and the module has none");
    else if (strcmp(value, "auth") == 0)
        check(check_subject->mechanisms, "kind is auth, and the module has no mechanism");
    else
        check_fail("kind is '%s': it has to be transport or auth", value);
    descriptor_value(path, "abi", value, sizeof value);
    check(!value[0] || strtol(value, NULL, 10) == ENVOI_ABI_MAJOR, "abi is %s, and the module is for ABI %d", value,
          ENVOI_ABI_MAJOR);
    descriptor_value(path, "provides", value, sizeof value);
    check(value[0], "provides is missing");
    for (char *word; (word = strsep(&rest, " ,\t"));)
        if (*word && strcmp(word, "*") != 0 && strcmp(word, "tls") != 0)
            check(offers(word), "provides has %s, and mech_at() does not give it", word);
}

CHECK_CASE(plugin, the_entry_has_no_side_effects, .kind = CHECK_PLUGIN, .seconds = 60,
           .promise = "the entry may be called any number of times, and leaves nothing behind")
{
    size_t before;

    guard_load();
    before = guard_descriptors();
    for (int i = 0; i < 10; i++)
        guard_load();
    check_eq(guard_descriptors(), before);
}
