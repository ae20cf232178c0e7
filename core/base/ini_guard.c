/* SPDX-License-Identifier: MIT */
#include "base/ini_guard.h"

#include "base/utf8.h"

#include <string.h>

static bool ini_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

void ini_guard_begin(struct ini_guard *g, const char *text, size_t len)
{
    *g = (struct ini_guard){.at = text, .end = text + len};
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        g->at += 3;
}

/* The fault of the octets of a line, whatever they mean. */
static const char *octets_fault(const struct ini_guard *g, const char *line, size_t len)
{
    if (len > g->line_max)
        return "the line is too long";
    if (memchr(line, '\0', len))
        return "the line has a NUL in it";
    if (!utf8_is_valid(line, len))
        return "the line is not UTF-8";
    for (size_t i = 0; i < len; i++)
        if (((unsigned char)line[i] < 0x20 && line[i] != '\t') || line[i] == 0x7f)
            return "the line has a control character in it";
    return NULL;
}

/* inih would take anything behind the first "]", and cut a long name. */
static const char *section_fault(const char *line, size_t len)
{
    while (len > 1 && ini_is_blank(line[len - 1]))
        len--;
    if (len < 3 || line[len - 1] != ']' || memchr(line, ']', len - 1))
        return "the line is not `[name]`";
    return len - 2 > INI_GUARD_NAME_MAX ? "the name in brackets is too long" : NULL;
}

/* The offset of the sign behind the key; len: there is none. */
static size_t separator_of(const struct ini_guard *g, const char *line, size_t len)
{
    size_t at = 0;

    while (at < len && line[at] != ':' && line[at] != '=')
        at++;
    return at < len && line[at] == '=' && !g->equals ? len : at;
}

/* The fault of a line; NULL: inih may have it. */
static const char *line_fault(const struct ini_guard *g, const char *line, size_t len)
{
    const char *fault = octets_fault(g, line, len);
    size_t at;

    if (fault || len == 0 || line[0] == '#')
        return fault;
    if (ini_is_blank(line[0])) {
        for (size_t i = 0; i < len; i++)
            if (!ini_is_blank(line[i]))
                return "the line is indented, and no line goes on in the next";
        return NULL;
    }
    if (line[0] == '[' && g->equals)
        return section_fault(line, len);
    at = separator_of(g, line, len);
    if (at == len || (at == 0 && g->equals) || line[0] == '[' || line[0] == ';')
        return g->form;
    if (at > INI_GUARD_NAME_MAX)
        return "the key is too long";
    for (size_t i = 0; i + 1 < len; i++)
        if (ini_is_blank(line[i]) && line[i + 1] == ';')
            return "a ; after a blank would end the value; comments have lines of their own and begin with #";
    return NULL;
}

/* May a line be parted before its octet `at`? inih strips blanks at both ends of a part, and takes a part that begins
 * with one of these signs for something else than a continuation. A character is not parted. */
static bool may_part(const char *line, size_t at)
{
    return !ini_is_blank(line[at - 1]) && !ini_is_blank(line[at]) && !strchr("#;[", line[at]) &&
           ((unsigned char)line[at] & 0xc0) != 0x80;
}

/* The octets before which the value begins, so that no part ends before the first of them. */
static size_t value_begin(const struct ini_guard *g, const char *line, size_t len)
{
    size_t at = separator_of(g, line, len);

    do
        at++;
    while (at < len && ini_is_blank(line[at]));
    return at;
}

/* Hands over as much of line[0..len) as fits, and keeps the rest. `least`: a part has more octets than that. */
static char *hand_over(struct ini_guard *g, char *str, size_t room, const char *line, size_t len, size_t least)
{
    size_t part = len;

    if (len > room)
        for (part = room; part > least && !may_part(line, part); part--)
            ;
    if (part <= least && len > room) {
        g->fault = "the line is too long, and there is no place where it may be parted";
        return NULL;
    }
    memcpy(str, line, part);
    str[part] = '\n';
    str[part + 1] = '\0';
    g->rest = line + part;
    g->rest_len = len - part;
    return str;
}

/* Without the blanks at its end. */
static size_t strip(const char *line, size_t len)
{
    while (len && ini_is_blank(line[len - 1]))
        len--;
    return len;
}

char *ini_guard_next(char *str, int num, void *stream)
{
    struct ini_guard *g = stream;
    size_t room = num > 3 ? (size_t)num - 2 : 0;
    const char *line = g->at, *nl;
    size_t len;

    g->continues = g->rest_len && !g->stop && room;
    if (g->continues) {
        *str = ' ';
        return hand_over(g, str + 1, room - 1, g->rest, g->rest_len, 0) ? str : NULL;
    }
    if (g->at == g->end || g->stop || g->fault || !room)
        return NULL;
    nl = memchr(line, '\n', (size_t)(g->end - line));
    len = (size_t)((nl ? nl : g->end) - line);
    g->at = nl ? nl + 1 : g->end;
    g->line++;
    len = len && line[len - 1] == '\r' ? len - 1 : len;
    if ((g->fault = line_fault(g, line, len)))
        return NULL;
    len = strip(line, len);
    /* Of a comment nothing is handed over, so it may be long. */
    if (len && line[0] == '#')
        len = 0;
    return hand_over(g, str, room, line, len, len ? value_begin(g, line, len) : 0);
}
