/* SPDX-License-Identifier: ISC */
/* What a message that wants something says beside its value. */
#include "bridge/payload.h"

#include <math.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "bridge/topic.h"

#define TTL_MAX_S 604800.0

static const char *transaction_read(const cJSON *object, struct brg_command_options *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, "transaction");
    struct brg_text text;

    if (item == NULL) {
        return NULL;
    }
    brg_text_init(&text, out->transaction, sizeof(out->transaction));
    if (cJSON_IsString(item)) {
        brg_text_json_string(&text, item->valuestring, strlen(item->valuestring));
    } else if (cJSON_IsNumber(item) && isfinite(item->valuedouble)) {
        brg_text_number(&text, item->valuedouble);
    } else {
        return "a transaction that is neither text nor number";
    }
    if (text.full) {
        out->transaction[0] = '\0';
        return "a transaction that is too long";
    }
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
    reason = transaction_read(json, ret);
    if (reason == NULL) {
        reason = ttl_read(json, ret);
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

const char *brg_request_read(const char *data, size_t len, struct brg_request *ret)
{
    const char *reason = brg_command_options(data, len, &ret->options);
    cJSON *json = NULL;

    ret->id[0] = '\0';
    ret->path[0] = '\0';
    if (reason != NULL || len == 0) {
        return reason;
    }
    if (len <= BRG_COMMAND_MAX && brg_utf8_valid(data, len) && brg_json_check(data, len) == NULL) {
        json = cJSON_ParseWithLength(data, len);
    }
    if (!cJSON_IsObject(json) || !text_read(json, "id", ret->id, sizeof(ret->id)) ||
        !text_read(json, "path", ret->path, sizeof(ret->path))) {
        reason = "not understood; allowed is {\"id\": NODE, \"path\": PATH}";
    }
    cJSON_Delete(json);
    return reason;
}
