/* SPDX-License-Identifier: MIT */
#include "accounts/exit_code.h"
#include "commands.h"
#include "connection.h"
#include "fault.h"
#include "json.h"
#include "report.h"
#include "text.h"
#include <envoi/envoi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The keys of a descriptor in the order of --why. */
static const char *const keys[] = {
    "id", "kind", "provides", "module", "abi", "enabled", "priority", "critical", "require-tls", "prefer", "state",
};
#define KEYS (sizeof keys / sizeof *keys)

/* The columns of the table. */
static const char *const shown[] = {"id", "kind", "provides", "state", "priority"};
#define SHOWN (sizeof shown / sizeof *shown)

/* {"id": {"value", "source"}, ...} */
static json_t *plugin_json(struct envoi_library *library, size_t index)
{
    json_t *plugin = json_object();

    for (size_t k = 0; k < KEYS; k++) {
        const char *value = envoi_library_plugin_value(library, index, keys[k]);
        json_t *pair;

        if (!value)
            continue;
        pair = json_object();
        json_object_set_new(pair, "value", text_json(value));
        json_object_set_new(pair, "source", text_json(envoi_library_plugin_source(library, index, keys[k])));
        json_object_set_new(plugin, keys[k], pair);
    }
    return plugin;
}

/* Is it one of the operands? No operand: all are. */
static int is_wanted(const struct options *options, const char *id)
{
    for (int i = 0; i < options->operand_count; i++)
        if (!strcmp(options->operands[i], id))
            return 1;
    return !options->operand_count;
}

static json_t *collect(const struct options *options, struct envoi_library *library)
{
    json_t *all = json_object();
    json_t *plugins = json_array();
    json_t *warnings = json_array();
    size_t count = envoi_library_plugins(library);

    for (size_t i = 0; i < count; i++) {
        if (!is_wanted(options, envoi_library_plugin_value(library, i, "id")))
            continue;
        envoi_library_check_plugin(library, i, options->check > 0);
        json_array_append_new(plugins, plugin_json(library, i));
    }
    count = envoi_library_warnings(library);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(warnings, text_json(envoi_library_warning(library, i)));
    json_object_set_new(all, "plugins", plugins);
    json_object_set_new(all, "warnings", warnings);
    return all;
}

static const char *plugin_value(const json_t *plugin, const char *key, const char *part)
{
    return report_text(json_object_get(plugin, key), part);
}

static int print_table(const json_t *plugins)
{
    const char *const head[TABLE_COLUMNS] = {"ID", "KIND", "PROVIDES", "STATE", "PRIORITY"};
    struct table table = {.columns = SHOWN};
    int rc = table_add(&table, head);

    for (size_t i = 0; !rc && i < json_array_size(plugins); i++) {
        const char *cells[TABLE_COLUMNS];

        for (size_t c = 0; c < SHOWN; c++)
            cells[c] = plugin_value(json_array_get(plugins, i), shown[c], "value");
        rc = table_add(&table, cells);
    }
    if (!rc)
        table_print(&table, 0, stdout);
    table_free(&table);
    return rc;
}

/* Prints each plugin with all its values and their sources. */
static int print_why(const json_t *plugins)
{
    int rc = 0;

    for (size_t i = 0; !rc && i < json_array_size(plugins); i++) {
        const json_t *plugin = json_array_get(plugins, i);
        struct table table = {.columns = 3};

        for (size_t k = 1; !rc && k < KEYS; k++) {
            const char *cells[TABLE_COLUMNS] = {keys[k], plugin_value(plugin, keys[k], "value"),
                                                plugin_value(plugin, keys[k], "source")};

            if (json_object_get(plugin, keys[k]))
                rc = table_add(&table, cells);
        }
        printf("%s%s\n", i ? "\n" : "", plugin_value(plugin, "id", "value"));
        table_print(&table, 2, stdout);
        table_free(&table);
    }
    return rc;
}

/* A format for scripts: docs/policy.md says that it stays. */
static int print_dump(const json_t *plugins)
{
    for (size_t i = 0; i < json_array_size(plugins); i++) {
        const json_t *plugin = json_array_get(plugins, i);
        const char *id = plugin_value(plugin, "id", "value");

        for (size_t k = 1; k < KEYS; k++) {
            char *value = text_clean(plugin_value(plugin, keys[k], "value"), ' ');
            char *source = text_clean(plugin_value(plugin, keys[k], "source"), ' ');
            int printed = value && source;

            if (printed && json_object_get(plugin, keys[k]))
                printf("%s.%s=%s\n%s.%s.source=%s\n", id, keys[k], value, id, keys[k], source);
            free(value);
            free(source);
            if (!printed)
                return -1;
        }
    }
    return 0;
}

/* The ways to print the list, the first that is asked for. */
static int print_plugins(const struct options *options, const json_t *plugins)
{
    if (options->dump)
        return print_dump(plugins);
    return options->why ? print_why(plugins) : print_table(plugins);
}

static void print_warnings(const json_t *warnings)
{
    for (size_t i = 0; i < json_array_size(warnings); i++)
        complain("warning: %s", json_string_value(json_array_get(warnings, i)));
}

/* Does the plugin do what it was asked for? A plugin that is named has to be usable; with --check all have to that
 * are neither disabled nor absent. */
static int is_good(const struct options *options, const json_t *plugin)
{
    const char *state = plugin_value(plugin, "state", "value");

    if (!strcmp(state, "unusable"))
        return !options->operand_count && !options->check;
    return !options->operand_count || !strcmp(state, "available") || !strcmp(state, "loaded");
}

static const json_t *find_plugin(const json_t *plugins, const char *id)
{
    for (size_t i = 0; i < json_array_size(plugins); i++)
        if (!strcmp(plugin_value(json_array_get(plugins, i), "id", "value"), id))
            return json_array_get(plugins, i);
    return NULL;
}

/* Tells which plugins are not good. Returns 0 or EXIT_CONFIG. */
static int judge(const struct options *options, const json_t *plugins)
{
    int rc = 0;

    for (size_t i = 0; i < json_array_size(plugins); i++) {
        const json_t *plugin = json_array_get(plugins, i);

        if (is_good(options, plugin))
            continue;
        complain("the plugin %s is %s: %s", plugin_value(plugin, "id", "value"), plugin_value(plugin, "state", "value"),
                 plugin_value(plugin, "state", "source"));
        rc = EXIT_CONFIG;
    }
    for (int i = 0; i < options->operand_count; i++)
        if (!find_plugin(plugins, options->operands[i])) {
            complain("there is no plugin '%s'; 'envoi plugins' shows which there are", options->operands[i]);
            rc = EXIT_CONFIG;
        }
    return rc;
}

static int plugins_print(const struct options *options, struct envoi_library *library)
{
    json_t *all = collect(options, library);
    const json_t *plugins = json_object_get(all, "plugins");
    int rc = judge(options, plugins);

    if (options->json) {
        report_dump(all, stdout);
        return rc;
    }
    if (!all || print_plugins(options, plugins) < 0) {
        complain("out of memory");
        rc = EXIT_LOCAL;
    }
    fflush(stdout);
    if (!json_array_size(plugins) && !options->operand_count && !json_array_size(json_object_get(all, "warnings")))
        complain("no plugins are described; --plugins-d names a directory of descriptors");
    print_warnings(json_object_get(all, "warnings"));
    json_decref(all);
    return rc;
}

int plugins_command(const struct options *options)
{
    struct envoi_library *library = NULL;
    struct fault fault = {0};
    int rc;

    if (options->dump && (options->json || options->why)) {
        complain("--dump, --json and --why are different forms of the list: use one of them");
        return EXIT_USAGE;
    }
    /* No log: its messages are among the warnings that plugins_print() shows. */
    rc = connection_library(options, &options->values, 0, &library, &fault);
    if (rc)
        fault_print(&fault, NULL);
    else
        rc = plugins_print(options, library);
    envoi_library_free(library);
    return rc;
}
