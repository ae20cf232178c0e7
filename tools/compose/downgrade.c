/* SPDX-License-Identifier: MIT */
#include "compose/compose.h"

#include "accounts/exit_code.h"
#include "fault.h"

#include <gmime/gmime.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int is_8bit(const guint8 *octets, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (octets[i] & 0x80)
            return 1;
    return 0;
}

static GByteArray *octets_of(GMimeObject *object)
{
    GMimeStream *stream = g_mime_stream_mem_new();
    GByteArray *octets;

    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    (void)g_mime_object_write_to_stream(object, NULL, stream);
    octets = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
    g_object_unref(stream);
    return octets;
}

static int has_8bit(GMimeObject *object)
{
    GByteArray *octets = octets_of(object);
    int found = is_8bit(octets->data, octets->len);

    g_byte_array_free(octets, TRUE);
    return found;
}

/* Whoever has signed it has signed these octets. */
static int refuse_signed(const char *which)
{
    complain("%s and holds 8-bit octets: another encoding would break the signature", which);
    return EXIT_DATA;
}

static int downgrade_object(GMimeObject *object);

static int downgrade_multipart(GMimeMultipart *multipart)
{
    int rc = 0, count = g_mime_multipart_get_count(multipart);

    if (GMIME_IS_MULTIPART_SIGNED(multipart) && has_8bit(GMIME_OBJECT(multipart)))
        return refuse_signed("a part is signed (multipart/signed)");
    for (int i = 0; !rc && i < count; i++)
        rc = downgrade_object(g_mime_multipart_get_part(multipart, i));
    return rc;
}

static int downgrade_part(GMimePart *part)
{
    if (!has_8bit(GMIME_OBJECT(part)))
        return 0;
    g_mime_part_set_content_encoding(part, g_mime_part_get_best_content_encoding(part, GMIME_ENCODING_CONSTRAINT_7BIT));
    return 0;
}

static int downgrade_whole(GMimeMessage *message)
{
    if (g_mime_object_get_header(GMIME_OBJECT(message), "DKIM-Signature") && has_8bit(GMIME_OBJECT(message)))
        return refuse_signed("the message is signed (DKIM-Signature)");
    /* The new encodings of the parts count only in a message that says that it is MIME. */
    if (has_8bit(GMIME_OBJECT(message)) && !g_mime_object_get_header(GMIME_OBJECT(message), "MIME-Version"))
        g_mime_object_set_header(GMIME_OBJECT(message), "MIME-Version", "1.0", NULL);
    return g_mime_message_get_mime_part(message) ? downgrade_object(g_mime_message_get_mime_part(message)) : 0;
}

static int downgrade_object(GMimeObject *object)
{
    if (GMIME_IS_MULTIPART(object))
        return downgrade_multipart(GMIME_MULTIPART(object));
    if (GMIME_IS_MESSAGE_PART(object)) {
        GMimeMessage *message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));

        return message ? downgrade_whole(message) : 0;
    }
    return GMIME_IS_PART(object) ? downgrade_part(GMIME_PART(object)) : 0;
}

static GMimeMessage *downgrade_parse(const struct arguments *arguments)
{
    size_t len;
    char *text = compose_read(arguments->operand, &len);
    GMimeMessage *message = NULL;

    if (text) {
        GMimeStream *stream = g_mime_stream_mem_new_with_buffer(text, len);
        GMimeParser *parser = g_mime_parser_new_with_stream(stream);

        message = g_mime_parser_construct_message(parser, NULL);
        if (!message)
            complain("this is no message");
        g_object_unref(parser);
        g_object_unref(stream);
    }
    free(text);
    return message;
}

static int put(const GByteArray *octets)
{
    if (is_8bit(octets->data, octets->len)) {
        complain("the header has 8-bit characters, which only SMTPUTF8 servers take; encode them (RFC 2047)");
        return EXIT_DATA;
    }
    if (fwrite(octets->data, 1, octets->len, stdout) == octets->len)
        return 0;
    complain("cannot write to standard output");
    return EXIT_LOCAL;
}

int compose_downgrade(const struct arguments *arguments)
{
    GMimeMessage *message = downgrade_parse(arguments);
    GByteArray *octets;
    int rc;

    if (!message)
        return EXIT_DATA;
    if (!(rc = downgrade_whole(message))) {
        octets = octets_of(GMIME_OBJECT(message));
        rc = put(octets);
        g_byte_array_free(octets, TRUE);
    }
    g_object_unref(message);
    return rc;
}
