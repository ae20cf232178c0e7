/* SPDX-License-Identifier: MIT */
#include "compose/compose.h"

#include "accounts/exit_code.h"
#include "fault.h"

#include <gio/gio.h>
#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHARSET "utf-8"

static int wrong(int exit, const char *option, const char *value, const char *why)
{
    complain("--%s '%.200s': %s", option, value, why);
    return exit;
}

/* Of what goes into the header: one line of UTF-8. */
static const char *line_fault(const char *text)
{
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c < 32 || *c == 127)
            return "a line end or another control character";
    return g_utf8_validate(text, -1, NULL) ? NULL : "it is not UTF-8";
}

/* ---- the header ---- */

static int add_addresses(GMimeMessage *message, GMimeAddressType type, const char *option, const char *text)
{
    const char *why = line_fault(text);
    InternetAddressList *list;
    int count;

    if (why)
        return wrong(EXIT_USAGE, option, text, why);
    list = internet_address_list_parse(NULL, text);
    count = list ? internet_address_list_length(list) : 0;
    if (count > 0)
        internet_address_list_append(g_mime_message_get_addresses(message, type), list);
    if (list)
        g_object_unref(list);
    return count > 0 ? 0 : wrong(EXIT_DATA, option, text, "it is not an address, nor a list of them");
}

/* The domain of the first author: a Message-ID ends with it. */
static const char *domain_of(GMimeMessage *message)
{
    InternetAddress *author = internet_address_list_get_address(g_mime_message_get_from(message), 0);
    const char *address = INTERNET_ADDRESS_IS_MAILBOX(author)
                              ? internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(author))
                              : NULL;
    const char *at = address ? strrchr(address, '@') : NULL;

    return at && at[1] ? at + 1 : g_get_host_name();
}

static int make_header(GMimeMessage *message, const struct arguments *a)
{
    GDateTime *now = g_date_time_new_now_local();
    const char *why = a->subject ? line_fault(a->subject) : NULL;
    int rc = why ? wrong(EXIT_USAGE, "subject", a->subject, why) : 0;
    char *id;

    if (!rc)
        rc = add_addresses(message, GMIME_ADDRESS_TYPE_FROM, "from", a->from);
    for (size_t i = 0; !rc && i < a->to.count; i++)
        rc = add_addresses(message, GMIME_ADDRESS_TYPE_TO, "to", a->to.items[i]);
    for (size_t i = 0; !rc && i < a->cc.count; i++)
        rc = add_addresses(message, GMIME_ADDRESS_TYPE_CC, "cc", a->cc.items[i]);
    if (!rc && a->subject)
        g_mime_message_set_subject(message, a->subject, CHARSET);
    if (!rc) {
        g_mime_message_set_date(message, now);
        id = g_mime_utils_generate_message_id(domain_of(message));
        g_mime_message_set_message_id(message, id);
        g_free(id);
    }
    g_date_time_unref(now);
    return rc;
}

/* ---- the parts ---- */

/* Says how the content is encoded, so that it is 7-bit, and its lines are short. */
static void encode(GMimePart *part)
{
    g_mime_part_set_content_encoding(part, g_mime_part_get_best_content_encoding(part, GMIME_ENCODING_CONSTRAINT_7BIT));
}

static GMimeObject *make_text(const struct arguments *a, int *rc)
{
    size_t len = a->body ? strlen(a->body) : 0;
    char *text = a->body ? NULL : compose_read(a->operand, &len);
    const char *body = a->body ? a->body : text;
    GMimeTextPart *part = NULL;

    if (!body) {
        *rc = EXIT_DATA;
    } else if (!g_utf8_validate(body, (gssize)len, NULL)) { /* a NUL is none either */
        complain("the text is not UTF-8; --attach takes any file");
        *rc = EXIT_DATA;
    } else {
        char *copy = g_strndup(body, len);

        part = g_mime_text_part_new_with_subtype("plain");
        g_mime_text_part_set_charset(part, CHARSET);
        g_mime_text_part_set_text(part, copy);
        encode(GMIME_PART(part));
        g_free(copy);
    }
    free(text);
    return GMIME_OBJECT(part);
}

/* The name tells the type, or else the content does. */
static GMimePart *part_of_type(const char *name, const char *content, size_t len)
{
    char *guess = g_content_type_guess(name, (const guchar *)content, len, NULL);
    char *mime = g_content_type_get_mime_type(guess);
    const char *slash = mime ? strchr(mime, '/') : NULL;
    char *type = slash ? g_strndup(mime, (gsize)(slash - mime)) : NULL;
    GMimePart *part;

    /* Of a message or a multipart an attachment would be taken for a part of this one. */
    if (type && strcmp(type, "message") != 0 && strcmp(type, "multipart") != 0)
        part = g_mime_part_new_with_type(type, slash + 1);
    else
        part = g_mime_part_new_with_type("application", "octet-stream");
    g_free(type);
    g_free(mime);
    g_free(guess);
    return part;
}

static GMimeObject *make_attachment(const char *path, int *rc)
{
    size_t len;
    char *content = compose_read(path, &len), *name;
    GMimeDataWrapper *wrapper;
    GMimeStream *stream;
    GMimePart *part;

    if (!content) {
        *rc = EXIT_DATA;
        return NULL;
    }
    name = g_path_get_basename(path);
    part = part_of_type(name, content, len);
    stream = g_mime_stream_mem_new_with_buffer(content, len);
    wrapper = g_mime_data_wrapper_new_with_stream(stream, GMIME_CONTENT_ENCODING_DEFAULT);
    g_mime_object_set_disposition(GMIME_OBJECT(part), "attachment");
    g_mime_part_set_filename(part, name);
    g_mime_part_set_content(part, wrapper);
    g_mime_part_set_content_encoding(part, GMIME_CONTENT_ENCODING_BASE64);
    g_object_unref(wrapper);
    g_object_unref(stream);
    g_free(name);
    free(content);
    return GMIME_OBJECT(part);
}

/* A text, and with attachments a multipart/mixed of it and them. */
static GMimeObject *make_content(const struct arguments *a, int *rc)
{
    GMimeObject *text = make_text(a, rc);
    GMimeMultipart *mixed;

    if (*rc || !a->attach.count)
        return text;
    mixed = g_mime_multipart_new_with_subtype("mixed");
    g_mime_multipart_add(mixed, text);
    g_object_unref(text);
    for (size_t i = 0; !*rc && i < a->attach.count; i++) {
        GMimeObject *part = make_attachment(a->attach.items[i], rc);

        if (!part)
            break;
        g_mime_multipart_add(mixed, part);
        g_object_unref(part);
    }
    return GMIME_OBJECT(mixed);
}

int compose_message(const struct arguments *arguments)
{
    GMimeMessage *message = g_mime_message_new(TRUE);
    int rc = make_header(message, arguments);
    GMimeObject *content = rc ? NULL : make_content(arguments, &rc);
    GMimeStream *out;

    if (content) {
        g_mime_message_set_mime_part(message, content);
        g_object_unref(content);
    }
    if (!rc) {
        out = g_mime_stream_pipe_new(STDOUT_FILENO);
        g_mime_stream_pipe_set_owner(GMIME_STREAM_PIPE(out), FALSE);
        if (g_mime_object_write_to_stream(GMIME_OBJECT(message), NULL, out) < 0) {
            complain("cannot write to standard output");
            rc = EXIT_LOCAL;
        }
        g_object_unref(out);
    }
    g_object_unref(message);
    return rc;
}
