/* SPDX-License-Identifier: MIT */
#include "engine/parameter_bounds.h"

#include "base/text.h"

#include <string.h>

/* The form "2026-12-01T08:00:00Z", in which the order of times is that of their texts. */
#define TIME_FORM   "dddd-dd-ddTdd:dd:ddZ"
#define TIME_LENGTH (sizeof TIME_FORM - 1)

static bool is_time(const char *text, size_t len)
{
    if (len != TIME_LENGTH)
        return false;
    for (size_t i = 0; i < TIME_LENGTH; i++)
        if (TIME_FORM[i] == 'd' ? !text_is_digit(text[i]) : text[i] != TIME_FORM[i])
            return false;
    return true;
}

/* RFC 2852 section 4.1.2: with by-mode R no value below the announced one is taken. "120;R" */
static bool by_is_beyond(const char *value, size_t len, const char *bound, size_t bound_len)
{
    const char *mode = memchr(value, ';', len);
    uint64_t seconds, least;

    return mode && mode + 1 < value + len && text_upper(mode[1]) == 'R' &&
           text_number(value, (size_t)(mode - value), &seconds) && text_number(bound, bound_len, &least) &&
           seconds < least;
}

static bool number_is_beyond(const char *value, size_t len, const char *bound, size_t bound_len)
{
    uint64_t number, most;

    return text_number(value, len, &number) && text_number(bound, bound_len, &most) && number > most;
}

static bool time_is_beyond(const char *value, size_t len, const char *bound, size_t bound_len)
{
    return is_time(value, len) && is_time(bound, bound_len) && memcmp(value, bound, TIME_LENGTH) > 0;
}

static const struct {
    const char *parameter;
    const char *extension;
    size_t place; /* of the bound among the words behind the extension */
    bool (*is_beyond)(const char *value, size_t len, const char *bound, size_t bound_len);
    const char *rule;
} bounds[] = {
    {"BY=", "DELIVERBY", 0, by_is_beyond, "the least number of seconds that the server takes is "},
    {"HOLDFOR=", "FUTURERELEASE", 0, number_is_beyond, "the longest time that the server holds, in seconds, is "},
    {"HOLDUNTIL=", "FUTURERELEASE", 1, time_is_beyond, "the latest time until which the server holds is "},
};

/* The word at a place, from 0. False: there are less. */
static bool word_at(const char *list, size_t place, const char **word, size_t *len)
{
    do
        list = list ? text_word(list, word, len) : NULL;
    while (list && place--);
    return list != NULL;
}

bool parameter_is_beyond(const struct extensions *x, const char *word, size_t word_len, const char **rule,
                         const char **announced, size_t *len)
{
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        size_t name = strlen(bounds[i].parameter);

        if (word_len > name && text_equal_n(word, bounds[i].parameter, name)) {
            *rule = bounds[i].rule;
            return word_at(extensions_get(x, bounds[i].extension), bounds[i].place, announced, len) &&
                   bounds[i].is_beyond(word + name, word_len - name, *announced, *len);
        }
    }
    return false;
}
