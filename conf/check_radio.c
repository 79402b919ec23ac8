/* SPDX-License-Identifier: ISC */
/* What no setting of a radio can know alone. One mistake, one error. */
#include <string.h>

#include "conf/internal.h"

struct place {
    const config_setting_t *at; /* the setting, or the group that lacks it */
    char path[64];
    bool bad; /* there is an error about it already, or no group to have it */
};

static struct place locate(const struct conf_reader *reader, const config_setting_t *root,
                           uint32_t index, const char *name)
{
    const config_setting_t *list = config_setting_get_member(root, "radio"), *found = NULL;
    struct place place = {.at = config_setting_get_elem(list, index)};

    (void)snprintf(place.path, sizeof(place.path), "radio[%u].%s", index, name);
    if (place.at->type == CONFIG_TYPE_GROUP)
        found = config_setting_get_member(place.at, name);
    place.bad =
        place.at->type != CONFIG_TYPE_GROUP || conf_error_at_setting(reader->errors, place.path);
    if (found != NULL)
        place.at = found;
    return place;
}

static bool is_any(const struct conf_radio *radio)
{
    static const uint8_t any[CONF_EUI64_LEN] = {0};

    return memcmp(radio->eui64, any, sizeof(any)) == 0;
}

/* Which radio is meant has to be clear whatever is plugged in first. */
static void check_eui64(struct conf_reader *reader, const config_setting_t *root, uint32_t index)
{
    const struct conf_radio *all = reader->conf->radio, *radio = &all[index];
    struct place place = locate(reader, root, index, "eui64");

    if (place.bad)
        return;
    if (is_any(radio) && reader->conf->radio_count > 1) {
        conf_error_add(reader->errors, reader->file, config_setting_source_line(place.at),
                       place.path, "\"any\"",
                       "there is more than one radio; each has to be named by its EUI-64");
        return;
    }
    for (uint32_t i = 0; i < index; i++)
        if (!locate(reader, root, i, "eui64").bad && !is_any(radio) &&
            memcmp(all[i].eui64, radio->eui64, sizeof(radio->eui64)) == 0) {
            conf_reader_error(reader, place.at, place.path, "also the EUI-64 of radio[%u]", i);
            return;
        }
}

static void check_interface(struct conf_reader *reader, const config_setting_t *root,
                            uint32_t index)
{
    const struct conf *conf = reader->conf;
    const char *name = conf->radio[index].interface;
    struct place place = locate(reader, root, index, "interface");
    uint32_t line = config_setting_source_line(place.at);
    char value[RPL_IFNAME_MAX + 2];

    if (place.bad)
        return;
    (void)snprintf(value, sizeof(value), "\"%s\"", name);
    for (uint32_t i = 0; i < index; i++)
        if (!locate(reader, root, i, "interface").bad &&
            strcmp(conf->radio[i].interface, name) == 0) {
            conf_error_add(reader->errors, reader->file, line, place.path, value,
                           "also the interface of radio[%u]; every radio has its own", i);
            return;
        }
    for (uint32_t i = 0; i < reader->errors->count; i++)
        if (strncmp(reader->errors->error[i].setting, "instances", strlen("instances")) == 0)
            return; /* it may well stand where something is wrong */
    if (conf_interface_instances(conf, name) == 0)
        conf_error_add(reader->errors, reader->file, line, place.path, value,
                       "no instance runs on it; name the same in radio and in interfaces");
}

void conf_check_radios(struct conf_reader *reader, const config_setting_t *root)
{
    for (uint32_t i = 0; i < reader->conf->radio_count; i++) {
        check_eui64(reader, root, i);
        check_interface(reader, root, i);
    }
}
