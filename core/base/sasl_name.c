/* SPDX-License-Identifier: MIT */
#include "base/sasl_name.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

bool sasl_name_is_valid(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!text_is_alpha(name[i]) && !text_is_digit(name[i]) && name[i] != '-' && name[i] != '_')
            return false;
    return len > 0 && len <= SASL_NAME_MAX;
}

bool sasl_name_take(const char *word, size_t len, char name[SASL_NAME_MAX + 1])
{
    if (!sasl_name_is_valid(word, len))
        return false;
    memcpy(name, word, len);
    name[len] = '\0';
    text_to_upper(name);
    return true;
}

bool sasl_list_has(const char *list, const char *sign, const char *name)
{
    char word[SASL_NAME_MAX + 2];

    (void)snprintf(word, sizeof word, "%s%s", sign, name);
    return list && text_has_word(list, word);
}

bool sasl_list_only_forbids(const char *list)
{
    const char *word;
    size_t len;

    while (list && (list = text_word(list, &word, &len)))
        if (*word != '!')
            return false;
    return true;
}
