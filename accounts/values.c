/* SPDX-License-Identifier: MIT */
#include "accounts/values.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"
#include "portable/environment.h"
#include "portable/memory.h"

#include <envoi/envoi.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void value_clear(struct value *value)
{
    free(value->text);
    free(value->place);
}

int values_add_copy(struct values *values, const struct value *value)
{
    struct value *items = memory_resize(values->items, values->count + 1, sizeof *items);
    struct value copy = *value;

    if (!items)
        return -1;
    values->items = items;
    copy.text = strdup(value->text);
    copy.place = strdup(value->place);
    if (!copy.text || !copy.place) {
        value_clear(&copy);
        return -1;
    }
    items[values->count++] = copy;
    return 0;
}

/* The two texts are copied, not changed. */
int values_add(struct values *values, enum key key, const char *text, const char *place)
{
    const struct value value = {.key = key, .text = (char *)(uintptr_t)text, .place = (char *)(uintptr_t)place};

    return values_add_copy(values, &value);
}

int values_add_parts(struct values *values, const struct value *value)
{
    enum kind kind = vocabulary_word(value->key)->kind;
    char *copy, *rest;
    int rc = 0;

    if (kind != KIND_LIST && kind != KIND_PATTERNS && kind != KIND_DURATIONS)
        return values_add_copy(values, value);
    if (!(rest = copy = strdup(value->text)))
        return -1;
    for (char *part; !rc && (part = strsep(&rest, ","));) {
        struct value one = *value;
        size_t len;

        one.text = part + strspn(part, " \t");
        len = strlen(one.text);
        while (len && strchr(" \t", one.text[len - 1]))
            one.text[--len] = '\0';
        rc = len ? values_add_copy(values, &one) : 0;
    }
    free(copy);
    return rc;
}

int values_set(struct values *values, enum key key, const char *text, const char *place)
{
    values_drop(values, key);
    return values_add(values, key, text, place);
}

void values_drop(struct values *values, enum key key)
{
    size_t kept = 0;

    for (size_t i = 0; i < values->count; i++)
        if (values->items[i].key == key)
            value_clear(&values->items[i]);
        else
            values->items[kept++] = values->items[i];
    values->count = kept;
}

void values_free(struct values *values)
{
    for (size_t i = 0; i < values->count; i++)
        value_clear(&values->items[i]);
    free(values->items);
    *values = (struct values){0};
}

/* The first value of a key from items[from] on. */
static const struct value *find_from(const struct values *values, enum key key, size_t from)
{
    for (size_t i = from; i < values->count; i++)
        if (values->items[i].key == key)
            return &values->items[i];
    return NULL;
}

const struct value *values_find(const struct values *values, enum key key)
{
    return find_from(values, key, 0);
}

const char *values_text(const struct values *values, enum key key)
{
    const struct value *value = values_find(values, key);

    return value ? value->text : NULL;
}

const struct value *values_next(const struct values *values, const struct value *value)
{
    return find_from(values, value->key, (size_t)(value - values->items) + 1);
}

size_t values_count(const struct values *values, enum key key)
{
    size_t count = 0;

    for (size_t i = 0; i < values->count; i++)
        count += values->items[i].key == key;
    return count;
}

static enum key slot_of(enum key key)
{
    enum key slot = vocabulary_word(key)->slot;

    return slot == KEY_COUNT ? key : slot;
}

/* Has one of the first `count` values the same slot, or the key that `key` belongs to? */
static int is_covered(const struct values *values, size_t count, enum key key)
{
    enum key with = vocabulary_word(key)->with;

    for (size_t i = 0; i < count; i++)
        if (slot_of(values->items[i].key) == slot_of(key) || values->items[i].key == with)
            return 1;
    return 0;
}

int values_take(struct values *over, const struct values *below, int all)
{
    size_t own = over->count;

    for (size_t i = 0; i < below->count; i++) {
        struct value value = below->items[i];

        if (is_covered(over, own, value.key) || (!all && vocabulary_word(value.key)->place != PLACE_ANY))
            continue;
        value.taken = 1;
        if (values_add_copy(over, &value))
            return -1;
    }
    return 0;
}

/* A list in a variable has commas, as in a file. */
static int value_read_variable(struct values *out, const struct value *value, struct fault *fault)
{
    const char *name = vocabulary_word(value->key)->name;
    const char *text = environment_get(value->text);
    struct value found = *value;
    char shown[TEXT_QUOTED];
    const char *wrong;

    if (environment_is_foreign())
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: %s-env: a set-uid program reads no environment",
                         value->place, name);
    if (!text || !*text)
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: %s-env: the environment variable %s is %s",
                         value->place, name, value->text, text ? "empty" : "not set");
    if ((wrong = vocabulary_fault(value->key, text)))
        return fault_set(fault, EXIT_CONFIG, ENVOI_E_USAGE, "%s: %s-env: the environment variable %s has %s; %s",
                         value->place, name, value->text, vocabulary_quote(value->key, text, shown), wrong);
    found.text = (char *)(uintptr_t)text;
    found.from_variable = 0;
    return values_add_parts(out, &found) ? fault_memory(fault) : 0;
}

int values_read_variables(struct values *values, struct fault *fault)
{
    struct values out = {0};
    int rc = 0;

    for (size_t i = 0; !rc && i < values->count; i++) {
        const struct value *value = &values->items[i];

        if (value->from_variable)
            rc = value_read_variable(&out, value, fault);
        else if (values_add_copy(&out, value))
            rc = fault_memory(fault);
    }
    if (rc) {
        values_free(&out);
        return rc;
    }
    values_free(values);
    *values = out;
    return 0;
}

const char *values_label(const struct value *value, char room[VALUES_LABEL])
{
    const char *name = vocabulary_word(value->key)->name;

    if (!strcmp(value->place, VALUES_COMMAND_LINE))
        text_mark_cut(room, VALUES_LABEL, snprintf(room, VALUES_LABEL, "--%s", name));
    else
        text_mark_cut(room, VALUES_LABEL, snprintf(room, VALUES_LABEL, "%s: %s", value->place, name));
    return room;
}
