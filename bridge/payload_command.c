/* SPDX-License-Identifier: ISC */
/* What a message that wants something says beside its value. */
#include "bridge/payload.h"

#include <math.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "bridge/topic.h"

#define TTL_MAX_S 604800.0

/* A text or number, to be given back as it is. False: it is neither, or too long. */
static bool word_read(const cJSON *item, char *room, size_t size)
{
    struct brg_text text;

    if (item == NULL) {
        return true;
    }
    brg_text_init(&text, room, size);
    if (cJSON_IsString(item)) {
        brg_text_json_string(&text, item->valuestring, strlen(item->valuestring));
    } else if (cJSON_IsNumber(item) && isfinite(item->valuedouble)) {
        brg_text_number(&text, item->valuedouble);
    } else {
        return false;
    }
    if (text.full) {
        room[0] = '\0';
    }
    return !text.full;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* An ETag in hexadecimal digits, as results have it; "": any. */
static const char *match_read(const cJSON *object, struct brg_command_options *out)
{
    const cJSON *match = cJSON_GetObjectItemCaseSensitive(object, "if_match");
    const cJSON *none = cJSON_GetObjectItemCaseSensitive(object, "if_none_match");
    const char *text = cJSON_IsString(match) ? match->valuestring : "";

    if (none != NULL && !cJSON_IsBool(none)) {
        return "if_none_match that is no truth";
    }
    out->if_none_match = cJSON_IsTrue(none);
    if (match == NULL) {
        return NULL;
    }
    if (!cJSON_IsString(match) || strlen(text) % 2 != 0 || strlen(text) > 2 * sizeof(out->etag)) {
        return "if_match that is no ETag in hexadecimal digits";
    }
    for (; text[0] != '\0'; text += 2) {
        if (hex_digit(text[0]) < 0 || hex_digit(text[1]) < 0) {
            return "if_match that is no ETag in hexadecimal digits";
        }
        out->etag[out->etag_len++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
    }
    out->if_match = true;
    return NULL;
}

static const char *ttl_read(const cJSON *object, struct brg_command_options *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, "ttl");

    if (item == NULL) {
        return NULL;
    }
    if (!cJSON_IsNumber(item) || !(item->valuedouble > 0.) || item->valuedouble > TTL_MAX_S) {
        return "a ttl that is not a number of seconds, at most a week";
    }
    out->ttl_s = item->valuedouble;
    return NULL;
}

const char *brg_command_options(const char *data, size_t len, struct brg_command_options *ret)
{
    const char *reason;
    cJSON *json;

    *ret = (struct brg_command_options){.ttl_s = 0.};
    if (len == 0 || len > BRG_COMMAND_MAX || !brg_utf8_valid(data, len) ||
        brg_json_check(data, len) != NULL) {
        return NULL;
    }
    json = cJSON_ParseWithLength(data, len);
    reason = !word_read(cJSON_GetObjectItemCaseSensitive(json, "transaction"), ret->transaction,
                        sizeof(ret->transaction))
                 ? "a transaction that is neither text nor number, or too long"
             : !word_read(cJSON_GetObjectItemCaseSensitive(json, "key"), ret->key, sizeof(ret->key))
                 ? "a key that is neither text nor number, or too long"
                 : ttl_read(json, ret);
    if (reason == NULL) {
        reason = match_read(json, ret);
    }
    cJSON_Delete(json);
    return reason;
}

static bool text_read(const cJSON *object, const char *name, char *room, size_t size)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    if (item == NULL) {
        return true;
    }
    if (!cJSON_IsString(item) || strlen(item->valuestring) >= size) {
        return false;
    }
    memcpy(room, item->valuestring, strlen(item->valuestring) + 1);
    return true;
}

/* --- a node's options ----------------------------------------------------------------------- */

enum option_type { OPTION_TRUTH, OPTION_NUMBER, OPTION_FORMAT };

static const char *const formats[] = {
    [BRG_OUTPUT_JSON] = "json",
    [BRG_OUTPUT_VALUE] = "value",
    [BRG_OUTPUT_RAW] = "raw",
};

static const struct option {
    const char *name;
    enum option_type type;
    size_t offset;
    int min;
    int max;
} options[] = {
    {"sleepy", OPTION_TRUTH, offsetof(struct brg_options, sleepy), 0, 1},
    {"qos", OPTION_NUMBER, offsetof(struct brg_options, qos), 0, 2},
    {"retain", OPTION_TRUTH, offsetof(struct brg_options, retain), 0, 1},
    {"format", OPTION_FORMAT, offsetof(struct brg_options, output), 0, 2},
    {"poll_interval_s", OPTION_NUMBER, offsetof(struct brg_options, poll_interval_s), 1, 86400},
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

static int *option_of(struct brg_options *all, const struct option *option)
{
    return (int *)(void *)((char *)all + option->offset);
}

/* BRG_OPTION_KEEP: it is none of the option's. */
static int option_value(const struct option *option, const cJSON *item)
{
    double number = cJSON_IsNumber(item) ? item->valuedouble : -1.;

    if (cJSON_IsNull(item)) {
        return BRG_OPTION_UNSET;
    }
    if (option->type == OPTION_TRUTH && cJSON_IsBool(item)) {
        return cJSON_IsTrue(item) != 0;
    }
    if (option->type == OPTION_NUMBER && number >= option->min && number <= option->max &&
        floor(number) >= number) {
        return (int)number;
    }
    for (int i = 0; option->type == OPTION_FORMAT && i < 3; i++) {
        if (cJSON_IsString(item) && strcmp(item->valuestring, formats[i]) == 0) {
            return i;
        }
    }
    return BRG_OPTION_KEEP;
}

static const char *options_read(const cJSON *object, struct brg_request *ret)
{
    static const char wrong[] =
        "options are {\"sleepy\": true or false, \"qos\": 0 to 2, \"retain\": true or false, "
        "\"format\": \"json\", \"value\" or \"raw\", \"poll_interval_s\": 1 to 86400}, null for as "
        "configured";
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(object, "options");
    const cJSON *item;

    ret->has_change = all != NULL;
    ret->change = (struct brg_options){BRG_OPTION_KEEP, BRG_OPTION_KEEP, BRG_OPTION_KEEP,
                                       BRG_OPTION_KEEP, BRG_OPTION_KEEP};
    if (all != NULL && !cJSON_IsObject(all)) {
        return wrong;
    }
    for (item = all == NULL ? NULL : all->child; item != NULL; item = item->next) {
        const struct option *option = NULL;
        int value;

        for (size_t i = 0; i < N_OPTIONS; i++) {
            option = strcmp(options[i].name, item->string) == 0 ? &options[i] : option;
        }
        value = option == NULL ? BRG_OPTION_KEEP : option_value(option, item);
        if (value == BRG_OPTION_KEEP) {
            return wrong;
        }
        *option_of(&ret->change, option) = value;
    }
    return NULL;
}

void brg_options_write(struct brg_text *out, const struct brg_options *all)
{
    struct brg_options copy = *all;

    for (size_t i = 0; i < N_OPTIONS; i++) {
        int value = *option_of(&copy, &options[i]);

        brg_text_puts(out, i == 0 ? "{\"" : ",\"");
        brg_text_puts(out, options[i].name);
        brg_text_puts(out, "\":");
        if (value < 0) {
            brg_text_puts(out, "null");
        } else if (options[i].type == OPTION_TRUTH) {
            brg_text_puts(out, value ? "true" : "false");
        } else if (options[i].type == OPTION_FORMAT) {
            brg_text_json_string(out, formats[value], strlen(formats[value]));
        } else {
            brg_text_u64(out, (uint64_t)value);
        }
    }
    brg_text_puts(out, "}");
}

/* --- requests ------------------------------------------------------------------------------- */

static const char *request_read(const cJSON *json, struct brg_request *ret)
{
    const cJSON *name = cJSON_GetObjectItemCaseSensitive(json, "name");

    ret->has_name = name != NULL;
    if (!cJSON_IsObject(json) || !text_read(json, "id", ret->id, sizeof(ret->id)) ||
        !text_read(json, "path", ret->path, sizeof(ret->path)) ||
        (!cJSON_IsNull(name) && !text_read(json, "name", ret->name, sizeof(ret->name)))) {
        return "not understood; allowed is {\"id\": NODE, \"path\": PATH, \"name\": NAME, "
               "\"options\": {}}";
    }
    return options_read(json, ret);
}

const char *brg_request_read(const char *data, size_t len, struct brg_request *ret)
{
    const char *reason;
    cJSON *json = NULL;

    memset(ret, 0, sizeof(*ret));
    reason = brg_command_options(data, len, &ret->options);
    if (reason != NULL || len == 0) {
        return reason;
    }
    if (len <= BRG_COMMAND_MAX && brg_json_check(data, len) == NULL) {
        json = cJSON_ParseWithLength(data, len);
    }
    reason = request_read(json, ret);
    cJSON_Delete(json);
    return reason;
}
