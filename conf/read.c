/* SPDX-License-Identifier: ISC */
/* From libconfig's tree to struct conf: every group and setting of the table, every error. */
#include <stdarg.h>
#include <string.h>

#include "conf/internal.h"

#define CONF_KERNEL_METRIC 1024u

const char *conf_type_name(const config_setting_t *setting)
{
    switch (setting->type) {
    case CONFIG_TYPE_GROUP:
        return "a group";
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return "a number";
    case CONFIG_TYPE_FLOAT:
        return "a number with a fraction";
    case CONFIG_TYPE_STRING:
        return "a string";
    case CONFIG_TYPE_BOOL:
        return "true or false";
    case CONFIG_TYPE_ARRAY:
        return "an array";
    case CONFIG_TYPE_LIST:
        return "a list";
    default:
        return "nothing";
    }
}

void conf_value_describe(const config_setting_t *setting, char *out, size_t size)
{
    switch (setting->type) {
    case CONFIG_TYPE_GROUP:
        (void)snprintf(out, size, "{ ... }");
        break;
    case CONFIG_TYPE_INT:
        (void)snprintf(out, size, setting->format == CONFIG_FORMAT_HEX ? "0x%x" : "%d",
                       (unsigned)config_setting_get_int(setting));
        break;
    case CONFIG_TYPE_INT64:
        (void)snprintf(out, size, "%lld", config_setting_get_int64(setting));
        break;
    case CONFIG_TYPE_FLOAT:
        (void)snprintf(out, size, "%g", config_setting_get_float(setting));
        break;
    case CONFIG_TYPE_STRING:
        (void)snprintf(out, size, "\"%s\"", config_setting_get_string(setting));
        break;
    case CONFIG_TYPE_BOOL:
        (void)snprintf(out, size, config_setting_get_bool(setting) != 0 ? "true" : "false");
        break;
    case CONFIG_TYPE_ARRAY:
        (void)snprintf(out, size, config_setting_length(setting) == 0 ? "[ ]" : "[ ... ]");
        break;
    case CONFIG_TYPE_LIST:
        (void)snprintf(out, size, config_setting_length(setting) == 0 ? "( )" : "( ... )");
        break;
    default:
        out[0] = '\0';
        break;
    }
}

void conf_reader_where(const struct conf_reader *reader, const config_setting_t *setting, char *out,
                       size_t size)
{
    const char *file = config_setting_source_file(setting);

    if (file == NULL || reader->dir == NULL)
        (void)snprintf(out, size, "%s", reader->file);
    else
        conf_source_reported_path(reader->dir, file, out, size);
}

void conf_reader_error(struct conf_reader *reader, const config_setting_t *setting,
                       const char *path, const char *format, ...)
{
    char where[CONF_ERROR_FILE_MAX], value[CONF_ERROR_VALUE_MAX + 8], text[CONF_ERROR_TEXT_MAX];
    uint32_t line = config_setting_source_line(setting);
    va_list ap;

    conf_reader_where(reader, setting, where, sizeof(where));
    conf_value_describe(setting, value, sizeof(value));
    va_start(ap, format);
    (void)vsnprintf(text, sizeof(text), format, ap);
    va_end(ap);
    conf_error_add(reader->errors, where, line, path, value, "%s", text);
}

/* A number that libconfig has cut is judged already, by the line it stands on. */
static bool number_judged(const struct conf_reader *reader, const config_setting_t *from)
{
    char where[CONF_ERROR_FILE_MAX];

    if (from->type != CONFIG_TYPE_INT && from->type != CONFIG_TYPE_INT64)
        return false;
    conf_reader_where(reader, from, where, sizeof(where));
    for (uint32_t i = 0; i < reader->errors->count; i++) {
        const struct conf_error *e = &reader->errors->error[i];

        if (e->setting[0] == '\0' && e->line == config_setting_source_line(from) &&
            strcmp(e->file, where) == 0)
            return true;
    }
    return false;
}

/* True, after an error, if this role may not set it. */
static bool role_forbids(struct conf_reader *reader, unsigned flags, const config_setting_t *from,
                         const char *path)
{
    unsigned forbidden = flags & reader->role_flags;

    if (forbidden & CONF_ROOT_ONLY)
        conf_reader_error(reader, from, path,
                          "only a root sets this, and role is \"%s\"; remove it", reader->role);
    else if (forbidden & CONF_NOT_ROOT)
        conf_reader_error(reader, from, path,
                          "only a router or leaf sets this, and role is \"root\"; remove it");
    return forbidden != 0;
}

static void read_group(struct conf_reader *reader, enum conf_group group, void *base,
                       const config_setting_t *from, const char *path);

static void join(const char *path, const char *name, char *out, size_t size)
{
    (void)snprintf(out, size, "%s%s%s", path, path[0] == '\0' ? "" : ".", name);
}

static void read_instances(struct conf_reader *reader, const config_setting_t *from);
static void read_radios(struct conf_reader *reader, const config_setting_t *from);

static void read_subgroup(struct conf_reader *reader, enum conf_group group, void *base,
                          const config_setting_t *from, const char *path)
{
    if (group == CONF_GROUP_INSTANCE) {
        read_instances(reader, from);
        return;
    }
    if (group == CONF_GROUP_RADIO) {
        read_radios(reader, from);
        return;
    }
    if (role_forbids(reader, conf_groups[group].flags, from, path))
        return;
    if (from->type != CONFIG_TYPE_GROUP) {
        conf_reader_error(reader, from, path, "this is %s; allowed is a group, { ... }",
                          conf_type_name(from));
        return;
    }
    if (group == CONF_GROUP_BRIDGE)
        reader->conf->bridge.present = true;
    read_group(reader, group, base, from, path);
}

/* What an earlier version called otherwise. */
static void read_old(struct conf_reader *reader, const struct conf_setting *setting, void *base,
                     const config_setting_t *from, const char *path)
{
    if (config_setting_get_member(config_setting_parent(from), setting->name) != NULL) {
        conf_reader_error(reader, from, path, "the old name of %s, which is set too; remove this",
                          setting->name);
        return;
    }
    conf_reader_error(reader, from, path, "an old name, understood for now; write %s = ...",
                      setting->name);
    conf_error_warn_last(reader->errors);
    (void)conf_assign(reader, setting, base, from, path);
}

static void read_member(struct conf_reader *reader, enum conf_group group, void *base,
                        const config_setting_t *from, const char *path)
{
    const char *name = config_setting_name(from);
    const struct conf_setting *setting = conf_setting_find(group, name);
    enum conf_group sub = conf_group_find(group, name);
    char full[CONF_PATH_TEXT_MAX], text[CONF_ERROR_TEXT_MAX];

    join(path, name, full, sizeof(full));
    if (from->type == CONFIG_TYPE_NONE)
        return; /* the parser stopped here, and says so */
    if (sub != CONF_GROUP_COUNT) {
        read_subgroup(reader, sub, base, from, full);
    } else if (setting != NULL) {
        if (!role_forbids(reader, setting->flags, from, full) && !number_judged(reader, from))
            (void)conf_assign(reader, setting, base, from, full);
    } else if ((setting = conf_old_find(group, name)) != NULL) {
        if (!role_forbids(reader, setting->flags, from, full) && !number_judged(reader, from))
            read_old(reader, setting, base, from, full);
    } else if (!conf_groups[group].open) {
        conf_suggest(group, name, text, sizeof(text));
        conf_reader_error(reader, from, full, "%s", text);
    }
}

/* Under its name, or an old one. */
static bool has_setting(const config_setting_t *from, enum conf_group group, const char *name)
{
    bool found = config_setting_get_member(from, name) != NULL;

    for (size_t i = 0; i < conf_old_count && !found; i++)
        found = conf_old_names[i].group == group && strcmp(conf_old_names[i].now, name) == 0 &&
                config_setting_get_member(from, conf_old_names[i].name) != NULL;
    return found;
}

static void read_group(struct conf_reader *reader, enum conf_group group, void *base,
                       const config_setting_t *from, const char *path)
{
    for (int i = 0; i < config_setting_length(from); i++)
        read_member(reader, group, base, config_setting_get_elem(from, (unsigned)i), path);
    if (reader->partial)
        return;
    for (size_t i = 0; i < conf_table_count; i++)
        if (conf_table[i].group == group && (conf_table[i].flags & CONF_REQUIRED) != 0 &&
            !has_setting(from, group, conf_table[i].name)) {
            char full[CONF_PATH_TEXT_MAX], allowed[CONF_PATH_TEXT_MAX], where[CONF_ERROR_FILE_MAX];

            join(path, conf_table[i].name, full, sizeof(full));
            conf_setting_allowed(&conf_table[i], allowed, sizeof(allowed));
            conf_reader_where(reader, from, where, sizeof(where));
            conf_error_add(reader->errors, where, config_setting_source_line(from), full, NULL,
                           "missing; it is %s", allowed);
        }
}

/* What this instance may not set: known as soon as its role is. */
static void learn_role(struct conf_reader *reader, const config_setting_t *from)
{
    const config_setting_t *role = config_setting_get_member(from, "role");

    reader->role_flags = 0;
    reader->role = "";
    if (role == NULL || role->type != CONFIG_TYPE_STRING)
        return;
    reader->role = config_setting_get_string(role);
    if (strcmp(reader->role, "root") == 0)
        reader->role_flags = CONF_NOT_ROOT;
    else if (strcmp(reader->role, "router") == 0 || strcmp(reader->role, "leaf") == 0)
        reader->role_flags = CONF_ROOT_ONLY;
}

static void add_constraint(struct conf_instance *instance, uint8_t type, uint32_t value)
{
    struct rpl_instance_config *rpl = &instance->rpl;

    if (value == 0 || rpl->constraint_count == RPL_CONSTRAINTS_MAX)
        return;
    rpl->constraint[rpl->constraint_count].type = type;
    rpl->constraint[rpl->constraint_count].optional = instance->constraints.optional;
    rpl->constraint[rpl->constraint_count].value = value;
    rpl->constraint_count++;
}

/* In the form in which a root announces them; the numbers are RFC 6551's object types. */
static void fill_constraints(struct conf_instance *instance)
{
    add_constraint(instance, 2, instance->constraints.energy);
    add_constraint(instance, 3, instance->constraints.hops);
    add_constraint(instance, 4, instance->constraints.throughput);
    add_constraint(instance, 5, instance->constraints.latency_us);
    add_constraint(instance, 7, instance->constraints.etx);
}

static void read_instance(struct conf_reader *reader, const config_setting_t *from,
                          const char *path)
{
    struct conf_instance *instance = &reader->conf->instance[reader->conf->instance_count];

    if (from->type != CONFIG_TYPE_GROUP) {
        conf_reader_error(reader, from, path, "this is %s; allowed is a group, { ... }",
                          conf_type_name(from));
        return;
    }
    reader->conf->instance_count++;
    memset(instance, 0, sizeof(*instance));
    rpl_instance_config_default(&instance->rpl);
    instance->prefix_auto = true;
    instance->uplink_subnet = CONF_SUBNET_LAST;
    learn_role(reader, from);
    read_group(reader, CONF_GROUP_INSTANCE, instance, from, path);
    if (instance->rpl.role != RPL_ROLE_ROOT)
        instance->prefix_auto = false;
    /* What the kernel makes of no metric, and what netlink/ calls so too. */
    if (instance->rpl.route_metric == CONF_KERNEL_METRIC)
        instance->rpl.route_metric = 0;
    fill_constraints(instance);
    reader->role_flags = 0;
}

static void read_instances(struct conf_reader *reader, const config_setting_t *from)
{
    char path[32];

    if (from->type != CONFIG_TYPE_LIST) {
        conf_reader_error(reader, from, "instances",
                          "this is %s; allowed is a list of groups, ( { ... } )",
                          conf_type_name(from));
        return;
    }
    if (config_setting_length(from) == 0 && !reader->partial)
        conf_reader_error(reader, from, "instances",
                          "empty; allowed is a list of 1 to %u groups, ( { ... } )",
                          RPL_INSTANCES_MAX);
    for (int i = 0; i < config_setting_length(from); i++) {
        (void)snprintf(path, sizeof(path), "instances[%d]", i);
        if (i == RPL_INSTANCES_MAX) {
            conf_reader_error(reader, config_setting_get_elem(from, (unsigned)i), path,
                              "one instance too many; allowed is a list of 1 to %u groups",
                              RPL_INSTANCES_MAX);
            return;
        }
        read_instance(reader, config_setting_get_elem(from, (unsigned)i), path);
    }
}

static void read_radios(struct conf_reader *reader, const config_setting_t *from)
{
    struct conf *conf = reader->conf;
    char path[32];

    if (from->type != CONFIG_TYPE_LIST) {
        conf_reader_error(reader, from, "radio",
                          "this is %s; allowed is a list of groups, ( { ... } )",
                          conf_type_name(from));
        return;
    }
    for (int i = 0; i < config_setting_length(from); i++) {
        const config_setting_t *group = config_setting_get_elem(from, (unsigned)i);

        (void)snprintf(path, sizeof(path), "radio[%d]", i);
        if (i == CONF_RADIOS_MAX) {
            conf_reader_error(reader, group, path,
                              "one radio too many; allowed is a list of up to %u groups",
                              CONF_RADIOS_MAX);
            return;
        }
        conf->radio_count++;
        if (group->type == CONFIG_TYPE_GROUP)
            read_group(reader, CONF_GROUP_RADIO, &conf->radio[i], group, path);
        else
            conf_reader_error(reader, group, path, "this is %s; allowed is a group, { ... }",
                              conf_type_name(group));
    }
}

void conf_read_tree(struct conf_reader *reader, const config_setting_t *root)
{
    read_group(reader, CONF_GROUP_TOP, reader->conf, root, "");
    if (reader->partial)
        return;
    if (config_setting_get_member(root, "instances") == NULL)
        conf_error_add(reader->errors, reader->file, 0, "instances", NULL,
                       "missing; it is a list of 1 to %u groups, as in ( { role = \"root\"; "
                       "interfaces = ( \"lowpan0\" ); } )",
                       RPL_INSTANCES_MAX);
    conf_check(reader, root);
}
