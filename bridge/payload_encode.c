/* SPDX-License-Identifier: ISC */
/*
 * What is sent for a command: one value, or a whole structure, in the content format of the
 * resource. For SenML (RFC 8428) the record around a value is like the one that the resource sent
 * last, with its names and its unit.
 */
#include "bridge/payload.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "bridge/coap_msg.h"
#include "bridge/topic.h"

static const char too_large[] = "too large";
static const char not_scalar[] = "a value that is no number, text or boolean";

/* The value of a command: what stands in "v" of an object, or the payload itself. */
struct command {
    const struct brg_command_form *form;
    struct brg_decoder *dec;
    const cJSON *value; /* NULL: the payload is plain text */
    const char *text;
    size_t len;
    const char *name; /* the SenML record that is meant; NULL: not said */
};

static bool is_structure(const cJSON *value)
{
    return cJSON_IsArray(value) || cJSON_IsObject(value) || cJSON_IsNull(value);
}

/* The text of a value that is one. */
static const char *text_of(const struct command *command, size_t *ret_len)
{
    const char *text = command->value == NULL ? command->text : command->value->valuestring;

    *ret_len = command->value == NULL ? command->len : strlen(text);
    return text;
}

static void value_write(struct brg_text *out, const struct command *command, bool json)
{
    const cJSON *value = command->value;
    const char *text;
    size_t len;

    if (value != NULL && !cJSON_IsString(value)) {
        brg_tree_json(out, value);
        return;
    }
    text = text_of(command, &len);
    if (json) {
        brg_text_json_string(out, text, len);
    } else {
        brg_text_put(out, text, len);
    }
}

/* --- SenML ---------------------------------------------------------------------------------- */

static const char *string_of(const cJSON *record, const char *field)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(record, field);

    return cJSON_IsString(item) ? item->valuestring : "";
}

/* Is the record called that, by itself or with its base name, as it stands in topics? */
static bool is_called(const cJSON *record, const char *name)
{
    const char *base = string_of(record, "bn");
    const char *own = string_of(record, "n");
    size_t len;

    if (strcmp(own, name) == 0) {
        return true;
    }
    base += strspn(base, "/");
    own += base[0] == '\0' ? strspn(own, "/") : 0;
    len = strlen(base);
    return strncmp(name, base, len) == 0 && strcmp(name + len, own) == 0;
}

/* The record of the shape that is meant; NULL: none, with |*ret_reason| if that will not do. */
static const cJSON *record_choose(const struct command *command, const cJSON *shape,
                                  const char **ret_reason)
{
    const cJSON *record = shape == NULL ? NULL : shape->child;

    if (command->name == NULL) {
        if (record != NULL && record->next != NULL) {
            *ret_reason = "the resource has several SenML records; \"n\" says which is meant";
        }
        return record;
    }
    while (record != NULL && !is_called(record, command->name)) {
        record = record->next;
    }
    return record;
}

static void member(struct brg_text *out, const char *name, const char *value)
{
    brg_text_puts(out, out->len > 2 ? ",\"" : "\"");
    brg_text_puts(out, name);
    brg_text_puts(out, "\":");
    brg_text_json_string(out, value, strlen(value));
}

/* The names and the unit of the record, as the node writes them. */
static void record_head(struct brg_text *out, const struct command *command, const cJSON *record)
{
    static const char *const fields[] = {"bn", "bu", "n", "u"};
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(record, "bver");

    if (cJSON_IsNumber(version)) {
        brg_text_puts(out, "\"bver\":");
        brg_text_number(out, version->valuedouble);
    }
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        const char *value = string_of(record, fields[i]);

        if (value[0] != '\0') {
            member(out, fields[i], value);
        }
    }
    if (record == NULL) {
        member(out, "n", command->name != NULL ? command->name : command->form->name);
    }
}

/* A value of the kind that the node gave; a text that it did not is for the node to judge. */
static void record_value(struct brg_text *out, const struct command *command, const cJSON *record)
{
    bool was_text = cJSON_GetObjectItemCaseSensitive(record, "vs") != NULL;
    bool was_data = cJSON_GetObjectItemCaseSensitive(record, "vd") != NULL;
    bool is_text = command->value == NULL || cJSON_IsString(command->value);

    if (is_text && was_data) {
        brg_text_puts(out, ",\"vd\":");
        value_write(out, command, true);
    } else if (is_text) {
        brg_text_puts(out, ",\"vs\":");
        value_write(out, command, true);
    } else if (was_text) {
        brg_text_puts(out, ",\"vs\":\"");
        value_write(out, command, false); /* digits, true or false */
        brg_text_puts(out, "\"");
    } else {
        brg_text_puts(out, cJSON_IsBool(command->value) ? ",\"vb\":" : ",\"v\":");
        value_write(out, command, true);
    }
}

/* Writes a pack of one record. NULL, or why not. */
static const char *pack_make(struct brg_text *out, const struct command *command)
{
    const char *shape = command->form->shape;
    cJSON *json = shape == NULL ? NULL : cJSON_Parse(shape);
    const char *reason = NULL;
    const cJSON *record = record_choose(command, json, &reason);

    if (reason == NULL && record == NULL && command->name == NULL && command->form->name == NULL) {
        reason = "nothing says what the SenML record is called";
    }
    if (reason == NULL) {
        brg_text_puts(out, "[{");
        record_head(out, command, record);
        record_value(out, command, record);
        brg_text_puts(out, "}]");
    }
    cJSON_Delete(json);
    return reason;
}

/* The pack in SenML's CBOR, in place of its JSON in |out|. */
static const char *pack_to_cbor(struct brg_octets *out, const char *text, size_t len)
{
    cJSON *json = cJSON_ParseWithLength(text, len);

    if (json == NULL) {
        return "out of memory";
    }
    brg_tree_cbor(out, json, true);
    cJSON_Delete(json);
    return out->full ? too_large : NULL;
}

/* A value becomes a pack of one record; an array is a pack, as it stands. */
static const char *encode_senml(const struct command *command, struct brg_octets *out)
{
    const char *reason = NULL;
    struct brg_text text;

    if (is_structure(command->value) && !cJSON_IsArray(command->value)) {
        return "neither a value nor a SenML pack";
    }
    brg_text_init(&text, (char *)out->data, out->size);
    if (cJSON_IsArray(command->value)) {
        brg_tree_json(&text, command->value);
    } else {
        reason = pack_make(&text, command);
    }
    if (reason != NULL || text.full) {
        return reason != NULL ? reason : too_large;
    }
    if (brg_decode(command->dec, COAP_FORMAT_SENML_JSON, out->data, text.len) < 0) {
        return command->dec->reason;
    }
    if (command->form->format == COAP_FORMAT_SENML_CBOR) {
        return pack_to_cbor(out, text.buf, text.len);
    }
    out->len = text.len;
    return NULL;
}

/* --- the others ----------------------------------------------------------------------------- */

static const char *encode_text(const struct command *command, struct brg_octets *out)
{
    bool json = command->form->format == COAP_FORMAT_JSON;
    struct brg_text text;

    if (!json && is_structure(command->value)) {
        return not_scalar;
    }
    brg_text_init(&text, (char *)out->data, out->size);
    value_write(&text, command, json);
    out->len = text.len;
    return text.full ? too_large : NULL;
}

static const char *encode_cbor(const struct command *command, struct brg_octets *out)
{
    if (command->value == NULL) {
        brg_cbor_text(out, command->text, command->len);
    } else {
        brg_tree_cbor(out, command->value, false);
    }
    return out->full ? too_large : NULL;
}

/* {"v": "AQID"} is base64url, as octets are published; anything else is octets as they came. */
static const char *encode_octets(const struct command *command, struct brg_octets *out)
{
    const cJSON *value = command->value;

    if (value == NULL) {
        if (command->len > out->size) {
            return too_large;
        }
        memcpy(out->data, command->text, command->len);
        out->len = command->len;
        return NULL;
    }
    out->len = cJSON_IsString(value)
                   ? brg_base64_length(value->valuestring, strlen(value->valuestring))
                   : SIZE_MAX;
    if (out->len == SIZE_MAX) {
        return "octets are written as base64url in \"v\", or sent as they are";
    }
    if (out->len > out->size) {
        return too_large;
    }
    brg_base64_decode(value->valuestring, strlen(value->valuestring), out->data);
    return NULL;
}

static const char *encode(const struct command *command, struct brg_octets *out)
{
    switch (command->form->format) {
    case COAP_FORMAT_NONE:
    case COAP_FORMAT_TEXT:
    case COAP_FORMAT_JSON:
        return encode_text(command, out);
    case COAP_FORMAT_CBOR:
        return encode_cbor(command, out);
    case COAP_FORMAT_SENML_JSON:
    case COAP_FORMAT_SENML_CBOR:
        return encode_senml(command, out);
    case COAP_FORMAT_OCTETS:
        return encode_octets(command, out);
    default:
        return "a resource of a format that commands are not written in";
    }
}

bool brg_command_writes(int format)
{
    return format == COAP_FORMAT_TEXT || format == COAP_FORMAT_JSON || format == COAP_FORMAT_CBOR ||
           format == COAP_FORMAT_SENML_JSON || format == COAP_FORMAT_SENML_CBOR ||
           format == COAP_FORMAT_OCTETS;
}

/* --- reading the command -------------------------------------------------------------------- */

static const char *command_read(struct command *command, const cJSON *json)
{
    const cJSON *name = NULL;

    command->value = json;
    if (json != NULL && cJSON_IsObject(json)) {
        command->value = cJSON_GetObjectItemCaseSensitive(json, "v");
        name = cJSON_GetObjectItemCaseSensitive(json, "n");
        if (command->value == NULL) {
            return "an object without \"v\"";
        }
    }
    if (command->value != NULL && !brg_tree_finite(command->value)) {
        return "a number that is not finite";
    }
    if (name != NULL && !cJSON_IsString(name)) {
        return "\"n\", the name of a SenML record, is no text";
    }
    command->name = name == NULL ? NULL : name->valuestring;
    return NULL;
}

/* The payload as JSON; NULL: it is something else, or is to be taken as it came. */
static cJSON *command_parse(int format, const char *data, size_t len)
{
    const char *end = NULL;
    bool as_it_came = format <= COAP_FORMAT_TEXT || format == COAP_FORMAT_OCTETS;
    cJSON *json = NULL;

    if (brg_json_check(data, len) == NULL) {
        json = cJSON_ParseWithLengthOpts(data, len, &end, false);
    }
    /* "21 degrees" is text; and of "007" for a text resource no digit is lost. */
    if (json != NULL && (end != data + len || (as_it_came && !cJSON_IsObject(json)))) {
        cJSON_Delete(json);
        json = NULL;
    }
    return json;
}

int brg_command_encode(const struct brg_command_form *form, struct brg_decoder *dec,
                       const char *data, size_t len, uint8_t *out, size_t size, size_t *ret_len,
                       const char **ret_reason)
{
    struct command command = {.form = form, .dec = dec, .text = data, .len = len};
    struct brg_octets octets = {.data = out, .size = size};
    cJSON *json;

    *ret_len = 0;
    *ret_reason = NULL;
    if (len == 0 || len > size) {
        *ret_reason = len == 0 ? "empty" : too_large;
        return len == 0 ? -BRG_ERR_FORMAT : -BRG_ERR_SIZE;
    }
    if (form->format != COAP_FORMAT_OCTETS &&
        (!brg_utf8_valid(data, len) || memchr(data, '\0', len) != NULL)) {
        *ret_reason = "not UTF-8";
        return -BRG_ERR_FORMAT;
    }
    json = command_parse(form->format, data, len);
    /* The octets of an object that is no command are octets, too. */
    if (json != NULL && form->format == COAP_FORMAT_OCTETS &&
        cJSON_GetObjectItemCaseSensitive(json, "v") == NULL) {
        cJSON_Delete(json);
        json = NULL;
    }
    *ret_reason = command_read(&command, json);
    if (*ret_reason == NULL) {
        *ret_reason = encode(&command, &octets);
    }
    cJSON_Delete(json);
    if (*ret_reason != NULL) {
        return *ret_reason == too_large ? -BRG_ERR_SIZE : -BRG_ERR_FORMAT;
    }
    *ret_len = octets.len;
    return 0;
}
