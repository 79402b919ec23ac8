/* SPDX-License-Identifier: ISC */
/* One line of rpld's monitor stream: {"schema":1, "seq", "time", "time_s", "event", ...}. */
#include "bridge/follow.h"

#include <arpa/inet.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "bridge/payload.h"

static const char *text_of(const cJSON *line, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(line, name);

    return cJSON_IsString(item) ? item->valuestring : NULL;
}

/* The node of an event; false when it is none that can be talked to (a prefix). */
static bool node_of(const cJSON *line, char eui64[BRG_EUI64_TEXT], int *ret_instance,
                    uint8_t ip[16])
{
    const cJSON *instance = cJSON_GetObjectItemCaseSensitive(line, "instance");
    const char *address = text_of(line, "address");
    const char *id = text_of(line, "eui64");

    if (address == NULL || inet_pton(AF_INET6, address, ip) != 1) {
        return false;
    }
    *ret_instance = cJSON_IsNumber(instance) ? instance->valueint : 0;
    if (id == NULL || brg_eui64_parse(id, eui64) < 0) {
        brg_eui64_from_address(ip, eui64);
    }
    return true;
}

/* Whom the node sends its packets to: in storing mode only the one that its DAO came from is known.
 */
static bool parent_of(const cJSON *line, uint8_t ip[16])
{
    const cJSON *first = cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(line, "parents"), 0);
    const char *address = first == NULL ? NULL : text_of(first, "address");

    if (address == NULL) {
        address = text_of(line, "via");
    }
    return address != NULL && inet_pton(AF_INET6, address, ip) == 1;
}

static int event(const struct brg_follow_handler *handler, const cJSON *line, const char *name)
{
    bool up = strcmp(name, "node-up") == 0 || strcmp(name, "node-change") == 0;
    char eui64[BRG_EUI64_TEXT];
    int instance;
    uint8_t parent[16];
    uint8_t ip[16];

    if (strcmp(name, "gap") == 0) {
        return -BRG_ERR_NOENT;
    }
    if (strcmp(name, "snapshot-end") == 0) {
        handler->snapshot_end(handler->ctx);
    } else if ((up || strcmp(name, "node-down") == 0) && node_of(line, eui64, &instance, ip)) {
        handler->node(handler->ctx, eui64, instance, up ? ip : NULL,
                      up && parent_of(line, parent) ? parent : NULL);
    }
    return 0;
}

int brg_follow_line(const struct brg_follow_handler *handler, const char *line, size_t len)
{
    const char *name;
    cJSON *json;
    int err = -BRG_ERR_FORMAT;

    if (brg_json_check(line, len) != NULL) {
        return -BRG_ERR_FORMAT;
    }
    json = cJSON_ParseWithLength(line, len);
    name = json == NULL ? NULL : text_of(json, "event");
    if (name != NULL) {
        err = event(handler, json, name);
    }
    cJSON_Delete(json);
    return err;
}
