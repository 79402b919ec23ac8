/* SPDX-License-Identifier: ISC */
/* Single values of the table: what is allowed, how they are written, copied and compared. */
#include <arpa/inet.h>
#include <stdarg.h>
#include <string.h>

#include "conf/table.h"

uint32_t conf_setting_get(const struct conf_setting *setting, const void *base)
{
    const unsigned char *at = (const unsigned char *)base + setting->offset;
    uint32_t u32 = 0;
    uint16_t u16 = 0;

    switch (setting->size) {
    case 1:
        return *at;
    case 2:
        memcpy(&u16, at, sizeof(u16));
        return u16;
    default:
        memcpy(&u32, at, sizeof(u32));
        return u32;
    }
}

void conf_setting_set(const struct conf_setting *setting, void *base, uint32_t value)
{
    unsigned char *at = (unsigned char *)base + setting->offset;
    uint16_t u16 = (uint16_t)value;

    switch (setting->size) {
    case 1:
        *at = (unsigned char)value;
        break;
    case 2:
        memcpy(at, &u16, sizeof(u16));
        break;
    default:
        memcpy(at, &value, sizeof(value));
        break;
    }
}

/* Append to |out|, which stays a string whatever happens. */
__attribute__((format(printf, 3, 4))) static void append(char *out, size_t size, const char *format,
                                                         ...)
{
    size_t used = strlen(out);
    va_list ap;

    va_start(ap, format);
    (void)vsnprintf(out + used, size - used, format, ap);
    va_end(ap);
}

/* "a", "b" or "c"; words that are refused are not offered. */
static void append_words(const struct conf_word *words, bool quoted, char *out, size_t size)
{
    const char *quote = quoted ? "\"" : "";
    unsigned count = 0, n = 0;

    for (const struct conf_word *w = words; w->word != NULL; w++)
        count += w->refused == NULL;
    for (const struct conf_word *w = words; w->word != NULL; w++) {
        if (w->refused != NULL)
            continue;
        n++;
        append(out, size, "%s%s%s%s",
               n == 1       ? ""
               : n == count ? " or "
                            : ", ",
               quote, w->word, quote);
    }
}

void conf_setting_allowed(const struct conf_setting *setting, char *out, size_t size)
{
    out[0] = '\0';
    switch (setting->kind) {
    case CONF_NUMBER:
        append(out, size, "a number from %u to %u", setting->min, setting->max);
        if (setting->words != NULL) {
            append(out, size, ", or ");
            append_words(setting->words, true, out, size);
        }
        break;
    case CONF_HEX:
        append(out, size, "a number from 0x%04x to 0x%04x", setting->min, setting->max);
        break;
    case CONF_DBM:
        append(out, size, "a number from %d to %d, or ", CONF_DBM_MIN, CONF_DBM_MAX);
        append_words(setting->words, true, out, size);
        break;
    case CONF_CONTEXTS:
        append(out, size, "a list of up to %u prefixes, as in ( \"fd00::/64\" )", setting->max);
        break;
    case CONF_PREFIXES:
        append(out, size, "a list of up to %u prefixes, as in ( \"2001:db8::/32\" )", setting->max);
        break;
    case CONF_EUI64_LIST:
        append(out, size, "a list of up to %u EUI-64s, as in ( \"02:12:4b:00:14:b5:d9:0e\" )",
               setting->max);
        break;
    case CONF_NAMES:
        append(out, size,
               "a list of up to %u groups, as in ( { node = \"02:12:4b:00:14:b5:d9:0e\"; "
               "name = \"door\"; } )",
               setting->max);
        break;
    case CONF_EUI64:
        append_words(setting->words, true, out, size);
        append(out, size, " or an EUI-64, as in \"02:12:4b:00:14:b5:d9:0e\"");
        break;
    case CONF_CHOICE:
    case CONF_CODE:
        append_words(setting->words, setting->kind == CONF_CHOICE, out, size);
        break;
    case CONF_SWITCH:
        append(out, size, "\"on\" or \"off\"");
        break;
    case CONF_INTERFACE:
        append(out, size, "an interface name of 1 to %u characters", RPL_IFNAME_MAX - 1);
        break;
    case CONF_LINK:
        append(out, size, "an interface name of 1 to %u characters, or \"\"", RPL_IFNAME_MAX - 1);
        break;
    case CONF_USER:
        append(out, size, "a name of at most %u characters, or \"\"", CONF_NAME_MAX - 1);
        break;
    case CONF_PATH:
        append(out, size, "an absolute path of at most %zu characters", setting->size - 1);
        break;
    case CONF_ADDRESS:
        append(out, size, "\"auto\" or a routable IPv6 address");
        break;
    case CONF_PREFIX:
        append(out, size, "\"auto\" or a routable /64, as in \"fd12:3456:789a:1::/64\"");
        break;
    case CONF_INTERFACES:
        append(out, size, "a list of %u to %u interface names, as in ( \"lowpan0\" )", setting->min,
               setting->max);
        break;
    case CONF_SECURITY:
        append(out, size, "\"none\"");
        break;
    }
}

static void format_word(const struct conf_setting *setting, uint32_t value, char *out, size_t size)
{
    const char *quote = setting->kind == CONF_CODE ? "" : "\"";

    for (const struct conf_word *w = setting->words; w != NULL && w->word != NULL; w++)
        if (w->value == value) {
            append(out, size, "%s%s%s", quote, w->word, quote);
            return;
        }
    append(out, size, "%u", value);
}

void conf_eui64_format(const uint8_t eui64[CONF_EUI64_LEN], char out[CONF_EUI64_TEXT_MAX])
{
    out[0] = '\0';
    for (unsigned i = 0; i < CONF_EUI64_LEN; i++)
        append(out, CONF_EUI64_TEXT_MAX, "%s%02x", i == 0 ? "" : ":", eui64[i]);
}

void conf_eui64_number_format(uint64_t eui64, char out[CONF_EUI64_TEXT_MAX])
{
    uint8_t octets[CONF_EUI64_LEN];

    for (unsigned i = 0; i < CONF_EUI64_LEN; i++)
        octets[i] = (uint8_t)(eui64 >> (56 - 8 * i));
    conf_eui64_format(octets, out);
}

static void format_eui64_list(const struct conf_eui64_list *list, char *out, size_t size)
{
    char text[CONF_EUI64_TEXT_MAX];

    append(out, size, "(");
    for (uint32_t i = 0; i < list->count && strlen(out) + 1 < size; i++) {
        conf_eui64_number_format(list->eui64[i], text);
        append(out, size, "%s \"%s\"", i == 0 ? "" : ",", text);
    }
    append(out, size, " )");
}

static void format_eui64(const struct conf_setting *setting, const void *base, char *out,
                         size_t size)
{
    static const uint8_t none[CONF_EUI64_LEN] = {0};
    const uint8_t *eui64 = (const uint8_t *)base + setting->offset;
    char text[CONF_EUI64_TEXT_MAX];

    if (memcmp(eui64, none, sizeof(none)) == 0) {
        format_word(setting, 0, out, size);
        return;
    }
    conf_eui64_format(eui64, text);
    append(out, size, "\"%s\"", text);
}

static void format_dbm(const struct conf_setting *setting, const void *base, char *out, size_t size)
{
    int32_t value = (int32_t)conf_setting_get(setting, base);
    unsigned part = (unsigned)(value < 0 ? -(value % 100) : value % 100);

    if (value == (int32_t)setting->words[0].value)
        format_word(setting, (uint32_t)value, out, size);
    else if (part == 0)
        append(out, size, "%d", (int)(value / 100));
    else
        append(out, size, "%s%d.%02u", value < 0 ? "-" : "",
               (int)(value < 0 ? -value : value) / 100, part);
}

static void format_interfaces(const struct conf_instance *instance, char *out, size_t size)
{
    append(out, size, "(");
    for (uint32_t i = 0; i < instance->interface_count; i++)
        append(out, size, "%s \"%s\"", i == 0 ? "" : ",", instance->interface[i]);
    append(out, size, " )");
}

static void format_address(const struct rpl_addr *address, const char *suffix, char *out,
                           size_t size)
{
    char text[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(AF_INET6, address->b, text, sizeof(text));
    append(out, size, "\"%s%s\"", text, suffix);
}

/* "" holds the place of a number without a prefix. */
static void format_contexts(const struct conf_contexts *contexts, char *out, size_t size)
{
    static const struct rpl_addr none = {{0}};

    append(out, size, "(");
    for (uint32_t i = 0; i < contexts->count; i++) {
        append(out, size, i == 0 ? " " : ", ");
        if (memcmp(&contexts->prefix[i], &none, sizeof(none)) == 0)
            append(out, size, "\"\"");
        else
            format_address(&contexts->prefix[i], "/64", out, size);
    }
    append(out, size, " )");
}

static void format_prefixes(const struct rpl_prefixes *list, char *out, size_t size)
{
    char length[8];

    append(out, size, "(");
    for (uint32_t i = 0; i < list->count; i++) {
        append(out, size, i == 0 ? " " : ", ");
        (void)snprintf(length, sizeof(length), "/%u", list->prefix[i].len);
        format_address(&list->prefix[i].addr, length, out, size);
    }
    append(out, size, " )");
}

bool conf_node_is_eui64(const struct rpl_addr *node)
{
    static const uint8_t link_local[8] = {0xfe, 0x80};

    return memcmp(node->b, link_local, sizeof(link_local)) == 0;
}

void conf_node_format(const struct rpl_addr *node, char out[CONF_NODE_TEXT_MAX])
{
    uint8_t eui64[CONF_EUI64_LEN];

    if (!conf_node_is_eui64(node)) {
        (void)inet_ntop(AF_INET6, node->b, out, CONF_NODE_TEXT_MAX);
        return;
    }
    memcpy(eui64, node->b + 8, sizeof(eui64));
    eui64[0] ^= 2;
    conf_eui64_format(eui64, out);
}

static void format_names(const struct conf_node_names *list, char *out, size_t size)
{
    char node[CONF_NODE_TEXT_MAX];

    append(out, size, "(");
    for (uint32_t i = 0; i < list->count; i++) {
        conf_node_format(&list->entry[i].node, node);
        append(out, size, "%s { node = \"%s\"; name = \"%s\"; }", i == 0 ? "" : ",", node,
               list->entry[i].name);
    }
    append(out, size, " )");
}

void conf_setting_format(const struct conf_setting *setting, const void *base, char *out,
                         size_t size)
{
    const struct conf_instance *instance = base; /* where the kind says so */

    out[0] = '\0';
    switch (setting->kind) {
    case CONF_NUMBER:
    case CONF_CHOICE:
    case CONF_CODE:
        format_word(setting, conf_setting_get(setting, base), out, size);
        break;
    case CONF_HEX:
        append(out, size, "0x%04x", conf_setting_get(setting, base));
        break;
    case CONF_DBM:
        format_dbm(setting, base, out, size);
        break;
    case CONF_CONTEXTS:
        format_contexts((const void *)((const char *)base + setting->offset), out, size);
        break;
    case CONF_PREFIXES:
        format_prefixes((const void *)((const char *)base + setting->offset), out, size);
        break;
    case CONF_EUI64_LIST:
        format_eui64_list((const void *)((const char *)base + setting->offset), out, size);
        break;
    case CONF_NAMES:
        format_names((const void *)((const char *)base + setting->offset), out, size);
        break;
    case CONF_EUI64:
        format_eui64(setting, base, out, size);
        break;
    case CONF_SWITCH:
        append(out, size, conf_setting_get(setting, base) != 0 ? "\"on\"" : "\"off\"");
        break;
    case CONF_INTERFACE:
    case CONF_LINK:
    case CONF_USER:
    case CONF_PATH:
        append(out, size, "\"%s\"", (const char *)base + setting->offset);
        break;
    case CONF_ADDRESS:
        if (instance->rpl.has_dodag_id)
            format_address(&instance->rpl.dodag_id, "", out, size);
        else
            append(out, size, "\"auto\"");
        break;
    case CONF_PREFIX:
        if (instance->prefix_auto)
            append(out, size, "\"auto\"");
        else
            format_address(&instance->rpl.prefix, "/64", out, size);
        break;
    case CONF_INTERFACES:
        format_interfaces(instance, out, size);
        break;
    case CONF_SECURITY:
        append(out, size, "\"none\"");
        break;
    }
}

static bool prefixes_equal(const struct rpl_prefixes *a, const struct rpl_prefixes *b)
{
    for (uint32_t i = 0; a->count == b->count && i < a->count; i++)
        if (a->prefix[i].len != b->prefix[i].len ||
            memcmp(&a->prefix[i].addr, &b->prefix[i].addr, sizeof(a->prefix[i].addr)) != 0)
            return false;
    return a->count == b->count;
}

static bool eui64_lists_equal(const struct conf_eui64_list *a, const struct conf_eui64_list *b)
{
    return a->count == b->count && memcmp(a->eui64, b->eui64, a->count * sizeof(a->eui64[0])) == 0;
}

static bool contexts_equal(const struct conf_contexts *a, const struct conf_contexts *b)
{
    return a->count == b->count &&
           memcmp(a->prefix, b->prefix, a->count * sizeof(a->prefix[0])) == 0;
}

static bool names_equal(const struct conf_node_names *a, const struct conf_node_names *b)
{
    for (uint32_t i = 0; a->count == b->count && i < a->count; i++)
        if (memcmp(&a->entry[i].node, &b->entry[i].node, sizeof(a->entry[i].node)) != 0 ||
            strcmp(a->entry[i].name, b->entry[i].name) != 0)
            return false;
    return a->count == b->count;
}

bool conf_setting_equal(const struct conf_setting *setting, const void *a, const void *b)
{
    const struct conf_instance *ia = a, *ib = b; /* where the kind says so */

    switch (setting->kind) {
    case CONF_NUMBER:
    case CONF_HEX:
    case CONF_DBM:
    case CONF_CHOICE:
    case CONF_CODE:
    case CONF_SWITCH:
        return conf_setting_get(setting, a) == conf_setting_get(setting, b);
    case CONF_INTERFACE:
    case CONF_LINK:
    case CONF_USER:
    case CONF_PATH:
        return strcmp((const char *)a + setting->offset, (const char *)b + setting->offset) == 0;
    case CONF_CONTEXTS:
        return contexts_equal((const void *)((const char *)a + setting->offset),
                              (const void *)((const char *)b + setting->offset));
    case CONF_PREFIXES:
        return prefixes_equal((const void *)((const char *)a + setting->offset),
                              (const void *)((const char *)b + setting->offset));
    case CONF_EUI64_LIST:
        return eui64_lists_equal((const void *)((const char *)a + setting->offset),
                                 (const void *)((const char *)b + setting->offset));
    case CONF_NAMES:
        return names_equal((const void *)((const char *)a + setting->offset),
                           (const void *)((const char *)b + setting->offset));
    case CONF_EUI64:
        return memcmp((const uint8_t *)a + setting->offset, (const uint8_t *)b + setting->offset,
                      setting->size) == 0;
    case CONF_ADDRESS:
        return ia->rpl.has_dodag_id == ib->rpl.has_dodag_id &&
               memcmp(&ia->rpl.dodag_id, &ib->rpl.dodag_id, sizeof(ia->rpl.dodag_id)) == 0;
    case CONF_PREFIX:
        return ia->prefix_auto == ib->prefix_auto &&
               (ia->prefix_auto ||
                memcmp(&ia->rpl.prefix, &ib->rpl.prefix, sizeof(ia->rpl.prefix)) == 0);
    case CONF_INTERFACES:
        if (ia->interface_count != ib->interface_count)
            return false;
        for (uint32_t i = 0; i < ia->interface_count; i++)
            if (strcmp(ia->interface[i], ib->interface[i]) != 0)
                return false;
        return true;
    case CONF_SECURITY:
        break;
    }
    return true;
}

void conf_setting_copy(const struct conf_setting *setting, void *to, const void *from)
{
    memcpy((unsigned char *)to + setting->offset, (const unsigned char *)from + setting->offset,
           setting->size);
}
