/* SPDX-License-Identifier: MIT */
#include "base/sasl_name.h"

#include "base/text.h"

bool sasl_name_is_valid(const char *name, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!text_is_alpha(name[i]) && !text_is_digit(name[i]) && name[i] != '-' && name[i] != '_')
            return false;
    return len > 0 && len <= SASL_NAME_MAX;
}
