/* SPDX-License-Identifier: MIT */
#include "worker/broker_message.h"

#include "accounts/exit_code.h"
#include "accounts/fault.h"

#include <envoi/envoi.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_POOL     4096
#define MESSAGE_BODY_MAX ((uint64_t)128 << 20)
#define MESSAGE_SHORT    255 /* octets of a short string of AMQP */
/* Of a frame: its head and end, and the head of a content. */
#define MESSAGE_FRAMING  (8 + 12)

/* ---- to read ---- */

/* NULL: no memory. */
static const char *message_text(amqp_pool_t *pool, amqp_bytes_t bytes)
{
    char *text = amqp_pool_alloc(pool, bytes.len + 1);

    if (text) {
        if (bytes.len)
            memcpy(text, bytes.bytes, bytes.len);
        text[bytes.len] = '\0';
    }
    return text;
}

static int message_is_text(const amqp_field_value_t *value)
{
    return (value->kind == AMQP_FIELD_KIND_UTF8 || value->kind == AMQP_FIELD_KIND_BYTES) &&
           (!value->value.bytes.len || !memchr(value->value.bytes.bytes, '\0', value->value.bytes.len));
}

static int message_number(const amqp_field_value_t *value, int64_t *number)
{
    switch ((int)value->kind) {
    case AMQP_FIELD_KIND_I8:
        *number = (int64_t)value->value.i8;
        return 1;
    case AMQP_FIELD_KIND_U8:
        *number = value->value.u8;
        return 1;
    case AMQP_FIELD_KIND_I16:
        *number = value->value.i16;
        return 1;
    case AMQP_FIELD_KIND_U16:
        *number = value->value.u16;
        return 1;
    case AMQP_FIELD_KIND_I32:
        *number = value->value.i32;
        return 1;
    case AMQP_FIELD_KIND_U32:
        *number = value->value.u32;
        return 1;
    case AMQP_FIELD_KIND_I64:
        *number = value->value.i64;
        return 1;
    case AMQP_FIELD_KIND_U64:
    case AMQP_FIELD_KIND_TIMESTAMP:
        *number = (int64_t)value->value.u64;
        return value->value.u64 <= INT64_MAX;
    default:
        return 0;
    }
}

/* Returns AMQP_STATUS_OK, or that memory ran out. A list with anything but texts is of another kind. */
static int message_list(amqp_pool_t *pool, const amqp_array_t *array, struct broker_header *header)
{
    const char **list = amqp_pool_alloc(pool, ((size_t)array->num_entries + 1) * sizeof *list);

    if (!list)
        return AMQP_STATUS_NO_MEMORY;
    for (int i = 0; i < array->num_entries; i++) {
        if (!message_is_text(&array->entries[i]))
            return AMQP_STATUS_OK;
        list[i] = message_text(pool, array->entries[i].value.bytes);
        if (!list[i])
            return AMQP_STATUS_NO_MEMORY;
    }
    header->kind = BROKER_LIST;
    header->list = list;
    header->count = (size_t)array->num_entries;
    return AMQP_STATUS_OK;
}

static int message_header(amqp_pool_t *pool, const amqp_table_entry_t *entry, struct broker_header *header)
{
    *header = (struct broker_header){.name = message_text(pool, entry->key), .kind = BROKER_OTHER, .text = ""};
    if (!header->name)
        return AMQP_STATUS_NO_MEMORY;
    if (entry->value.kind == AMQP_FIELD_KIND_ARRAY)
        return message_list(pool, &entry->value.value.array, header);
    if (message_number(&entry->value, &header->number))
        header->kind = BROKER_NUMBER;
    if (message_is_text(&entry->value)) {
        header->kind = BROKER_TEXT;
        header->text = message_text(pool, entry->value.value.bytes);
    }
    return header->text ? AMQP_STATUS_OK : AMQP_STATUS_NO_MEMORY;
}

static int message_headers(struct broker_content *content, const amqp_table_t *table)
{
    struct broker_header *headers;
    int rc = AMQP_STATUS_OK;

    headers = amqp_pool_alloc(&content->pool, ((size_t)table->num_entries + 1) * sizeof *headers);
    if (!headers)
        return AMQP_STATUS_NO_MEMORY;
    for (int i = 0; rc == AMQP_STATUS_OK && i < table->num_entries; i++) {
        rc = message_header(&content->pool, &table->entries[i], &headers[i]);
        if (rc == AMQP_STATUS_OK && headers[i].kind == BROKER_NUMBER && !strcmp(headers[i].name, "x-delivery-count"))
            content->delivery_count = headers[i].number;
    }
    content->message.headers = headers;
    content->message.header_count = (size_t)table->num_entries;
    return rc;
}

static int content_properties(struct broker_content *content, const amqp_frame_t *frame)
{
    static const amqp_bytes_t none = {0, NULL};
    static const amqp_table_t no_headers = {0, NULL};
    const amqp_basic_properties_t *p = frame->payload.properties.decoded;
    struct broker_message *message = &content->message;
    uint64_t size = frame->payload.properties.body_size;
    const char *correlation;

    content->is_too_large = size > MESSAGE_BODY_MAX;
    message->id = message_text(&content->pool, p->_flags & AMQP_BASIC_MESSAGE_ID_FLAG ? p->message_id : none);
    message->content_type =
        message_text(&content->pool, p->_flags & AMQP_BASIC_CONTENT_TYPE_FLAG ? p->content_type : none);
    correlation = message_text(&content->pool, p->_flags & AMQP_BASIC_CORRELATION_ID_FLAG ? p->correlation_id : none);
    content->body = malloc(content->is_too_large ? 1 : (size_t)size + 1);
    if (!message->id || !message->content_type || !correlation || !content->body)
        return AMQP_STATUS_NO_MEMORY;
    if (p->_flags & AMQP_BASIC_TIMESTAMP_FLAG && p->timestamp <= INT64_MAX)
        message->timestamp = (int64_t)p->timestamp;
    content->number = strtoull(correlation, NULL, 10);
    message->body = content->body;
    message->len = (size_t)size;
    content->has_properties = 1;
    return message_headers(content, p->_flags & AMQP_BASIC_HEADERS_FLAG ? &p->headers : &no_headers);
}

void broker_content_init(struct broker_content *content)
{
    *content = (struct broker_content){.body = NULL};
    init_amqp_pool(&content->pool, MESSAGE_POOL);
}

void broker_content_free(struct broker_content *content)
{
    free(content->body);
    empty_amqp_pool(&content->pool);
    *content = (struct broker_content){.body = NULL};
}

void broker_content_expect(struct broker_content *content)
{
    amqp_pool_t pool = content->pool;

    free(content->body);
    recycle_amqp_pool(&pool);
    *content = (struct broker_content){.pool = pool, .is_expected = 1};
}

int broker_content_take(struct broker_content *content, const amqp_frame_t *frame, int *is_complete)
{
    amqp_bytes_t piece = frame->payload.body_fragment;
    int rc = AMQP_STATUS_OK;

    *is_complete = 0;
    if (frame->frame_type == AMQP_FRAME_HEADER && content->is_expected && !content->has_properties) {
        rc = content_properties(content, frame);
    } else if (frame->frame_type == AMQP_FRAME_BODY && content->is_expected && content->has_properties &&
               piece.len <= content->message.len - content->got) {
        if (!content->is_too_large)
            memcpy(content->body + content->got, piece.bytes, piece.len);
        content->got += piece.len;
    } else {
        rc = AMQP_STATUS_BAD_AMQP_DATA;
    }
    if (rc == AMQP_STATUS_OK && content->got == content->message.len) {
        content->body[content->is_too_large ? 0 : content->got] = '\0';
        content->is_expected = 0;
        *is_complete = 1;
    }
    return rc;
}

/* ---- to publish ---- */

/* A message that is made into frames. The first failure is kept. */
struct message_maker {
    amqp_pool_t *pool;
    int is_too_long, is_without_memory;
};

static amqp_bytes_t maker_bytes(struct message_maker *maker, const char *text)
{
    amqp_bytes_t bytes = broker_link_copy(maker->pool, text);

    maker->is_without_memory |= !bytes.bytes;
    return bytes;
}

/* librabbitmq writes the length of such a text without looking whether it is one octet. */
static amqp_bytes_t maker_short(struct message_maker *maker, const char *text)
{
    amqp_bytes_t bytes = maker_bytes(maker, text);

    maker->is_too_long |= bytes.len > MESSAGE_SHORT;
    return bytes;
}

static amqp_field_value_t maker_value(struct message_maker *maker, const struct broker_header *header)
{
    amqp_field_value_t value = {.kind = AMQP_FIELD_KIND_UTF8};

    if (header->kind == BROKER_NUMBER) {
        value.kind = AMQP_FIELD_KIND_I64;
        value.value.i64 = header->number;
    } else if (header->kind == BROKER_LIST) {
        amqp_field_value_t *entries = amqp_pool_alloc(maker->pool, (header->count + 1) * sizeof *entries);

        value.kind = AMQP_FIELD_KIND_ARRAY;
        value.value.array = (amqp_array_t){entries ? (int)header->count : 0, entries};
        maker->is_without_memory |= !entries;
        for (int i = 0; i < value.value.array.num_entries; i++) {
            entries[i] = (amqp_field_value_t){.kind = AMQP_FIELD_KIND_UTF8};
            entries[i].value.bytes = maker_bytes(maker, header->list[i]);
        }
    } else {
        value.value.bytes = maker_bytes(maker, header->text);
    }
    return value;
}

static void maker_properties(struct message_maker *maker, const struct broker_message *message, uint64_t number,
                             amqp_basic_properties_t *p)
{
    amqp_table_entry_t *entries = amqp_pool_alloc(maker->pool, (message->header_count + 1) * sizeof *entries);
    char correlation[24];

    snprintf(correlation, sizeof correlation, "%" PRIu64, number);
    p->_flags = AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_CORRELATION_ID_FLAG | AMQP_BASIC_HEADERS_FLAG;
    p->delivery_mode = AMQP_DELIVERY_PERSISTENT;
    p->correlation_id = maker_short(maker, correlation);
    if (*message->id)
        p->_flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
    p->message_id = maker_short(maker, message->id);
    if (*message->content_type)
        p->_flags |= AMQP_BASIC_CONTENT_TYPE_FLAG;
    p->content_type = maker_short(maker, message->content_type);
    if (message->timestamp > 0)
        p->_flags |= AMQP_BASIC_TIMESTAMP_FLAG;
    p->timestamp = (uint64_t)message->timestamp;
    p->headers = (amqp_table_t){0, entries};
    maker->is_without_memory |= !entries;
    for (size_t i = 0; entries && i < message->header_count; i++) {
        const struct broker_header *header = &message->headers[i];

        if (header->kind != BROKER_OTHER) {
            amqp_table_entry_t *entry = &entries[p->headers.num_entries++];

            entry->key = maker_short(maker, header->name);
            entry->value = maker_value(maker, header);
        }
    }
}

/* Do they fit into a frame? They cannot be split. */
static int message_fits(const amqp_basic_properties_t *properties, size_t frame_max)
{
    amqp_bytes_t room = {frame_max - MESSAGE_FRAMING, malloc(frame_max)};
    int rc = AMQP_STATUS_NO_MEMORY;

    if (room.bytes)
        rc = amqp_encode_properties(AMQP_BASIC_CLASS, (void *)(uintptr_t)properties, room);
    free(room.bytes);
    return rc < 0 ? rc : AMQP_STATUS_OK;
}

int broker_message_output(const struct broker_message *message, const char *exchange, const char *routing_key,
                          uint64_t number, size_t frame_max, struct link_output **out, struct fault *fault)
{
    struct link_output *output = broker_link_output(AMQP_BASIC_PUBLISH_METHOD);
    struct message_maker maker = {.pool = output ? &output->pool : NULL};
    char id[TEXT_QUOTED];
    int rc = AMQP_STATUS_NO_MEMORY;

    *out = NULL;
    if (!output)
        return fault_memory(fault);
    output->decoded.publish.exchange = maker_short(&maker, exchange);
    output->decoded.publish.routing_key = maker_short(&maker, routing_key);
    output->decoded.publish.mandatory = 1;
    maker_properties(&maker, message, number, &output->properties);
    output->body = message->body;
    output->len = message->len;
    if (!maker.is_too_long && !maker.is_without_memory)
        rc = message_fits(&output->properties, frame_max);
    if (!rc) {
        *out = output;
        return 0;
    }
    broker_link_forget(output);
    if (maker.is_without_memory || (rc == AMQP_STATUS_NO_MEMORY && !maker.is_too_long))
        return fault_memory(fault);
    return fault_set(fault, EXIT_DATA, ENVOI_E_TOO_LARGE, "the message %s does not fit into AMQP: %s",
                     text_quote(message->id, id),
                     maker.is_too_long ? "a name in it is longer than 255 octets"
                                       : "its headers are larger than a frame, which is 128 KiB");
}
