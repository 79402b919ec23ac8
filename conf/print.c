/* SPDX-License-Identifier: ISC */
/* The effective configuration as a file that reads back to itself. */
#include "conf/internal.h"

#define VALUE_MAX 1024 /* a list of RPL_INTERFACES_MAX names fits */

/* One a line: such a list may be long. */
static void print_eui64_list(const struct conf_eui64_list *list, int indent, FILE *out)
{
    char text[CONF_EUI64_TEXT_MAX];

    (void)fprintf(out, "(");
    for (uint32_t i = 0; i < list->count; i++) {
        conf_eui64_number_format(list->eui64[i], text);
        (void)fprintf(out, "%s\n%*s\"%s\"", i == 0 ? "" : ",", indent + 4, "", text);
    }
    (void)fprintf(out, list->count == 0 ? " )" : "\n%*s)", indent, "");
}

static void print_names(const struct conf_node_names *list, int indent, FILE *out)
{
    char node[CONF_NODE_TEXT_MAX];

    (void)fprintf(out, "(");
    for (uint32_t i = 0; i < list->count; i++) {
        conf_node_format(&list->entry[i].node, node);
        (void)fprintf(out, "%s\n%*s{ node = \"%s\"; name = \"%s\"; }", i == 0 ? "" : ",",
                      indent + 4, "", node, list->entry[i].name);
    }
    (void)fprintf(out, list->count == 0 ? " )" : "\n%*s)", indent, "");
}

static void print_value(const struct conf_setting *setting, const void *base, int indent, FILE *out)
{
    char value[VALUE_MAX];

    if (setting->kind == CONF_EUI64_LIST) {
        print_eui64_list((const void *)((const char *)base + setting->offset), indent, out);
        return;
    }
    if (setting->kind == CONF_NAMES) {
        print_names((const void *)((const char *)base + setting->offset), indent, out);
        return;
    }
    conf_setting_format(setting, base, value, sizeof(value));
    (void)fprintf(out, "%s", value);
}

static void print_settings(enum conf_group group, const void *base, unsigned hidden, int indent,
                           FILE *out)
{
    for (size_t i = 0; i < conf_table_count; i++) {
        if (conf_table[i].group != group || (conf_table[i].flags & hidden) != 0)
            continue;
        (void)fprintf(out, "%*s%s = ", indent, "", conf_table[i].name);
        print_value(&conf_table[i], base, indent, out);
        (void)fprintf(out, "; # %s\n", conf_table[i].help);
    }
}

static void print_instance(const struct conf_instance *instance, bool last, FILE *out)
{
    unsigned hidden = instance->rpl.role == RPL_ROLE_ROOT ? CONF_NOT_ROOT : CONF_ROOT_ONLY;

    (void)fprintf(out, "    {\n");
    print_settings(CONF_GROUP_INSTANCE, instance, hidden, 8, out);
    for (unsigned g = CONF_GROUP_INSTANCE + 1; g < CONF_GROUP_COUNT; g++) {
        if ((conf_groups[g].flags & hidden) != 0)
            continue;
        (void)fprintf(out, "        %s = {\n", conf_groups[g].name);
        print_settings((enum conf_group)g, instance, hidden, 12, out);
        (void)fprintf(out, "        };\n");
    }
    (void)fprintf(out, "    }%s\n", last ? "" : ",");
}

void conf_print(const struct conf *conf, FILE *out)
{
    (void)fprintf(out, "instances = (\n");
    for (uint32_t i = 0; i < conf->instance_count; i++)
        print_instance(&conf->instance[i], i + 1 == conf->instance_count, out);
    (void)fprintf(out, ");\n");
    if (conf->radio_count > 0) {
        (void)fprintf(out, "radio = (\n");
        for (uint32_t i = 0; i < conf->radio_count; i++) {
            (void)fprintf(out, "    {\n");
            print_settings(CONF_GROUP_RADIO, &conf->radio[i], 0, 8, out);
            (void)fprintf(out, "    }%s\n", i + 1 == conf->radio_count ? "" : ",");
        }
        (void)fprintf(out, ");\n");
    }
    print_settings(CONF_GROUP_TOP, conf, 0, 0, out);
    for (unsigned g = CONF_GROUP_TOP + 1; g < CONF_GROUP_RADIO; g++) {
        if (g == CONF_GROUP_BRIDGE && !conf->bridge.present)
            continue;
        (void)fprintf(out, "%s = {\n", conf_groups[g].name);
        if (conf_groups[g].open)
            (void)fprintf(out, "    # what else this group holds is rpld-bridge's\n");
        print_settings((enum conf_group)g, conf, 0, 4, out);
        (void)fprintf(out, "};\n");
    }
}
