/* SPDX-License-Identifier: ISC */
/* Settings that had other names once: a file of the previous version still works. */
#include <string.h>

#include "conf/internal.h"

const struct conf_old *conf_old_names;
size_t conf_old_count;

const struct conf_setting *conf_old_find(enum conf_group group, const char *name)
{
    for (size_t i = 0; i < conf_old_count; i++)
        if (conf_old_names[i].group == group && strcmp(conf_old_names[i].name, name) == 0)
            return conf_setting_find(group, conf_old_names[i].now);
    return NULL;
}
