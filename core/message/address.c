/* SPDX-License-Identifier: MIT */
#include "message/address.h"

#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "portable/memory.h"

#include <envoi/error.h>
#include <idn2.h>
#include <limits.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

static int address_refuse_as(struct envoi_errctx *fault, int detail, const char *text, const char *why)
{
    char shown[80];
    size_t len = strlen(text);

    if (len >= sizeof shown)
        len = sizeof shown - 1;
    memcpy(shown, text, len);
    shown[len] = '\0';
    text_make_printable(shown, len, "");
    (void)fault_set(fault, ENVOI_E_ADDRESS, 0, "address \"%s\": %s", shown, why);
    return fault ? fault_detail(fault, detail) : ENVOI_E_ADDRESS;
}

static int address_refuse(struct envoi_errctx *fault, const char *text, const char *why)
{
    return address_refuse_as(fault, ENVOI_DETAIL_FORM, text, why);
}

/* An ASCII character may be part of an atom (RFC 5322 section 3.2.3) and of a label of a domain; "_" does occur
 * there. */
enum {
    IN_ATOM = 1,
    IN_LABEL = 2,
};
#define BOTH IN_ATOM | IN_LABEL
static const uint8_t places[256] = {
    ['a' ... 'z'] = BOTH, ['A' ... 'Z'] = BOTH,     ['0' ... '9'] = BOTH,    ['-'] = BOTH,           ['_'] = BOTH,
    ['!'] = IN_ATOM,      ['#' ... '\''] = IN_ATOM, ['*' ... '+'] = IN_ATOM, ['/'] = IN_ATOM,        ['='] = IN_ATOM,
    ['?'] = IN_ATOM,      ['^'] = IN_ATOM,          ['`'] = IN_ATOM,         ['{' ... '~'] = IN_ATOM};
#undef BOTH

static bool is_part_of(uint8_t place, char c)
{
    return places[(unsigned char)c] & place;
}

/* atext, extended by RFC 6531. */
static bool is_atext(char c)
{
    return is_part_of(IN_ATOM, c) || (unsigned char)c >= 0x80;
}

/* The length of the Dot-string or Quoted-string at the head of text; 0 if there is none. */
static size_t local_length(const char *text, size_t len)
{
    size_t n = 0;

    if (len && text[0] == '"') {
        for (n = 1; n < len && text[n] != '"'; n++)
            if (text[n] == '\\' && ++n == len)
                return 0;
        return n < len && n > 1 ? n + 1 : 0;
    }
    while (n < len && (is_atext(text[n]) || (text[n] == '.' && n && text[n - 1] != '.')))
        n++;
    return n && text[n - 1] != '.' ? n : 0;
}

/* "[192.0.2.1]", "[IPv6:...]" or another General-address-literal (RFC 5321 section 4.1.3). */
static bool is_literal(const char *text, size_t len)
{
    if (len < 3 || text[len - 1] != ']')
        return false;
    for (size_t i = 1; i < len - 1; i++)
        if (text[i] < 33 || text[i] > 126 || strchr("[\\]<>", text[i]))
            return false;
    return true;
}

static bool is_ascii_domain(const char *text, size_t len)
{
    size_t label = 0;

    for (size_t i = 0; i < len; i++) {
        bool dot = text[i] == '.', hyphen = text[i] == '-';

        if (dot && (!label || text[i - 1] == '-'))
            return false;
        if (!dot && (!is_part_of(IN_LABEL, text[i]) || (hyphen && !label)))
            return false;
        label = dot ? 0 : label + 1;
        if (label > 63)
            return false;
    }
    return label > 0 && text[len - 1] != '-';
}

/* Converts Unicode labels to A-labels, the form on the wire. *out is to be freed with idn2_free(). */
static int domain_to_ascii(const char *text, size_t len, char **out)
{
    char *copy = mem_strndup(text, len);
    int rc;

    if (!copy)
        return ENVOI_E_MEMORY;
    rc = idn2_to_ascii_8z(copy, out, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
    mem_free(copy);
    if (rc == IDN2_OK)
        return ENVOI_OK;
    return rc == IDN2_MALLOC ? ENVOI_E_MEMORY : ENVOI_E_ADDRESS;
}

static inline int address_keep(const char *path, size_t len, bool utf8, struct address *out)
{
    char *to = out->own;

    out->longer = NULL;
    if (len >= sizeof out->own && !(to = out->longer = mem_alloc(len + 1)))
        return ENVOI_E_MEMORY;
    memcpy(to, path, len);
    to[len] = '\0';
    out->len = (uint16_t)len;
    out->utf8 = utf8;
    return ENVOI_OK;
}

static int address_join(const char *local, size_t local_len, const char *domain, size_t domain_len, struct address *out)
{
    char path[ADDRESS_LOCAL_MAX + 1 + ADDRESS_DOMAIN_MAX];
    size_t at = domain_len ? 1 : 0;

    memcpy(path, local, local_len);
    path[local_len] = '@';
    memcpy(path + local_len + at, domain, domain_len);
    return address_keep(path, local_len + at + domain_len, !text_is_ascii(local, local_len), out);
}

/* Why there is no local part at the head of the text. */
static const char *local_reason(const char *text, size_t len)
{
    if (!len || text[0] == '@')
        return "there is nothing before the @";
    if (text[0] == '"')
        return "the quotes before the @ are not closed, or empty";
    if (text[0] == '.' || memory_find(text, len, "..", 2) || memory_find(text, len, ".@", 2) || text[len - 1] == '.')
        return "a dot at the beginning or the end of the part before the @, or two in a row, need quotes: "
               "\"a..b\"@example.org";
    return "it begins with a character that needs quotes: \"(a)\"@example.org";
}

/* Why the local part has ended where there is no @. */
static const char *character_reason(const char *text, size_t len)
{
    if (text[0] == '.')
        return local_reason(text, len);
    if (!memchr(text, '@', len))
        return "a character that has no place in the name of a local user";
    return "a character before the @ that needs quotes: \"a b\"@example.org";
}

static int parse_mailbox(const char *whole, const char *text, size_t len, struct envoi_errctx *fault,
                         struct address *out)
{
    size_t local = local_length(text, len);
    const char *domain = text + local + 1;
    size_t domain_len = local < len ? len - local - 1 : 0;
    char *ascii = NULL;
    int rc;

    if (!local)
        return address_refuse(fault, whole, local_reason(text, len));
    if (!text_is_all_safe(text, local)) /* it was checked that it is UTF-8 */
        return address_refuse_as(fault, ENVOI_DETAIL_CONTROL, whole,
                                 "a control character, or one that turns the direction of writing");
    if (local > ADDRESS_LOCAL_MAX)
        return address_refuse_as(fault, ENVOI_DETAIL_LENGTH, whole, "the part before @ is too long");
    if (local == len)
        return address_join(text, local, "", 0, out);
    if (text[local] != '@')
        return address_refuse(fault, whole, character_reason(text + local, len - local));
    if (domain_len && domain[0] == '[')
        return is_literal(domain, domain_len) && domain_len <= ADDRESS_DOMAIN_MAX
                   ? address_join(text, local, domain, domain_len, out)
                   : address_refuse(fault, whole, "the address literal is not well formed");
    if (!text_is_ascii(domain, domain_len)) {
        if ((rc = domain_to_ascii(domain, domain_len, &ascii)))
            return rc == ENVOI_E_MEMORY ? rc
                                        : address_refuse(fault, whole, "the domain is not a valid international name");
        domain = ascii;
        domain_len = strlen(ascii);
    }
    if (!is_ascii_domain(domain, domain_len))
        rc = address_refuse(fault, whole, "the domain is missing or not well formed");
    else if (domain_len > ADDRESS_DOMAIN_MAX)
        rc = address_refuse_as(fault, ENVOI_DETAIL_LENGTH, whole, "the domain is too long");
    else
        rc = address_join(text, local, domain, domain_len, out);
    if (ascii)
        idn2_free(ascii);
    return rc;
}

/* Finds the "<" after a display name; len if there is none. *name is set if only atoms, dots, blanks and quoted strings
 * stand before it: an address or a list, as in "a@x, B <b@y>", must not be taken for a name. */
static size_t find_bracket(const char *text, size_t len, bool *name)
{
    bool quoted = false;

    *name = true;
    for (size_t i = 0; i < len; i++) {
        if (quoted && text[i] == '\\' && i + 1 < len)
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted && text[i] == '<')
            return i;
        else if (!quoted && !is_part_of(IN_ATOM, text[i]) && !strchr(". ", text[i]) && (unsigned char)text[i] < 0x80)
            *name = false;
    }
    return len;
}

/* All forms: blanks, display names, quoted strings, literals, UTF-8. Says why an address is refused. */
static __attribute__((noinline)) int parse_any(const char *text, bool null_allowed, struct envoi_errctx *fault,
                                               struct address *out)
{
    const char *whole = text;
    size_t len = strlen(text), bracket;
    bool name;

    if (!text_is_line(text, len))
        return address_refuse_as(fault, ENVOI_DETAIL_CONTROL, whole, "a line end or a control character");
    if (!utf8_is_valid(text, len))
        return address_refuse(fault, whole, "not UTF-8");
    while (len && text[0] == ' ') {
        text++;
        len--;
    }
    while (len && text[len - 1] == ' ')
        len--;
    bracket = find_bracket(text, len, &name);
    if (bracket < len) {
        if (!name)
            return address_refuse(fault, whole, "what stands before the bracket is not a name: one address, no list");
        if (text[len - 1] != '>')
            return address_refuse(fault, whole, "something behind the closing bracket, or no closing bracket");
        text += bracket + 1;
        len -= bracket + 2;
    }
    if (len == 0)
        return null_allowed ? address_keep("", 0, false, out)
                            : address_refuse_as(fault, ENVOI_DETAIL_EMPTY, whole, "it is empty");
    return parse_mailbox(whole, text, len, fault, out);
}

/* The fast way for nearly every address, a short ASCII Dot-string@domain: its length, or 0 for any other form. */
static size_t plain_length(const char *text)
{
    const char *at = text, *part;

    do
        for (part = at; is_part_of(IN_ATOM, *at); at++)
            ;
    while (at > part && *at == '.' && at++);
    if (at == part || *at++ != '@')
        return 0;
    do {
        for (part = at; is_part_of(IN_LABEL, *at); at++)
            ;
        if (at == part || *part == '-' || at[-1] == '-')
            return 0;
    } while (*at == '.' && at++);
    return *at || at - text >= ADDRESS_OWN_MAX ? 0 : (size_t)(at - text);
}

#ifdef __SSE2__ /* every x86-64 has it */
/* Where the octets of some kinds are: a bit each. */
struct address_map {
    uint64_t ends, at, hyphens; /* ends: dots and @ */
};

#define MAP_BLOCK ((size_t)16)

static inline __m128i in_range(__m128i octets, char first, char last)
{
    const __m128i to_least = _mm_set1_epi8((char)(SCHAR_MIN - first)); /* the first becomes the least signed number */

    return _mm_cmplt_epi8(_mm_add_epi8(octets, to_least), _mm_set1_epi8((char)(SCHAR_MIN + last - first + 1)));
}

static inline uint64_t map_bits(__m128i found, size_t from)
{
    return (uint64_t)(unsigned)_mm_movemask_epi8(found) << from;
}

/* Copies one block and maps it. False: there are other octets than those that are plain. */
static inline bool map_block(const char *text, char *to, size_t from, struct address_map *map)
{
    const __m128i octets = _mm_loadu_si128((const __m128i *)(const void *)(text + from));
    const __m128i hyphens = _mm_cmpeq_epi8(octets, _mm_set1_epi8('-'));
    const __m128i letters = in_range(_mm_or_si128(octets, _mm_set1_epi8(0x20)), 'a', 'z');
    const __m128i digits = in_range(octets, '0', '9');
    const __m128i bars = _mm_cmpeq_epi8(octets, _mm_set1_epi8('_'));
    const __m128i at = _mm_cmpeq_epi8(octets, _mm_set1_epi8('@'));
    const __m128i ends = _mm_or_si128(at, _mm_cmpeq_epi8(octets, _mm_set1_epi8('.')));
    const __m128i word = _mm_or_si128(_mm_or_si128(letters, digits), _mm_or_si128(hyphens, bars));

    _mm_storeu_si128((__m128i *)(void *)(to + from), octets);
    map->ends |= map_bits(ends, from);
    map->at |= map_bits(at, from);
    map->hyphens |= map_bits(hyphens, from);
    return _mm_movemask_epi8(_mm_or_si128(word, ends)) == 0xffff;
}

/* Addresses of at least one block that consist of letters, digits, "_", "-" and dots. */
bool address_parse_plain(const char *text, struct address *out)
{
    struct address_map map = {0};
    size_t len = strlen(text);
    uint64_t last, beside;

    if (len < MAP_BLOCK || len >= ADDRESS_OWN_MAX || !map_block(text, out->own, 0, &map) ||
        (len > 2 * MAP_BLOCK && !map_block(text, out->own, MAP_BLOCK, &map)) ||
        !map_block(text, out->own, len - MAP_BLOCK, &map))
        return false;
    last = (uint64_t)1 << (len - 1);
    beside = map.ends << 1 | map.ends >> 1 | last;
    if (!map.at || (map.at & (map.at - 1)) || (map.ends & (beside | 1)))
        return false;
    if (map.hyphens & beside & ~(map.at - 1)) /* at the edge of a label behind the @ */
        return false;
    out->own[len] = '\0';
    out->longer = NULL;
    out->len = (uint16_t)len;
    out->utf8 = false;
    return true;
}
#else
bool address_parse_plain(const char *text, struct address *out)
{
    (void)text;
    (void)out;
    return false;
}
#endif

int address_parse(const char *text, bool null_allowed, struct envoi_errctx *fault, struct address *out)
{
    size_t plain;

    if (address_parse_plain(text, out))
        return ENVOI_OK;
    if ((plain = plain_length(text)))
        return address_keep(text, plain, false, out);
    *out = (struct address){0};
    return parse_any(text, null_allowed, fault, out);
}

void address_free(struct address *a)
{
    mem_free(a->longer);
    *a = (struct address){0};
}
