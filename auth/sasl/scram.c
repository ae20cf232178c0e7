/* SPDX-License-Identifier: MIT */
#include "scram.h"

#include <string.h>

/* One `x=value` of a message. */
struct scram_field {
    char name;
    const char *value;
    size_t len;
};

/* Takes the next field from *in. Returns 0 if there is none or it is malformed. */
static int scram_next(const char **in, size_t *len, struct scram_field *field)
{
    const char *comma = memchr(*in, ',', *len);
    size_t size = comma ? (size_t)(comma - *in) : *len;

    if (*len < 2 || (*in)[1] != '=')
        return 0;
    *field = (struct scram_field){.name = (*in)[0], .value = *in + 2, .len = size - 2};
    *in += size + (comma ? 1 : 0);
    *len -= size + (comma ? 1 : 0);
    return 1;
}

const char *bridge_scram_nonce(const char *first, size_t len, size_t *nonce_len)
{
    /* In names "," is written as "=2C", so ",r=" always begins the nonce. An extension may follow it. */
    for (size_t i = 0; i + 3 < len; i++) {
        if (memcmp(first + i, ",r=", 3) == 0) {
            const char *nonce = first + i + 3;
            const char *comma = memchr(nonce, ',', len - i - 3);
            *nonce_len = comma ? (size_t)(comma - nonce) : len - i - 3;
            return *nonce_len ? nonce : NULL;
        }
    }
    return NULL;
}

static const char *scram_check_nonce(const struct scram_field *field, const char *nonce, size_t nonce_len)
{
    for (size_t i = 0; i < field->len; i++)
        if (field->value[i] < 0x21 || field->value[i] > 0x7e)
            return "the server's nonce has characters that no nonce may have";
    if (field->len < nonce_len || memcmp(field->value, nonce, nonce_len) != 0)
        return "the server's nonce does not begin with ours";
    if (field->len == nonce_len)
        return "the server added nothing to our nonce";
    return NULL;
}

static const char *scram_check_salt(const struct scram_field *field)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t len = field->len;

    if (len == 0)
        return "the server's salt is empty";
    for (int pad = 0; pad < 2 && len > 0 && field->value[len - 1] == '='; pad++)
        len--;
    for (size_t i = 0; i < len; i++)
        if (field->value[i] == '\0' || !strchr(alphabet, field->value[i]))
            return "the server's salt is not base64";
    return len == 0 || field->len % 4 != 0 ? "the server's salt is not base64" : NULL;
}

static const char *scram_check_rounds(const struct scram_field *field)
{
    uint32_t rounds = 0;

    if (field->len == 0 || field->value[0] == '0')
        return "the server's iteration count is not a number";
    for (size_t i = 0; i < field->len; i++) {
        if (field->value[i] < '0' || field->value[i] > '9')
            return "the server's iteration count is not a number";
        if (rounds <= BRIDGE_SCRAM_ROUNDS_MAX)
            rounds = rounds * 10 + (uint32_t)(field->value[i] - '0');
    }
    if (rounds < BRIDGE_SCRAM_ROUNDS_MIN)
        return "the server's iteration count is below 4096";
    if (rounds > BRIDGE_SCRAM_ROUNDS_MAX)
        return "the server's iteration count is above 65536";
    return NULL;
}

/* The required fields in their order: nonce, salt, iteration count. */
static const char order[] = "rsi";

const char *bridge_scram_check(const char *nonce, size_t nonce_len, const char *in, size_t len)
{
    struct scram_field field;
    size_t seen = 0;
    int more = len > 0;

    while (more) {
        const char *at = in;
        const char *wrong;
        size_t size = len;

        if (!scram_next(&in, &len, &field))
            return "the server's first message is malformed";
        more = at[size - len - 1] == ',' || len > 0;
        if (field.name == 'm')
            return "the server demands an extension that is not known here";
        if (seen == sizeof order - 1)
            continue; /* optional extensions */
        if (field.name != order[seen])
            return "the server's first message has not nonce, salt and iteration count";
        if (field.name == 'r')
            wrong = scram_check_nonce(&field, nonce, nonce_len);
        else if (field.name == 's')
            wrong = scram_check_salt(&field);
        else
            wrong = scram_check_rounds(&field);
        if (wrong)
            return wrong;
        seen++;
    }
    return seen == sizeof order - 1 ? NULL : "the server's first message has not nonce, salt and iteration count";
}
